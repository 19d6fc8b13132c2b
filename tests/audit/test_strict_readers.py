"""What has ended commands in a traceback, as commands: one line or two, and a documented exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit._util import canonical_json
from audit.cli import main
from audit.document.write import to_bytes
from audit.judge.cache import NAME, ReplyCache
from audit.judge.interface import Reply
from audit.provenance.format import archive, layout
from tests.support.example_audit import build, document
from tests.support.provenance import attacks

Value = dict[str, Any]


def put(*place: str | int, value: object) -> Callable[[Value], None]:
    def change(document: Value) -> None:
        part: Any = document
        for key in place[:-1]:
            part = part[key]
        part[place[-1]] = value

    return change


BROKEN: dict[str, Callable[[Value], None]] = {
    "claims[0].value": put("claims", 0, "value", value="1e1000000000"),
    "claims[1].model": put("claims", 1, "model", value="B"),
    "measurements[0].value": put("measurements", 0, "value", value="NaN"),
    "measurements[0].interval.low": put("measurements", 0, "interval", "low", value="-inf"),
    "measurements[0].rows.scored": put("measurements", 0, "rows", "scored", value=-1),
    "measurements[0].claim": put("measurements", 0, "claim", value="gone"),
    "measurements[0].total": put("measurements", 0, "total", value="1/0"),
    "measurements[0].prediction.sha256": put("measurements", 0, "prediction", "sha256", value="../../x"),
    "verdicts[0]": put("verdicts", 0, "measurement", value="gone"),
    "verdicts": put("verdicts", value=[]),
    "study.id": put("study", "id", value="../../x"),
    "study.margins.wer.value": put("study", "margins", "wer", value={"value": "1_0", "kind": "assumed", "reason": ""}),
}


@pytest.mark.parametrize("place", BROKEN)
@pytest.mark.parametrize("command", ["report", "badge", "export"])
def test_audit_json(place: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    value = json.loads(to_bytes(document(build(conventions=3, claims=3))))
    path = tmp_path / "audit.json"
    BROKEN[place](value)
    path.write_bytes(canonical_json.dumps(value))
    more = {"report": ["--format", "csv"], "badge": ["--out", str(tmp_path / "x.svg")],
            "export": ["--format", "csv", "--out", str(tmp_path / "x.csv")]}[command]  # fmt: skip
    assert main([command, str(path), *more]) == 2
    said = capsys.readouterr().err
    assert f"audit.json: {place}: " in said
    assert "Traceback" not in said
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "text", ["1.5", "9007199254740993", "1e5", "NaN", "[" * 100_000, '"\\ud800"', "{}", "1" * 5000]
)
@pytest.mark.parametrize("command", ["report", "diff"])
def test_numbers_depth_and_surrogates(
    text: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = to_bytes(document(build(conventions=2, claims=1)))
    path = tmp_path / "audit.json"
    path.write_bytes(raw.replace(b'"source_date_epoch":', b'"source_date_epoch":' + text.encode() + b',"x":', 1))
    arguments = [str(path), str(path)] if command == "diff" else [str(path)]
    assert main([command, *arguments]) == 2
    assert "audit.json" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["measurements", "claims", "verdicts", "study", "inputs"])
def test_a_signed_package_without_a_part_of_audit_json(
    missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = attacks.good()
    value = json.loads(files[layout.AUDIT])
    del value[missing]
    signed = attacks.republish({**files, layout.AUDIT: canonical_json.dumps(value)})
    (tmp_path / "package.zip").write_bytes(archive.zip_bytes(signed))
    assert main(["verify", str(tmp_path / "package.zip")]) == 1
    said = capsys.readouterr()
    assert "REJECTED" in said.out.splitlines()[-1]
    assert "Traceback" not in said.out + said.err
    assert main(["diff", str(tmp_path / "package.zip"), str(tmp_path / "package.zip")]) in {1, 2}


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000, b"7", b"[]", b'{"asked": 7}', b'{"key": "k", "reply": {"text": 1, "model": "m"}, "check": "0"}',
        b'{"key": "k", "reply": {"text": "x", "model": "m", "attempts": 1e999}, "check": "0"}', b'{"key": "k"}', b"{}",
        b'{"asked": "a", "asked": "b"}', b'{"asked": "\\\\ud800"}',
    ],
)  # fmt: skip
def test_a_line_of_the_reply_cache(line: bytes, tmp_path: Path) -> None:
    """It is not a reply: at the end of the file it was cut off by a kill, elsewhere it is damage."""
    with ReplyCache(tmp_path) as cache:
        cache.put("k", Reply("yes", "m"))
    path = tmp_path / NAME
    whole = path.read_bytes()
    path.write_bytes(whole + line)
    with ReplyCache(tmp_path) as cache:
        assert dict(cache.items()) == {"k": Reply("yes", "m")}
    assert path.read_bytes() == whole
