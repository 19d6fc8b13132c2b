"""Opening single rows against the signed root: what is accepted, and every way to open something else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit import cli
from audit._util import canonical_json
from audit.document.read import parse_document
from audit.errors import InputError
from audit.provenance import package
from audit.provenance.format import checksums
from audit.provenance.records import row_openings
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from audit.scoring.row_tree import json_text, read_rows
from tests.support import run_files
from tests.support.provenance import made

TASK = "asr-librispeech-clean"
Value = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions of several rows, two of which have the same text."""
    place = tmp_path_factory.mktemp("predictions")
    rows = run_files.speech(7)
    rows[3]["hypothesis"] = rows[2]["hypothesis"]
    run_files.write(place, TASK, rows)
    return place


@pytest.fixture(scope="module")
def packed(folder: Path) -> dict[str, bytes]:
    return package.make(made.artefacts(folder), package.Options(key=made.key(), predictions=folder, command=("x",)))


def opened(packed: dict[str, bytes], folder: Path, ids: list[str], fields: str = "hypothesis") -> Value:
    audit = parse_document(packed["audit.json"], "audit.json")
    rows = read_rows(folder / f"{TASK}.jsonl")
    return row_openings.build(audit, checksums.sha256(packed["audit.json"]), rows, ids, fields.split(","))


def result(packed: dict[str, bytes], value: Value) -> Any:
    return verify_files(packed, Trust(opening=canonical_json.dumps(value)))


@pytest.mark.parametrize("number", range(7))
def test_every_row_can_be_opened(packed: dict[str, bytes], folder: Path, number: int) -> None:
    value = opened(packed, folder, [f"{number:06}"])
    report = result(packed, value)
    assert report.intact, report.as_text()
    line = next(check for check in report.checks if check.name == f"row {number + 1} of 7")
    row = run_files.speech(7)[2 if number == 3 else number]
    assert line.detail == f'id "{number:06}", hypothesis {json.dumps(row["hypothesis"])}'
    assert line.file == f"predictions/{TASK}.jsonl"


def test_a_hidden_field_is_not_in_the_opening(packed: dict[str, bytes], folder: Path) -> None:
    """Neither its text nor its salt, and nothing of other rows."""
    value = opened(packed, folder, ["000003"])
    (row,) = value["rows"]
    assert set(row["shown"]) == {"id", "hypothesis"}
    assert set(row["hidden"]) == {"reference"}
    rows = read_rows(folder / f"{TASK}.jsonl")
    text = json.dumps(value)
    assert rows.key.hex() not in text
    assert rows.salt(3, "reference").hex() not in text
    assert not any(rows.salt(n, name).hex() in text for n in range(7) if n != 3 for name in ("id", "hypothesis"))
    assert rows.rows[3]["reference"].strip('"') not in text


def test_all_fields_of_several_rows(packed: dict[str, bytes], folder: Path) -> None:
    value = opened(packed, folder, ["000006", "000000", "000006"], "hypothesis,reference,prompt")
    assert [row["index"] for row in value["rows"]] == [6, 0]
    assert result(packed, value).intact


def text(change: Callable[[str], str]) -> Callable[[Value], None]:
    def apply(value: Value) -> None:
        field = value["rows"][0]["shown"]["hypothesis"]
        field["json"] = change(field["json"])

    return apply


def other_row(value: Value) -> None:
    """The same text, but of the row at whose place it was not."""
    value["rows"][0]["index"] = 3


def swapped_fields(value: Value) -> None:
    shown = value["rows"][0]["shown"]
    shown["prompt"] = shown.pop("hypothesis")


def hidden_dropped(value: Value) -> None:
    value["rows"][0]["hidden"] = {}


def node_as_leaf(value: Value) -> None:
    """A path from one level higher."""
    value["rows"][0]["index"] //= 2
    value["rows"][0]["proof"] = value["rows"][0]["proof"][1:]


def reordered_path(value: Value) -> None:
    value["rows"][0]["proof"].reverse()


def first_of_tampered(change: str) -> Callable[[Value], None]:
    def apply(value: Value) -> None:
        value["rows"][0]["path"] = change

    return apply


def other_salt(value: Value) -> None:
    field = value["rows"][0]["shown"]["hypothesis"]
    field["salt"] = "00" + field["salt"][2:]


