"""`repro-audit rows`: what it prints and writes, and when it colours."""

from __future__ import annotations

import csv
import json
import sys
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import pytest

from audit.cli import main
from audit.cli.commands import rows as command
from tests.support.run_files import write

TASK, BETWEEN = "asr-librispeech-clean", ["--between", "verbatim", "audiobench"]
ROWS = [
    {"id": "1", "hypothesis": "The 2 boys didn't answer", "reference": "the two boys did not answer"},
    {"id": "2", "hypothesis": "uh a cold lucid <b>indifference</b>", "reference": "a cold lucid indifference"},
    {"id": "3", "hypothesis": "HH IY1 HH OW1 P T DH EH1 R", "reference": "he hoped there"},
    {"id": "4", "hypothesis": "the same", "reference": "the same"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, TASK, ROWS)
    return tmp_path


def run(folder: Path, *arguments: str) -> int:
    return main(["rows", TASK, *BETWEEN, "--predictions", str(folder), *arguments])


def test_what_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--rows", "2") == 0
    out = capsys.readouterr().out
    assert out.startswith("asr-librispeech-clean, wer: 4 rows of made up\n  A verbatim ")
    assert "3 rows count differently; the rows' shares sum to the difference exactly." in out
    assert "[two→2]" in out
    assert "phones instead of words" in out
    assert "and 1 more (--rows N, --csv FILE, --html FILE)" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("choice", "terminal", "environment", "coloured"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", True, {"TERM": "dumb"}, False),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {}, False),
    ],
)
def test_when_it_colours(
    monkeypatch: pytest.MonkeyPatch, choice: str, terminal: bool, environment: dict[str, str], coloured: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert command._colour(choice) is coloured


def test_colours_on_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--color", "always") == 0
    assert "\x1b[1;31m[two→2]\x1b[0m" in capsys.readouterr().out


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not {name for name, _ in attrs} & {"src", "onclick"}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, table, shares = (folder / name for name in ("rows.html", "rows.csv", "rows.json"))
    assert run(folder, "--html", str(page), "--csv", str(table), "--json-out", str(shares)) == 0
    assert capsys.readouterr().out.count("written: ") == 3
    found = _Page()
    found.feed(page.read_text(encoding="utf-8"))
    assert "script" not in found.tags
    assert "b" in found.tags
    assert "[two→2]" in found.text
    assert "The set's licence allows publishing its texts: CC BY 4.0." in found.text
    lines = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert [line["rank"] for line in lines] == ["1", "2", "3"]
    made = json.loads(shares.read_text())
    assert sum(Fraction(row["share"]) for row in made["rows"]) == Fraction(made["difference"])
    assert [row["id"] for row in made["rows"]] == [line["id"] for line in lines]
    assert "lucid" not in shares.read_text()


def test_bad_options(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rows", TASK, "--between", "verbatim", "nobody", "--predictions", str(folder)]) == 2
    assert "has no convention 'nobody'" in capsys.readouterr().err
    assert run(folder, "--rows", "0") == 2
    assert run(folder / "none") == 2
