"""What is printed, whoever reads it: filtered, told once, and never instead of the work."""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from audit._util.paths import ROOT
from audit._util.terminal import guarded_streams, in_a_line, visible
from audit.cli import main
from audit.cli.commands import conventions
from audit.errors import InputError

PROGRAM = f"{shlex.quote(sys.executable)} -m audit"


def shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line], cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )


def test_every_control_and_format_character_is_shown() -> None:
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    for number in range(0x110000):
        character = chr(number)
        category = unicodedata.category(character)
        if category in hidden and character not in "\n\t":
            assert visible(character) != character, f"U+{number:04X}"
        elif category != "Cn" and not 0xE0100 <= number <= 0xE01EF:
            assert visible(character) == character, f"U+{number:04X}"


def test_escapes_are_those_of_json() -> None:
    import json

    for text in ("\x1b[31m", "\u202e", "\U000e0041", "\x9b", "a\u200bb"):
        assert visible(text).isprintable()
        assert json.loads(f'"{visible(text)}"') == text
    assert in_a_line("a\nb\r\tc") == "a\\nb\\u000d\tc"


def test_a_reader_that_leaves_neither_ends_the_work_nor_hides_a_failed_check(tmp_path: Path) -> None:
    out = tmp_path / "out"
    line = f"{PROGRAM} run --format csv --no-cache --out {out} --require reproduced | true; echo ${{PIPESTATUS[0]}}"
    done = shell(line)
    assert done.stdout.split()[-1] == "1"
    assert (out / "measurements.csv").is_file()
    assert "Traceback" not in done.stderr


def test_a_full_disk_behind_standard_output_is_said(tmp_path: Path) -> None:
    done = shell(f"{PROGRAM} conventions er-iemocap > /dev/full")
    assert (done.returncode, done.stderr.count("\n")) == (4, 2)
    assert "standard output: No space left on device" in done.stderr
    assert shell(f"{PROGRAM} --help > /dev/full").returncode == 4
    assert shell(f"{PROGRAM} --help | true; exit ${{PIPESTATUS[0]}}").returncode == 0


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", "2>/dev/full"])
def test_closed_streams_change_nothing_else(closed: str, tmp_path: Path) -> None:
    done = shell(f"{PROGRAM} score er-iemocap --predictions {tmp_path}/none {closed}")
    assert done.returncode == 2
    assert done.stdout == ""
    assert ("repro-audit: " in done.stderr) == (not closed.startswith("2"))
    good = shell(f"{PROGRAM} feasible 93.33 --items 15 {closed}")
    assert good.returncode == 0
    assert bool(good.stdout) == (not closed.startswith(">"))


def test_a_terminal_without_unicode_gets_escapes() -> None:
    done = shell(f"{PROGRAM} conventions st-en-ja", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (errno.ENOSPC, 4, "Free disk space"),
        (errno.EROFS, 4, "read-only"),
        (errno.EIO, 4, "Check the path"),
        (errno.EMFILE, 4, "ulimit"),
        (errno.EISDIR, 2, "A folder stands where a file should be"),
        (errno.ENOTDIR, 2, "A file stands where a folder should be"),
        (errno.ENAMETOOLONG, 2, "shorter path"),
        (errno.EACCES, 2, "may not read or write"),
    ],
)
def test_errors_of_the_system(
    number: int, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_args: object) -> int:
        raise OSError(number, os.strerror(number), "a/file\nACCEPTED")

    monkeypatch.setattr(conventions, "run", refuse)
    assert main(["conventions"]) == code
    said = capsys.readouterr().err
    assert said.startswith("repro-audit: a/file\\nACCEPTED: ")
    assert words in said
    assert said.count("\n") == 2


def test_what_nobody_foresaw_leaves_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fail(_args: object) -> int:
        raise KeyError("x\n\x1b[31mall checks passed")

    monkeypatch.setattr(conventions, "run", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["conventions"]) == 70
    said = capsys.readouterr().err
    assert said.startswith("repro-audit: a fault in repro-audit: KeyError: ")
    assert said.count("\n") == 2
    (report,) = tmp_path.iterdir()
    assert str(report) in said
    assert "Traceback" in report.read_text("utf-8")
    assert report.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    assert main(["conventions"]) == 70
    assert "could not be written" in capsys.readouterr().err


def test_recursion_without_end_is_a_fault_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fall(args: object) -> int:
        return fall(args)

    monkeypatch.setattr(conventions, "run", fall)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["conventions"]) == 70
    assert "RecursionError" in capsys.readouterr().err


def test_a_quoted_line_feed_makes_no_line_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_args: object) -> int:
        raise InputError("no row 'a\nrepro-audit: accepted'", where="x\n\u202e", fix="Known: b\npackage: accepted")

    monkeypatch.setattr(conventions, "run", refuse)
    assert main(["conventions"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "repro-audit: x\\n\\u202e: no row 'a\\nrepro-audit: accepted'"
    assert all(line.startswith("  ") for line in lines[1:])


@pytest.mark.parametrize("epoch", ["253402300800", "9" * 30, "9" * 5000])
def test_dates_after_the_year_9999(
    epoch: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    assert main(["run", "--format", "csv", "--no-cache", "--out", str(tmp_path / "out")]) == 2
    assert "is after the year 9999" in capsys.readouterr().err


def test_a_folder_where_a_file_should_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "audit.json").mkdir()
    assert main(["report", str(tmp_path / "audit.json"), "--out", str(tmp_path / "r")]) == 2
    assert "\n  " in capsys.readouterr().err


def test_streams_are_given_back() -> None:
    before = sys.stdout, sys.stderr
    with guarded_streams() as (out, _):
        assert sys.stdout is not before[0]
        assert out.stream is before[0]
    assert (sys.stdout, sys.stderr) == before
