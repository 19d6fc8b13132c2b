"""The verifier and sampling plans: time, registration, and whether what was run is what was planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.analysis.sampling.order import digest, steps
from audit.analysis.sampling.plan import Seed, parse_plan
from audit.analysis.sampling.plan_files import plan_path
from audit.errors import InputError
from audit.pipeline.count_files import count_files
from audit.pipeline.plan_design import draw_seed, write_plan
from audit.pipeline.plan_registration import register
from audit.pipeline.run import Audit
from audit.provenance.records.registration import manifests, uuid7
from audit.provenance.signing import keys, timestamp
from audit.provenance.verification.plans import check
from audit.provenance.verification.result import Report
from audit.schema import AuditDocument
from tests.support.planned import TASK, follow, plan, planned, prepare, sentences
from tests.support.provenance import tsa

ROWS = sentences()
NAME = f"plans/{TASK}.plan.json"
STATEMENT = f"plans/{TASK}.plan.sigstore.json"


def packed(found: Audit) -> dict[str, bytes]:
    """What a package holds of plans and counts."""
    files = {f"plans/{path.name}": path.read_bytes() for path in found.plans.values()}
    return files | dict(count_files(found.scored))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], AuditDocument]:
    """A registered plan, and a run of its first 12 units."""
    made = prepare(tmp_path_factory.mktemp("plan"), ROWS, "2.1")
    order = planned(made, ROWS)
    register(plan_path(made.predictions, TASK), keys.ephemeral())
    follow(made, ROWS, order, 12)
    found = made.audit()
    return packed(found), found.document


def outcome(files: dict[str, bytes], audit: AuditDocument, roots: bytes | None = None) -> Report:
    report = Report("package")
    check(files, audit, roots, report)
    return report


def why(report: Report) -> str:
    return "; ".join(f"{one.file}: {one.detail}" for one in report.failures)


def test_each_thing_about_time_is_a_line_of_its_own(followed: tuple[dict[str, bytes], AuditDocument]) -> None:
    report = outcome(*followed)
    assert not report.failures
    said = {one.name.partition(": ")[2]: (one.status, one.detail) for one in report.checks}
    assert said["order"][0] == said["conventions"][0] == said["registration"][0] == "ok"
    assert "not the package's" in said["registration"][1]
    assert said["run"] == ("ok", "the first 12 units in the planned order")
    assert said["time by its maker"][0] == said["time by its signer"][0] == "not-checked"
    assert "proves nothing" in said["time by its maker"][1]
    assert "rests on its signer's word" in said["time stamp"][1]
    assert "cannot be excluded" in said["seed"][1]


Change = Callable[[dict[str, bytes], AuditDocument], tuple[dict[str, bytes], AuditDocument]]


def _run(audit: AuditDocument, **changes: Any) -> AuditDocument:
    (one,) = audit.plans or ()
    return replace(audit, plans=(replace(one, **changes),))


def another_seed(files: dict[str, bytes], audit: AuditDocument) -> tuple[dict[str, bytes], AuditDocument]:
    """Draw another order and say so everywhere but in the registration."""
    old = parse_plan(files[NAME], NAME)
    order = digest(name for step in steps(old.units, "2") for name in step)
    new = replace(old, seed=Seed("given", "2"), order=order)
    return {**files, NAME: new.to_bytes()}, _run(audit, sha256=new.sha256)


def another_order(files: dict[str, bytes], audit: AuditDocument) -> tuple[dict[str, bytes], AuditDocument]:
    new = replace(parse_plan(files[NAME], NAME), order="0" * 64)
    return {**files, NAME: new.to_bytes()}, _run(audit, sha256=new.sha256)


def dropped(files: dict[str, bytes], audit: AuditDocument) -> tuple[dict[str, bytes], AuditDocument]:
    """Leave out one unit that was drawn, and hide it: 11 units are said to be there."""
    units = [step[0] for step in steps(parse_plan(files[NAME], NAME).units, "1")]
    counts = {
        name: b"".join(line for line in data.splitlines(keepends=True) if not line.startswith(units[4].encode()))
        for name, data in files.items()
        if name.startswith("counts/")
    }
    shorter = [m if m.sample is None else replace(m, sample=replace(m.sample, units=11)) for m in audit.measurements]
    return files | counts, replace(_run(audit, drawn=11), measurements=tuple(shorter))


def convention(files: dict[str, bytes], audit: AuditDocument) -> tuple[dict[str, bytes], AuditDocument]:
    changed = [replace(c, hash="0" * 64) if c.id == "verbatim" else c for c in audit.conventions]
    return files, replace(audit, conventions=tuple(changed))


def margin(files: dict[str, bytes], audit: AuditDocument) -> tuple[dict[str, bytes], AuditDocument]:
    margins = {**audit.study.margins, "wer": replace(audit.study.margins["wer"], value="50")}
    return files, replace(audit, study=replace(audit.study, margins=margins))


def more(files: dict[str, bytes], audit: AuditDocument) -> tuple[dict[str, bytes], AuditDocument]:
    said = [m if m.sample is None else replace(m, sample=replace(m.sample, units=150)) for m in audit.measurements]
    return files, replace(audit, measurements=tuple(said))


ATTACKS: tuple[tuple[Change, str], ...] = (
    (another_seed, "the registration is of another plan"),
    (another_order, "the order is not that of the seed"),
    (dropped, "units were dropped, or another order was followed"),
    (convention, "the convention verbatim was changed after the plan"),
    (margin, "the plan's margin for wer is 0.3, the audit's 50"),
    (more, "states a sample that differs from the plan's"),
    (lambda files, audit: ({k: v for k, v in files.items() if k != NAME}, audit), "is not in the package"),
    (lambda files, audit: (files, replace(audit, plans=None)), "no run of the audit follows it"),
    (lambda files, audit: ({k: v for k, v in files.items() if k != STATEMENT}, audit), "no statement is there"),
    (lambda files, audit: (files, _run(audit, registered="0" * 64)), "the key or the time stamp differs"),
    (lambda files, audit: (files, _run(audit, risk="0.01")), "is not in the plan"),
    (lambda files, audit: (files, _run(audit, departures=("units were dropped",))), "units were dropped"),
    (lambda files, audit: ({**files, NAME: files[NAME] + b" "}, audit), "not the plan that the audit names"),
)


@pytest.mark.parametrize("table", [b"\xff", b"name,errors\na,1\n", b'id,errors\n"a" b,1\n'])
def test_counts_that_are_no_table_of_rows(followed: tuple[dict[str, bytes], AuditDocument], table: bytes) -> None:
    files, audit = followed
    report = outcome({name: table if name.startswith("counts/") else data for name, data in files.items()}, audit)
    assert {one.code for one in report.failures} == {"malformed"}
    assert "not a table of rows with their ids" in why(report)


@pytest.mark.parametrize(("change", "reason"), ATTACKS)
def test_what_was_run_must_be_what_was_planned(
    followed: tuple[dict[str, bytes], AuditDocument], change: Change, reason: str
) -> None:
    files, audit = followed
    report = outcome(*change(dict(files), audit))
    assert report.failures
    assert reason in why(report)


def test_a_time_stamp_proves_that_the_plan_is_older_than_a_moment(tmp_path: Path, need: Callable[..., None]) -> None:
    need("openssl")
    (tmp_path / "tsa").mkdir()
    (tmp_path / "other").mkdir()
    roots = tsa.make_authority(tmp_path / "tsa").read_bytes()
    made = prepare(tmp_path / "made", ROWS, "2.1")
    order = planned(made, ROWS)
    with tsa.serve(tmp_path / "tsa") as url:
        register(plan_path(made.predictions, TASK), keys.ephemeral(), timestamp.http(url))
    follow(made, ROWS, order, 12)
    found = made.audit()
    (run,) = found.document.plans or ()
    assert run.stamped
    said = {one.name.partition(": ")[2]: one for one in outcome(packed(found), found.document, roots).checks}
    assert said["time"].detail.startswith("the plan existed before ")
    assert said["time"].status == "ok"
    unchecked = {one.name.partition(": ")[2]: one for one in outcome(packed(found), found.document).checks}
    assert unchecked["time stamp"].status == "not-checked"
    other = tsa.make_authority(tmp_path / "other").read_bytes()
    assert "does not verify" in why(outcome(packed(found), found.document, other))


def test_a_public_seed_excludes_drawing_again(tmp_path: Path) -> None:
    made = prepare(tmp_path, ROWS, "2.1")
    path = write_plan(plan(made, ROWS, seed=None, public="the block", after="2026-12-01"), made.predictions)
    register(path, keys.ephemeral())
    with pytest.raises(InputError, match="before 2026-12-01"):
        draw_seed(path, "00ab", "2026-11-30")
    draw_seed(path, "00ab", "2026-12-01")
    with pytest.raises(InputError, match="drawn already, from another value"):
        draw_seed(path, "00ac", "2026-12-01")
    from audit.analysis.sampling.plan_files import load_plan

    order = load_plan(path).ordered
    follow(made, ROWS, order, 12)
    found = made.audit()
    (run,) = found.document.plans or ()
    assert (run.seed, run.source, run.published) == ("public", "the block", "2026-12-01")
    report = outcome(packed(found), found.document)
    assert not report.failures
    assert any("look it up" in one.detail for one in report.checks)
    draw = f"plans/{TASK}.plan.draw.json"
    without = {name: data for name, data in packed(found).items() if name != draw}
    assert "was not drawn yet" in why(outcome(without, found.document))
    another = packed(found)
    another[draw] = another[draw].replace(b"00ab", b"00ac")
    assert "was scored, which is not among the first 12" in why(outcome(another, found.document))


def test_a_plan_is_registered_once_and_before_its_run(tmp_path: Path) -> None:
    made = prepare(tmp_path, ROWS, "2.1")
    order = planned(made, ROWS)
    path = plan_path(made.predictions, TASK)
    follow(made, ROWS, order, 3)
    with pytest.raises(InputError, match="is registered before it"):
        register(path, keys.ephemeral())
    (made.predictions / f"{TASK}.jsonl").unlink()
    register(path, keys.ephemeral())
    with pytest.raises(InputError, match="registered already"):
        register(path, keys.ephemeral())


def test_a_manifest_is_canonical_prml(tmp_path: Path) -> None:
    made = prepare(tmp_path, ROWS, "2.1")
    ((name, raw),) = manifests(plan(made, ROWS, seed="42"), "somebody").items()
    assert name == f"{TASK}.wer.prml.yaml"
    found = yaml.safe_load(raw)
    assert yaml.safe_dump(found, sort_keys=True, allow_unicode=True).encode() == raw
    assert set(found) == {
        "version", "claim_id", "created_at", "metric", "comparator", "threshold", "dataset", "seed", "producer",
        "metric_args",
    }  # fmt: skip
    assert (found["version"], found["comparator"], found["threshold"], found["seed"]) == ("prml/0.1", "==", 2.1, 42)
    assert found["metric_args"]["tolerance"] == pytest.approx(0.35)
    assert set(found["metric_args"]["conventions"]) == {"verbatim", "audiobench"}
    assert len(found["dataset"]["hash"]) == 64
    assert found["claim_id"][14] == "7"


def test_prml_canonical_bytes_are_those_of_the_specification() -> None:
    """TV-001, the published vector of Appendix A."""
    import hashlib

    vector = {
        "version": "prml/0.1",
        "claim_id": "01900000-0000-7000-8000-000000000000",
        "created_at": "2026-05-01T12:00:00Z",
        "metric": "accuracy",
        "comparator": ">=",
        "threshold": 0.85,
        "dataset": {
            "id": "imagenet-val-2012",
            "hash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        },
        "seed": 42,
        "producer": {"id": "falsify.dev"},
    }
    from audit.provenance.records.registration import canonical_prml

    raw = canonical_prml(vector)
    assert hashlib.sha256(raw).hexdigest() == "47f9956b3b9c495b3bf03b67398f54d0aa2133a2faf9b0522a9efa90bb109466"


def test_a_claim_id_is_a_uuid_of_version_7() -> None:
    import uuid

    found = uuid.UUID(uuid7("2026-11-29T12:00:00Z", "x"))
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert int(found) >> 80 == 1_795_953_600_000


@pytest.mark.parametrize(
    ("stamped", "published", "words"),
    [
        (None, "2026-12-01", "Only a time stamp before that date excludes"),
        ("2026-11-30", "2026-12-01", "nobody could choose an order"),
        ("2026-12-02", "2026-12-01", "The time stamp is not earlier"),
    ],
)
def test_a_time_stamp_before_the_public_value_is_what_counts(
    followed: tuple[dict[str, bytes], AuditDocument], stamped: str | None, published: str, words: str
) -> None:
    import datetime as dt

    from audit.provenance.verification.plans import _seed

    (run,) = followed[1].plans or ()
    report = Report("package")
    moment = None if stamped is None else dt.datetime.fromisoformat(stamped).replace(tzinfo=dt.UTC)
    _seed(replace(run, seed="public", source="the block", published=published), moment, report, "seed")
    assert words in report.checks[0].detail
