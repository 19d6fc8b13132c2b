"""Exports of an audit: the shapes that others ask for, and no number lost on the way."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import yaml

from audit._util.file_names import name_of
from audit.cli.commands import export
from audit.document.read import parse_document
from audit.document.write import to_bytes
from audit.errors import InputError
from audit.exporters import every_eval_ever, hf_eval_results
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from audit.schema import AuditDocument
from tests.support.ecosystem import python_of
from tests.support.ecosystem import run as tool

# The required fields, closed lists and types of Every Eval Ever's schema, in our own words.
_STRING, _NUMBER = {"type": "string"}, {"type": "number"}
_STRINGS = {"type": "object", "additionalProperties": _STRING}
RECORD = {
    "type": "object",
    "required": [
        "schema_version", "evaluation_id", "retrieved_timestamp", "source_metadata", "model_info", "eval_library",
        "evaluation_results",
    ],
    "additionalProperties": False,
    "properties": {
        "schema_version": {"const": "0.3.0"},
        "evaluation_id": {"type": "string", "pattern": ".+/.+/[0-9]+$"},
        "retrieved_timestamp": {"type": "string", "pattern": "^[0-9]+$"},
        "source_metadata": {
            "type": "object",
            "required": ["source_type", "source_organization_name", "evaluator_relationship"],
            "properties": {
                "source_type": {"enum": ["documentation", "evaluation_run"]},
                "evaluator_relationship": {"enum": ["first_party", "third_party", "collaborative", "other"]},
                "source_organization_name": _STRING,
                "additional_details": _STRINGS,
            },
        },
        "model_info": {
            "type": "object",
            "required": ["name", "id", "additional_details"],
            "properties": {
                "name": _STRING,
                "id": {"type": "string", "pattern": "/"},
                "additional_details": {
                    **_STRINGS,
                    "required": ["deployment_type", "model_availability"],
                    "properties": {
                        "deployment_type": {"enum": ["self_deployed", "externally_managed", "unknown"]},
                        "model_availability": {"enum": ["open_weights", "closed_weights", "unknown"]},
                    },
                },
            },
        },
        "eval_library": {
            "type": "object",
            "required": ["name", "version"],
            "properties": {"name": _STRING, "version": _STRING},
        },
        "evaluation_results": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["evaluation_name", "source_data", "metric_config", "score_details"],
                "properties": {
                    "evaluation_result_id": _STRING,
                    "evaluation_name": _STRING,
                    "source_data": {
                        "type": "object",
                        "required": ["dataset_name", "source_type"],
                        "properties": {"dataset_name": _STRING, "source_type": {"const": "other"}},
                    },
                    "metric_config": {
                        "type": "object",
                        "required": ["lower_is_better"],
                        "properties": {
                            "lower_is_better": {"type": "boolean"},
                            "metric_parameters": _STRINGS,
                            "score_type": {"enum": ["binary", "continuous", "levels"]},
                        },
                        "dependentRequired": {"score_type": ["min_score", "max_score"]},
                    },
                    "score_details": {
                        "type": "object",
                        "required": ["score"],
                        "properties": {
                            "score": _NUMBER,
                            "details": _STRINGS,
                            "uncertainty": {
                                "type": "object",
                                "properties": {
                                    "confidence_interval": {
                                        "type": "object",
                                        "required": ["lower", "upper"],
                                        "properties": {"lower": _NUMBER, "upper": _NUMBER, "confidence_level": _NUMBER},
                                    },
                                    "num_samples": {"type": "integer"},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> AuditDocument:
    folder = tmp_path_factory.mktemp("predictions")
    # As many of each label as the set has.
    labels = ["Neutral"] * 384 + ["Happy"] * 442 + ["Sad"] * 245 + ["Angry"] * 170
    rows = [
        {"id": f"{n:06}", "hypothesis": f"{gold if n % 3 else 'Angry'}</s>", "reference": gold,
         "prompt": "Describe the emotion of the speaker in one word."}
        for n, gold in enumerate(labels)
    ]  # fmt: skip
    (folder / "er-iemocap.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    meta = {"schema": "repro-audit/predictions/1", "task": "er-iemocap", "model": "SALMONN, made up", "variant": "13b"}
    (folder / "er-iemocap.meta.json").write_text(json.dumps(meta | {"who": "somebody"}))
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = "1763856000"
    try:
        document = run(AuditRequest(predictions=folder, replicates=50)).document
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
    return parse_document(to_bytes(document), "audit.json")


def test_every_record_fits_the_schema(audit: AuditDocument) -> None:
    records = every_eval_ever.named_records(audit)
    for record in records.values():
        jsonschema.validate(json.loads(every_eval_ever.dumps(record)), RECORD)
    kinds = {name: r["source_metadata"]["source_type"] for name, r in records.items()}
    assert kinds["reported"] == "documentation"
    [name_of_run] = [name for name, kind in kinds.items() if kind == "evaluation_run"]
    assert name_of_run.startswith("recomputed-er-iemocap-")
    assert records[name_of_run]["model_info"]["name"] == "SALMONN, made up"
    assert records["reported"]["source_metadata"]["evaluator_relationship"] == "first_party"


def test_no_value_is_lost_or_changed(audit: AuditDocument) -> None:
    """Every claim and every measurement with a value, its exact string and its number."""
    records = every_eval_ever.named_records(audit)
    results = {r["evaluation_result_id"]: r for record in records.values() for r in record["evaluation_results"]}
    valued = [m for m in audit.measurements if m.value is not None]
    assert len(results) == len(audit.claims) + len(valued)
    for claim in audit.claims:
        details = results[claim.id]["score_details"]
        assert details["details"]["printed"] == claim.value
        assert Decimal(str(details["score"])) == Decimal(claim.value)
    for measurement in valued:
        assert measurement.value is not None
        details = results[measurement.id]["score_details"]
        assert details["details"]["value"] == measurement.value
        assert Decimal(str(details["score"])) == Decimal(measurement.value)
        if measurement.interval:
            interval = details["uncertainty"]["confidence_interval"]
            assert interval["lower"] <= details["score"] <= interval["upper"]
        if measurement.invalid:
            assert measurement.invalid[0].text in details["details"]["cannot_justify_because"]
    wer = results["asr-librispeech-clean.wer"]["metric_config"]
    assert (wer["lower_is_better"], wer["metric_unit"], wer["max_score"]) == (True, "percent", "Infinity")


def test_a_record_lies_where_the_data_store_looks_for_it(audit: AuditDocument) -> None:
    for path, record in every_eval_ever.records(audit, every_eval_ever.HubModel("acme/demo-7b")).items():
        data, collection, developer, model, name = path.split("/")
        assert (data, collection, developer, model) == ("data", "salmonn", "acme", "demo-7b")
        assert uuid.UUID(name.removesuffix(".json")).version == 4
        assert record["model_info"]["id"] == "acme/demo-7b"
    assert list(every_eval_ever.records(audit)) == list(every_eval_ever.records(audit))


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", "a/b", "CON", "x\0y", 'a<b>"c', "data", "\u2028", " .x. ", "a" * 300]
)
def test_no_id_leads_out_of_the_folder(audit: AuditDocument, name: str, tmp_path: Path) -> None:
    """Ids come from files that others may have written."""
    hostile = replace(audit, study=replace(audit.study, id=name, model=name))
    hostile = replace(hostile, measurements=tuple(
        replace(m, prediction=replace(m.prediction, model=name)) if m.prediction else m for m in hostile.measurements
    ))  # fmt: skip
    for path in every_eval_ever.records(hostile):
        parts = path.split("/")
        assert len(parts) == 5
        assert parts[0] == "data"
        assert "data" not in parts[1:]
        assert (tmp_path / path).resolve().is_relative_to(tmp_path.resolve())
        for part in parts:
            assert re.fullmatch(r"[A-Za-z0-9_+@-][A-Za-z0-9._+@-]*", part)
            assert not part.endswith((".", " "))
            assert part.casefold() != "con"


def test_two_texts_have_two_names() -> None:
    assert len({name_of(text) for text in ("a/b", "a-b", "a\\b", "a b", "A:B", "../a", "..")}) == 7
    assert name_of("SALMONN-13B") == "SALMONN-13B"


VALIDATED_SCHEMA = "c9c6195aec8a9dfa0b2aba4924ac1aa8a184c9d8ca97cee778cb531088e39b48"


def test_every_eval_evers_own_validator_accepts_all_records(audit: AuditDocument, tmp_path: Path) -> None:
    python = python_of("every-eval-ever")
    for path, record in every_eval_ever.records(audit, every_eval_ever.HubModel("acme/demo-7b")).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(every_eval_ever.dumps(record))
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json"))
    assert len(files) >= 3
    done = tool(python, "-m", "every_eval_ever.cli", "validate", "--format", "json", *files, where=tmp_path)
    answers = json.loads(done.stdout)
    assert [(item["valid"], item["errors"], item["warnings"]) for item in answers] == [(True, [], [])] * len(files)
    assert done.returncode == 0
    # A record that the schema forbids is refused, so the validator does look.
    broken = json.loads((tmp_path / files[0]).read_text())
    del broken["model_info"]["additional_details"]["deployment_type"]
    (tmp_path / files[0]).write_text(json.dumps(broken))
    assert tool(python, "-m", "every_eval_ever.cli", "validate", files[0], where=tmp_path).returncode == 1
    schema = next((python.parent.parent / "lib").glob("python*/site-packages/every_eval_ever/schemas/eval.schema.json"))
    assert hashlib.sha256(schema.read_bytes()).hexdigest() == VALIDATED_SCHEMA, "read what changed in the schema"


def test_the_hubs_own_client_reads_the_results(audit: AuditDocument, tmp_path: Path) -> None:
    python = python_of("hub")
    datasets = {"er-iemocap": {"id": "owner/iemocap", "task_id": "session-5"}}
    (tmp_path / "r.yaml").write_bytes(
        hf_eval_results.dumps(hf_eval_results.results(audit, datasets, "https://example.org"))
    )
    script = (
        "import sys, yaml, json; from huggingface_hub import parse_eval_result_entries as parse\n"
        "found = parse(yaml.safe_load(open(sys.argv[1])))\n"
        "print(json.dumps([[e.dataset_id, e.task_id, e.value] for e in found]))"
    )
    done = tool(python, "-c", script, tmp_path / "r.yaml", where=tmp_path)
    assert done.returncode == 0, done.stderr
    ((dataset, task, value),) = json.loads(done.stdout)
    assert (dataset, task) == ("owner/iemocap", "session-5")
    assert 0 < value <= 1


def test_a_data_set_on_the_card_needs_only_the_tasks_id(audit: AuditDocument, tmp_path: Path) -> None:
    path = tmp_path / "datasets.yaml"
    path.write_text("er-iemocap: {task_id: session-5}\n")
    cards = {"er-iemocap": "owner/iemocap"}
    assert hf_eval_results.load_datasets(path, cards)["er-iemocap"]["id"] == "owner/iemocap"
    with pytest.raises(InputError, match="needs id and task_id"):
        hf_eval_results.load_datasets(path)
    found = hf_eval_results.results(audit, {}, cards=cards)
    assert "its set card names the Hub data set owner/iemocap" in found.left_out["er-iemocap.accuracy"]


def test_conventions_are_named_by_signature_and_hash(audit: AuditDocument) -> None:
    records = every_eval_ever.named_records(audit, every_eval_ever.HubModel("owner/model"))
    [record] = [r for name, r in records.items() if name.startswith("recomputed")]
    assert record["model_info"]["id"] == "owner/model"
    for result in record["evaluation_results"]:
        assert len(result["metric_config"]["metric_parameters"]["convention_hash"]) == 64


def test_hf_results_rest_on_the_verdicts_measurement(audit: AuditDocument) -> None:
    datasets = {"er-iemocap": {"id": "owner/iemocap", "task_id": "session-5", "revision": "abc"}}
    found = hf_eval_results.results(audit, datasets, "https://example.org/report")
    entries = yaml.safe_load(hf_eval_results.dumps(found))
    [entry] = entries
    verdict = next(v for v in audit.verdicts if v.claim == "er-iemocap.accuracy")
    best = next(m for m in audit.measurements if m.id == verdict.measurement)
    assert best.value is not None
    assert Decimal(str(entry["value"])) == Decimal(best.value)
    assert entry["dataset"] == datasets["er-iemocap"]
    assert entry["date"] == "2025-11-23"
    assert entry["source"]["url"] == "https://example.org/report"
    assert "reported 0.69" in entry["notes"]
    assert "verifyToken" not in entry
    assert len(found.left_out) == len(audit.claims) - 1
    assert found.left_out["sac-inhouse.accuracy"] == "nothing was measured"
    assert found.left_out["sv-voxceleb1.accuracy"] == "no comparable measurement"


def test_hf_results_hold_no_recorded_value_unless_asked(audit: AuditDocument) -> None:
    by_id = {m.id: m for m in audit.measurements}
    datasets = {c.id: {"id": "owner/set", "task_id": c.task} for c in audit.claims}
    usable = [
        (v.claim, best)
        for v in audit.verdicts
        if (best := by_id.get(v.measurement or "")) and best.value is not None and not best.invalid
    ]
    recorded = {claim: best for claim, best in usable if best.origin == "recorded"}
    assert recorded
    found = hf_eval_results.results(audit, datasets)
    assert [entry["dataset"]["task_id"] for entry in found.entries] == ["er-iemocap"]
    assert "NOT MEASURED" not in found.entries[0]["notes"]
    for claim in recorded:
        assert found.left_out[claim] == "the value was recorded, not computed from predictions"
    more = hf_eval_results.results(audit, datasets, include_recorded=True)
    marked = [entry for entry in more.entries if entry["notes"].startswith("NOT MEASURED HERE: recorded by")]
    assert len(marked) == len(recorded)
    assert len(more.entries) == len(usable)


def command(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    export.add_arguments(parser)
    return export.run(parser.parse_args(arguments))


def test_the_command_writes_all_three(audit: AuditDocument, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "audit.json"
    source.write_bytes(to_bytes(audit))
    mapping = tmp_path / "datasets.yaml"
    mapping.write_text("er-iemocap.accuracy:\n  id: owner/iemocap\n  task_id: session-5\n")
    assert command(str(source), "--format", "every-eval-ever", "--out", str(tmp_path / "eee")) == 0
    assert len(list((tmp_path / "eee").glob("data/salmonn/unknown/*/*.json"))) >= 3
    assert command(str(source), "--format", "hf-eval-results", "--out", str(tmp_path / "r.yaml"),
                   "--datasets", str(mapping)) == 0  # fmt: skip
    assert "left out: sac-inhouse.accuracy: nothing was measured" in capsys.readouterr().out
    assert len(yaml.safe_load((tmp_path / "r.yaml").read_text())) == 1
    mapping.write_text("er-iemocap: {id: a/b, task_id: c}\nstory-audiocaps: {id: a/b, task_id: d}\n")
    recorded = ("--format", "hf-eval-results", "--out", str(tmp_path / "r2.yaml"), "--datasets", str(mapping))
    assert command(str(source), *recorded, "--include-recorded") == 0
    assert {e["dataset"]["task_id"] for e in yaml.safe_load((tmp_path / "r2.yaml").read_text())} == {"c", "d"}
    assert command(str(source), "--format", "csv", "--out", str(tmp_path / "m.csv")) == 0
    assert (tmp_path / "m.csv").read_text().count("\n") > len(audit.measurements)


@pytest.mark.parametrize(
    ("content", "mapping"),
    [
        ("", "x: {id: a/b, task_id: c}"),
        ('{"schema": "other"}', "x: {id: a/b, task_id: c}"),
        ('{"schema": "repro-audit/audit/1"}', "x: {id: a/b, task_id: c}"),
        (None, "- a"),
        (None, "x: {id: a/b}"),
        (None, "x: {id: ab, task_id: c}"),
        (None, "x: {id: a/b, task_id: c, more: d}"),
        (None, None),
    ],
)
def test_bad_input_is_refused_and_nothing_written(
    content: str | None, mapping: str | None, audit: AuditDocument, tmp_path: Path
) -> None:
    source = tmp_path / "audit.json"
    source.write_bytes(to_bytes(audit) if content is None else content.encode())
    arguments = [str(source), "--format", "hf-eval-results", "--out", str(tmp_path / "out.yaml")]
    if mapping is not None:
        (tmp_path / "map.yaml").write_text(mapping)
        arguments += ["--datasets", str(tmp_path / "map.yaml")]
    with pytest.raises(InputError):
        command(*arguments)
    assert not (tmp_path / "out.yaml").exists()


def of_no_claim(audit: AuditDocument) -> AuditDocument:
    return replace(audit, verdicts=(replace(audit.verdicts[0], claim="gone"), *audit.verdicts[1:]))


def of_no_number(audit: AuditDocument) -> AuditDocument:
    return replace(audit, claims=(replace(audit.claims[0], value="much"), *audit.claims[1:]))


@pytest.mark.parametrize(
    ("change", "format_", "place", "what"),
    [
        (of_no_claim, "hf-eval-results", "verdicts", "not one for each claim"),
        (of_no_number, "every-eval-ever", "claims[0].value", "not a number in plain decimal notation"),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_door(
    change: Callable[[AuditDocument], AuditDocument],
    format_: str,
    place: str,
    what: str,
    audit: AuditDocument,
    tmp_path: Path,
) -> None:
    source, mapping = tmp_path / "audit.json", tmp_path / "map.yaml"
    source.write_bytes(to_bytes(change(audit)))
    mapping.write_text("er-iemocap: {id: a/b, task_id: c}")
    with pytest.raises(InputError, match=what) as caught:
        command(str(source), "--format", format_, "--out", str(tmp_path / "out"), "--datasets", str(mapping))
    assert caught.value.where == f"{source}: {place}"
    assert not (tmp_path / "out").exists()
