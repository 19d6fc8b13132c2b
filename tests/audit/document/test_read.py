"""Reading audit.json: what is not one is refused, and the error names the field."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.document.read import load_document, parse_document, structure
from audit.document.write import plain, to_bytes
from audit.errors import InputError
from audit.facts import Claim, StudyFacts
from audit.schema import AuditDocument, Convention, Decision, Findings, Measurement, Signing, Survey
from tests.support.example_audit import build, document

REMOVED = object()
Place = tuple[str | int, ...]


def changed(value: dict[str, Any], place: Place, new: object) -> dict[str, Any]:
    """A copy with one field set, or removed."""
    found = copy.deepcopy(value)
    part: Any = found
    for key in place[:-1]:
        part = part[key]
    if new is REMOVED:
        del part[place[-1]]
    else:
        part[place[-1]] = new
    return found


def in_words(place: Place) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def test_the_default_audit_comes_back_as_it_was_written(default_audit: bytes) -> None:
    read = parse_document(default_audit, "audit.json")
    assert to_bytes(read) == default_audit
    assert parse_document(to_bytes(read), "audit.json") == read
    assert len(read.claims) == 23


def test_the_layout_of_the_text_does_not_matter(value: dict[str, Any], default_audit: bytes) -> None:
    text = json.dumps(value, indent=3, ensure_ascii=True).encode()
    assert parse_document(text, "audit.json") == parse_document(default_audit, "audit.json")


def test_nothing_in_a_document_can_be_changed(default_audit: bytes) -> None:
    read = parse_document(default_audit, "audit.json")
    with pytest.raises(dataclasses.FrozenInstanceError):
        read.claims[0].value = "0"  # type: ignore[misc]
    assert isinstance(read.measurements, tuple)
    assert isinstance(read.measurements[0].invalid, tuple)


@pytest.mark.parametrize(
    ("place", "new", "what"),
    [
        # unknown fields
        (("colour",), "red", "unknown field"),
        (("claims", 2, "reported"), "3.4", "unknown field"),
        (("study", "paper", "doi"), "10.1/x", "unknown field"),
        (("study", "margins", "WER"), {"value": "1", "unit": "percent"}, "unknown field"),
        (("findings", "determinism"), {}, "unknown field"),
        (("findings", "probes"), {"probe-prompts": {}}, "unknown field"),
        # missing ones
        (("claims",), REMOVED, "the field is missing"),
        (("source_date_epoch",), REMOVED, "the field is missing"),
        (("study", "id"), REMOVED, "the field is missing"),
        (("claims", 1, "value"), REMOVED, "the field is missing"),
        (("conventions", 0, "hash"), REMOVED, "the field is missing"),
        (("measurements", 0, "origin"), REMOVED, "the field is missing"),
        (("measurements", 0, "rows", "scored"), REMOVED, "the field is missing"),
        (("verdicts", 3, "verdict"), REMOVED, "the field is missing"),
        (("inputs", 0, "sha256"), REMOVED, "the field is missing"),
        # wrong types
        (("claims",), {}, "input should be a valid array"),
        (("claims", 0), [], "input should be an object"),
        (("claims", 0, "value"), 3, "input should be a valid string"),
        (("claims", 0, "locator"), None, "input should be an object"),
        (("claims", 0, "verified"), "yes", "input should be a valid boolean"),
        (("source_date_epoch",), "1763856000", "input should be a valid integer"),
        (("source_date_epoch",), True, "input should be a valid integer"),
        (("study", "variants", "13B"), 13, "input should be a valid string"),
        (("measurements", 0, "counts"), {"correct": "1"}, "input should be a valid integer"),
        (("findings", "detectors"), [], "input should be an object"),
        (("findings", "probe-prompts"), [], "input should be an object"),
        (("findings",), [], "input should be an object"),
        # words outside their vocabularies
        (("verdicts", 0, "verdict"), "something-new", "input should be 'not-run', 'not-comparable', 'reproduced'"),
        (("measurements", 0, "agreement", "kind"), "close", "input should be 'exact', 'within-margin', 'better'"),
        (("conventions", 0, "grade"), "F", "input should be 'A', 'B', 'C', 'D' or 'E'"),
        (("claims", 0, "unit"), "per cent", "input should be 'percent', 'fraction', 'of-5' or 'count'"),
        (("signing",), {"identity": "me"}, "input should be 'key' or 'ephemeral'"),
        # the date
        (("source_date_epoch",), -1, "not in the years 1970 to 9999"),
        (("source_date_epoch",), 10**12, "not in the years 1970 to 9999"),
    ],
)
def test_every_error_names_its_field(value: dict[str, Any], place: Place, new: object, what: str) -> None:
    broken = changed(value, place, new)
    field = place
    if what == "unknown field" and isinstance(new, dict) and place[0] == "study":
        field = (*place, "unit")
    elif isinstance(new, dict) and new and place[0] in {"measurements", "signing"}:
        field = (*place, next(iter(new)))
    with pytest.raises(InputError) as caught:
        parse_document(json.dumps(broken).encode(), "in/audit.json")
    assert caught.value.what.startswith(what)
    assert caught.value.where == f"in/audit.json: {in_words(field)}"
    assert caught.value.fix is not None


@pytest.mark.parametrize(
    ("reason", "field", "what"),
    [
        ({"code": "refused", "text": "x", "measurements": [1]}, "measurements[0]", "input should be a valid string"),
        ({"code": "refused", "measurements": []}, "text", "the field is missing"),
        ({"code": "refused", "text": "x", "measurements": [], "value": "1"}, "value", "unknown field"),
        ({"code": "nearest", "text": "x", "measurements": []}, "measurement", "the field is missing"),
        ({"code": "guessed"}, "code", "input should be 'deciding', 'nearest' or 'refused'"),
        ({"text": "x", "measurements": []}, "code", "the field is missing"),
        ("refused", "", "input should be an object"),
    ],
)
def test_a_reason_has_the_shape_that_its_code_names(value: dict[str, Any], reason: Any, field: str, what: str) -> None:
    with pytest.raises(InputError) as caught:
        structure(changed(value, ("verdicts", 0, "reasons"), [reason]), "audit.json")
    assert caught.value.what == what
    assert str(caught.value.where).rstrip(".") == f"audit.json: verdicts[0].reasons[0].{field}".rstrip(".")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b'"replicates":1000', b'"replicates":1000.0', "1000.0 is a float"),
        (b'"replicates":1000', b'"replicates":1e3', "1e3 is a float"),
        (b'"replicates":1000', b'"replicates":NaN', "NaN is not a JSON number"),
        (b'"replicates":1000', b'"replicates":9007199254740992', "9007199254740992 is beyond 2**53 - 1"),
        (b'"replicates":1000', b'"replicates":1000,"replicates":1000', "duplicate field 'replicates'"),
        (b'"study":{', b'"study":{"id":"other",', "duplicate field 'id'"),
        (b'"replicates":1000', b'"replicates":', "Expecting value"),
        (b'"replicates":1000', b'"replicates\xff":1000', "'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_text_that_is_no_such_json(default_audit: bytes, old: bytes, new: bytes, what: str) -> None:
    assert default_audit.count(old) == 1
    with pytest.raises(InputError) as caught:
        parse_document(default_audit.replace(old, new), "in/audit.json")
    assert caught.value.what.startswith(f"invalid JSON: {what}")
    assert caught.value.where == "in/audit.json"
    assert caught.value.fix is not None


@pytest.mark.parametrize("recode", [lambda d: d.decode().encode("utf-16"), lambda d: b"\xef\xbb\xbf" + d])
def test_only_plain_utf_8_is_read(default_audit: bytes, recode: Callable[[bytes], bytes]) -> None:
    with pytest.raises(InputError, match="invalid JSON"):
        parse_document(recode(default_audit), "audit.json")


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000])
def test_depth_is_no_crash(data: bytes) -> None:
    with pytest.raises(InputError, match="invalid JSON"):
        parse_document(data, "audit.json")


@pytest.mark.parametrize(
    ("place", "new", "field"),
    [
        (("study", "title"), "half \ud83d", "study.title"),
        (("claims", 1, "notes"), "\udca9", "claims[1].notes"),
        (("study", "not_found"), ["whole \U0001f600", "half \ud83d"], "study.not_found[1]"),
        (("study", "variants"), {"\ud83d": "x"}, "study.variants"),
        (("findings", "probe-prompts"), {"a": {"b": ["\ud83d"]}}, "findings.probe-prompts.a.b[0]"),
    ],
)
def test_a_lone_surrogate_is_refused_with_its_place(
    value: dict[str, Any], place: Place, new: object, field: str
) -> None:
    with pytest.raises(InputError, match="a lone surrogate") as caught:
        parse_document(json.dumps(changed(value, place, new)).encode(), "audit.json")
    assert caught.value.where == f"audit.json: {field}"


@pytest.mark.parametrize("found", [None, "repro-audit/audit/2", 1])
def test_another_schema_is_named(value: dict[str, Any], found: object) -> None:
    with pytest.raises(InputError, match=f"has the schema {found!r}, not 'repro-audit/audit/1'"):
        structure({**value, "schema": found}, "audit.json")


@pytest.mark.parametrize("data", [b"null", b"[]", b'"repro-audit/audit/1"', b"{}"])
def test_a_value_that_is_no_document(data: bytes) -> None:
    with pytest.raises(InputError, match="has the schema None"):
        parse_document(data, "audit.json")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read") as caught:
        load_document(tmp_path / "audit.json")
    assert caught.value.where == str(tmp_path / "audit.json")


def required(kind: type) -> set[str]:
    missing = dataclasses.MISSING
    return {f.name for f in dataclasses.fields(kind) if f.default is missing and f.default_factory is missing}


def bare(value: Any, kind: type) -> Any:
    """A JSON object with the fields alone that have no default."""
    return {key: item for key, item in value.items() if key in required(kind)}


def test_fields_with_a_default_may_be_missing() -> None:
    full = build()
    value = bare(full, AuditDocument)
    value["study"] = bare(full["study"], StudyFacts)
    lists = {"claims": Claim, "conventions": Convention, "measurements": Measurement, "verdicts": Decision}
    for key, kind in lists.items():
        value[key] = [bare(item, kind) for item in full[key]]
    read = document(value)
    assert read.study == StudyFacts("example")
    assert read.findings == Findings()
    assert read.literature == Survey()
    assert [c.value for c in read.claims] == [c["value"] for c in full["claims"]]
    assert read.claims[0] == Claim(*(full["claims"][0][key] for key in ("id", "task", "metric", "value")))
    assert document(plain(read)) == read


@pytest.mark.parametrize("kind", [AuditDocument, Claim, Convention, Measurement, Decision])
def test_fields_without_one_may_not(kind: type) -> None:
    keys = {Claim: "claims", Convention: "conventions", Measurement: "measurements", Decision: "verdicts"}
    place: Place = (keys[kind], 0) if kind in keys else ()
    assert required(kind)
    for name in required(kind) - {"schema"}:
        with pytest.raises(InputError, match="the field is missing") as caught:
            document(changed(build(), (*place, name), REMOVED))
        assert str(caught.value.where).endswith(f": {in_words((*place, name))}")


def test_probe_results_stand_beside_the_other_findings() -> None:
    read = document(build())
    assert set(read.findings.probes) == {"probe-determinism"}
    assert read.findings.probes["probe-determinism"]["st-en-zh"]["changed"] == 66
    assert plain(read)["findings"]["probe-determinism"] == build()["findings"]["probe-determinism"]


def test_how_it_is_signed() -> None:
    assert document(build()).signing is None
    assert document({**build(), "signing": {"identity": "key"}}).signing == Signing("key")
