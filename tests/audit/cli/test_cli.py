"""The command line: help, exit codes, errors without tracebacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit._util.paths import ROOT
from audit.cli import COMMANDS, main
from audit.pipeline import doctor


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "audit", *arguments], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "80"}, **options)  # type: ignore[call-overload,no-any-return]  # fmt: skip


def test_help_names_every_command_and_every_exit_code() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert all(f"\n    {name}" in done.stdout for name in COMMANDS)
    assert all(f"\n  {code}  " in done.stdout for code in range(4))
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    assert f"usage: repro-audit {name}" in capsys.readouterr().out


def test_no_command_and_an_unknown_one_are_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    with pytest.raises(SystemExit) as stopped:
        main(["dance"])
    assert stopped.value.code == 2
    assert "there is no 'dance'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["score", "asr-nowhere"], 2, ["unknown task or family 'asr-nowhere'", "asr-librispeech-clean"]),
        (["score", "er-iemocap", "--predictions", "nowhere.jsonl"], 2, ["nowhere.meta.json", "cannot be read"]),
        (["score", "er-iemocap", "--metric", "bleu"], 2, ["no metric 'bleu'", "accuracy"]),
        (["score", "er-iemocap", "--convention", "mine"], 2, ["no convention 'mine'", "iemocap-4way"]),
        (["conventions", "x"], 2, ["no task 'x'"]),
        (["run", "--study", "none"], 2, ["no study none", "salmonn"]),
        (["run", "--predictions", "nowhere"], 2, ["nowhere", "no such file or folder"]),
        (["run", "--require", "perfect"], 2, ["unknown verdict perfect", "not-reproduced"]),
        (["run", "--format", "docx"], 2, ["unknown format 'docx'", "html"]),
        (["run", "--replicates", "-1"], 2, ["--replicates"]),
        (["run", "--workers", "0"], 2, ["--workers"]),
        (["run", "--predictions", "README.md"], 2, ["README.md", "is not named after a task"]),
        (["doctor", "--data", "nothing"], 2, ["is not TASK=DIR"]),
    ],
)
def test_errors_say_what_where_and_what_to_do(
    arguments: list[str], code: int, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if arguments[0] == "run":
        arguments = [*arguments, "--out", str(tmp_path / "out")]
    assert main(arguments) == code
    shown = capsys.readouterr()
    assert all(word in shown.err for word in words), shown.err
    assert shown.err.startswith("repro-audit: ")
    assert "Traceback" not in shown.err
    assert not (tmp_path / "out").exists()


def test_a_date_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert main(["run", "--out", str(tmp_path / "out")]) == 2
    assert "SOURCE_DATE_EPOCH" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["run", "--format", "csv", "--out", str(tmp_path / "file" / "out")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_closed_reader_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m audit conventions | head -n 1; exit ${{PIPESTATUS[0]}}", shell=True, cwd=ROOT,
        executable="/bin/bash", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode == 0


def test_conventions_are_listed_with_grade_signature_and_hash(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conventions", "er-iemocap"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "er-iemocap  accuracy"
    assert lines[1].split()[:2] == ["E", "iemocap-4way"]  # the worst of its steps
    assert max(map(len, lines)) <= 80
    assert main(["conventions", "er-iemocap", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)[0]
    assert first["grade"] == "E"
    assert len(first["hash"]) == 64
    assert first["signature"].startswith("accuracy|")


def test_doctor_names_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    for part in ("libraries", "tokenizers", "PDF", "METEOR 1.5", "SPICE", "model (all)", "data (er-iemocap)"):
        assert part in shown
    assert "MISSING" not in shown


@pytest.mark.parametrize(
    ("needed", "code", "state"), [(True, 3, "MISSING"), (False, 0, "absent ")], ids=["needed", "optional"]
)
def test_doctor_fails_for_a_missing_part_that_the_default_audit_needs(
    needed: bool, code: int, state: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check() -> doctor.Part:
        return doctor.Part("a part", False, needed, "how to get it")

    monkeypatch.setattr(doctor, "CHECKS", (*doctor.CHECKS, check))
    assert main(["doctor"]) == code
    assert f"{state}  a part                             how to get it" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("terminal", [True, False])
def test_the_summary_fits_a_terminal_and_is_whole_in_a_pipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert main(["run", "--format", "csv", "--no-cache", "--out", str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    table = lines[: lines.index("")]
    assert len(table) == 24
    assert (max(map(len, table)) <= 70) == terminal
    assert any(line.endswith("…") for line in table) == terminal
    assert any(line.endswith("hufs-char-normalised-eos-kana") for line in table) != terminal


def test_a_request_to_end_is_an_end_in_order(tmp_path: Path) -> None:
    """SIGTERM, as `docker stop` and schedulers send it."""
    program = (
        "import os, signal, sys; from audit import cli as cli\n"
        "from audit.cli.commands import conventions\n"
        "def run(args):\n"
        "    try: os.kill(os.getpid(), signal.SIGTERM); signal.pause()\n"
        "    finally: print('cleaned')\n"
        "conventions.run = run\n"
        "sys.exit(cli.main(['conventions']))\n"
    )
    root = ROOT
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, "cleaned\n", "repro-audit: stopped\n")


def test_a_file_that_may_not_be_read_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from audit.cli.commands import conventions

    def refuse(_args: object) -> int:
        raise PermissionError(13, "Permission denied", "secret.txt")

    monkeypatch.setattr(conventions, "run", refuse)
    assert main(["conventions"]) == 2
    assert "secret.txt: user" in capsys.readouterr().err
