from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from audit.cli.commands import report
from audit.document.read import parse_document
from audit.document.write import to_bytes
from audit.errors import InputError, MissingError
from audit.report import requirements


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    report.add_arguments(parser)
    return report.run(parser.parse_args(arguments))


@pytest.fixture
def document(audit: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "in" / "audit.json"
    path.parent.mkdir()
    path.write_bytes(to_bytes(parse_document(json.dumps(audit).encode(), "audit.json")))
    return path


def test_writes_the_formats_asked_for_beside_the_document(document: Path) -> None:
    assert run(str(document), "--format", "html,tex, csv") == 0
    assert sorted(p.name for p in document.parent.iterdir()) == [
        "audit.json", "measurements.csv", "report.html", "table.tex",
    ]  # fmt: skip


def test_writes_into_another_folder_and_twice_the_same(document: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert run(str(document), "--out", str(tmp_path / name), "--format", "html,csv") == 0
    for name in ("report.html", "measurements.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert [p.name for p in document.parent.iterdir()] == ["audit.json"]


def test_what_is_missing_is_said_after_the_rest_is_written(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirements, "_loads", lambda library: False)
    out = tmp_path / "out"
    with pytest.raises(MissingError, match="apt-get install"):
        run(str(document), "--out", str(out), "--format", "pdf,html")
    assert [p.name for p in out.iterdir()] == ["report.html"]


@pytest.mark.parametrize(("content", "words"), [
    (b"{", "invalid JSON"), (b"\xff\xfe", "invalid JSON"), (b"[]", "schema None"), (b"{}", "schema None"),
    (b'{"schema": "repro-audit/audit/9"}', "repro-audit/audit/9"), (b"[" * 100_000, "invalid JSON"),
])  # fmt: skip
def test_a_file_that_is_no_audit(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "audit.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        run(str(path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(("key", "field"), [
    ("claims", "value"), ("conventions", "hash"), ("measurements", "origin"), ("verdicts", "verdict"), ("inputs", "sha256"),
])  # fmt: skip
def test_a_damaged_document_is_named_with_its_field(document: Path, key: str, field: str) -> None:
    data = json.loads(document.read_bytes())
    del data[key][1][field]
    document.write_text(json.dumps(data))
    with pytest.raises(InputError, match="the field is missing") as caught:
        run(str(document), "--format", "csv")
    assert caught.value.where == f"{document}: {key}[1].{field}"


def test_a_list_that_is_none(document: Path) -> None:
    data = json.loads(document.read_bytes())
    data["claims"] = {}
    document.write_text(json.dumps(data))
    with pytest.raises(InputError, match="input should be a valid array") as caught:
        run(str(document))
    assert caught.value.where == f"{document}: claims"


@pytest.mark.parametrize("formats", ["docx", "html,docx", "", ","])
def test_unknown_formats(document: Path, formats: str) -> None:
    with pytest.raises(InputError, match="format"):
        run(str(document), "--format", formats)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        run(str(tmp_path / "none.json"))


def test_a_folder_that_cannot_be_written_to(document: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        run(str(document), "--out", str(blocked / "x"), "--format", "csv")