NOT_SIGNED = "not what was signed"
ATTACKS: dict[str, tuple[Callable[[Value], None], str, str]] = {
    "another text": (text(lambda said: said.replace("a", "o", 1) if "a" in said else '"x"'), "row-mismatch", NOT_SIGNED),
    "a word more": (text(lambda said: said[:-1] + ' more"'), "row-mismatch", NOT_SIGNED),
    "the same text in other letters": (text(lambda said: said.replace('"', '"\\u0061', 1)), "row-mismatch", NOT_SIGNED),
    "another row": (other_row, "row-mismatch", NOT_SIGNED),
    "another field": (swapped_fields, "row-mismatch", NOT_SIGNED),
    "a field left out": (hidden_dropped, "row-mismatch", NOT_SIGNED),
    "a node as a leaf": (node_as_leaf, "row-mismatch", "too short"),
    "a path in another order": (reordered_path, "row-mismatch", NOT_SIGNED),
    "another salt": (other_salt, "row-mismatch", NOT_SIGNED),
    "no such place": (lambda v: v["rows"][0].update(index=7), "row-mismatch", "no leaf 7 in a tree of 7"),
    "a place before the first": (lambda v: v["rows"][0].update(index=-1), "row-mismatch", "no leaf -1"),
    "no number": (lambda v: v["rows"][0].update(index="2"), "malformed", "is not of type"),
    "a longer path": (lambda v: v["rows"][0]["proof"].append("0" * 64), "row-mismatch", "too long"),
    "a shorter path": (lambda v: v["rows"][0]["proof"].pop(), "row-mismatch", "too short"),
    "another file": (first_of_tampered("predictions/other.jsonl"), "row-mismatch", "no root over rows"),
    "another audit": (lambda v: v.update(audit="0" * 64), "row-mismatch", "rows of another audit.json"),
    "another schema": (lambda v: v.update(schema="repro-audit/row-openings/2"), "malformed", "not an opening"),
    "without its id": (lambda v: v["rows"][0]["shown"].pop("id"), "malformed", "without its id"),
    "no hash": (lambda v: v["rows"][0]["proof"].__setitem__(0, "zz"), "malformed", "does not match"),
    "a short salt": (lambda v: v["rows"][0]["shown"]["id"].update(salt="00"), "malformed", "does not match"),
    "a field twice": (lambda v: v["rows"][0]["hidden"].update(id="0" * 64), "malformed", "a field twice"),
    "no list": (lambda v: v.update(rows="x"), "malformed", "is not of type"),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_what_was_not_signed_is_refused(name: str, packed: dict[str, bytes], folder: Path) -> None:
    change, code, why = ATTACKS[name]
    value = copy.deepcopy(opened(packed, folder, ["000002"]))
    change(value)
    report = result(packed, value)
    assert not report.intact
    (failure,) = report.failures
    assert (failure.file, failure.code) == ("--opening", code)
    assert why in failure.detail


def test_an_opening_that_is_not_json(packed: dict[str, bytes]) -> None:
    report = verify_files(packed, Trust(opening=b"{"))
    assert [(check.file, check.code) for check in report.failures] == [("--opening", "malformed")]


def test_rows_that_nobody_opened_are_named_as_not_checked(packed: dict[str, bytes]) -> None:
    (line,) = [check for check in verify_files(packed, Trust()).checks if check.name == "rows"]
    assert (line.status, line.detail) == (
        "not-checked",
        "7 rows can be opened one by one; give an opening with --opening to check it",
    )


def test_whose_root_was_changed_does_not_verify(packed: dict[str, bytes], folder: Path) -> None:
    """The root is signed: rows of other predictions cannot be opened against a package."""
    tree = read_rows(folder / f"{TASK}.jsonl").tree("x")
    forged = {**packed, "audit.json": packed["audit.json"].replace(tree.root.encode(), b"0" * 64)}
    assert not verify_files(forged, Trust()).intact


def test_bad_requests(packed: dict[str, bytes], folder: Path, tmp_path: Path) -> None:
    audit = parse_document(packed["audit.json"], "audit.json")
    rows = read_rows(folder / f"{TASK}.jsonl")
    for ids, fields, what in ((["nope"], [], "no row has the id"), (["000000"], ["texts"], "unknown field")):
        with pytest.raises(InputError, match=what):
            row_openings.build(audit, "0" * 64, rows, ids, fields)
    other = run_files.write(tmp_path, TASK, run_files.speech(6))
    with pytest.raises(InputError, match="not a file that the audit was computed from"):
        row_openings.build(audit, "0" * 64, read_rows(other), ["000000"], [])
    with pytest.raises(InputError, match="no roots over rows"):
        row_openings.build(made.document(made.audit_value()), "0" * 64, rows, ["000000"], [])


def test_the_command(
    packed: dict[str, bytes], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = made.write(packed, tmp_path / "package")
    out = tmp_path / "x.json"
    common = ["--predictions", str(folder), "--out", str(out)]
    assert cli.main(["open-rows", str(place), TASK, "000004", *common]) == 0
    assert "1 of 7 rows, with id, hypothesis, finished" in capsys.readouterr().out
    assert cli.main(["verify", str(place), "--opening", str(out)]) == 0
    assert 'row 5 of 7: id "000004", hypothesis' in capsys.readouterr().out
    assert cli.main(["open-rows", str(place / "audit.json"), TASK, "000004", *common]) == 0
    for arguments in ([str(tmp_path / "no"), TASK, "1"], [str(folder), TASK, "1"], [str(place), TASK, "no such row"]):
        capsys.readouterr()
        assert cli.main(["open-rows", *arguments, *common]) == 2
        assert "Traceback" not in capsys.readouterr().err


def test_json_texts_are_ascii() -> None:
    assert json_text({"b": "\u00e9", "a": [None, True]}) == '{"a":[null,true],"b":"\\u00e9"}'
