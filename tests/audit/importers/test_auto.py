"""`import auto`: formats are recognised by their contents, and what is none of them is refused."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from pathlib import Path

import pytest

from audit.cli import main
from audit.importers import importers
from audit.importers.recognise import matches
from audit.importers.sample import sample
from audit.literature.known_tasks import known_tasks
from audit.scoring.predictions import load
from tests.audit.importers.test_fuzz import CMI, JUDGED, LLASO, OUTPUTS, PAIRS
from tests.support.import_files import ASR, ImportFile, dumped, import_files, lines_of, text

OWN = [{"id": "a", "hypothesis": "x", "reference": "y", "finished": None, "prompt": None, "extra": {}}]
# With those of `import_files`; without the second cases of a format that look alike.
MORE = [
    ImportFile("audiobench", "a.json", ASR, dumped(JUDGED), ()),
    ImportFile("audiobench", "a_wer_score.json", ASR, dumped(PAIRS), (), case="pairs"),
    ImportFile("audiobench", "outputs.json", ASR, dumped(OUTPUTS), (), case="outputs"),
    ImportFile("cmi-bench", "salmonn_X.jsonl", ASR, dumped(CMI), ()),
    ImportFile("llaso", "l.json", ASR, dumped(LLASO), ()),
    ImportFile("jsonl", "predictions.jsonl", ASR, lines_of(OWN), ()),
    ImportFile("csv", "out.csv", ASR, text("id,prediction,text", "a,x,y"), ()),
    ImportFile("csv", "out.txt", ASR, text("id|||hypothesis|||ref", "a|||x|||y", "b|||u|||v"), (), case="bars"),
    ImportFile("redis", "dump.rdb", ASR, b"REDIS0011\xfa\x09redis-ver", ()),
    ImportFile(
        "kaldi", "hyp.txt", ASR, text("1089-134686-0000 he hoped", "1089-134686-0001 stuff it"), (), case="name"
    ),
    ImportFile("parallel", "hyp.txt", ASR, text("A cat sat.", "Dogs bark."), (), case="name"),
]
ALL = [*import_files(), *MORE]


def none_of_them(folder: Path) -> list[Path]:
    """Files that are no outputs."""
    made = {
        "README.md": text("# A model", "", "It listens."),
        "config.json": json.dumps({"architectures": ["X"], "hidden_size": 4096}, indent=2).encode(),
        "page.html": text("<!doctype html>", "<title>x</title>"),
        "sound.wav": b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00",
        "model.py": text("import torch", "", "print('hello (world)')"),
        "log.txt": text("2026-01-02 03:04:05 INFO started", "2026-01-02 03:04:06 INFO started again"),
        "numbers.csv": text("epoch,loss", "1,0.5", "2,0.25"),
        "archive.zip": b"PK\x05\x06" + bytes(18),
    }
    for name, raw in made.items():
        (folder / name).write_bytes(raw)
    with sqlite3.connect(folder / "runs.db") as connection:
        connection.execute("create table t (a)")
    connection.close()
    (folder / "empty").mkdir()
    return [*(folder / name for name in made), folder / "runs.db", folder / "empty"]


def test_thirty_files_are_named_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(ALL) >= 30
    assert {file.kind for file in ALL} == {importer.name for importer in importers()}
    named = {}
    for number, file in enumerate(ALL):
        path = file.lay(tmp_path / str(number))
        path = path.parent if file.kind == "hf-dataset" else path
        assert main(["import", "auto", str(path)]) == 0, file.id
        named[file.id] = capsys.readouterr().out.split("\n")[0].rpartition(": ")[2]
    assert named == {file.id: file.kind for file in ALL}


def test_what_is_none_of_them_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = none_of_them(tmp_path)
    assert len(paths) >= 5
    for path in paths:
        assert main(["import", "auto", str(path)]) == 2, path
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "no known format" in captured.err or "which fit" in captured.err or "neither text" in captured.err \
            or "without a data set" in captured.err  # fmt: skip


def test_no_file_fits_two_specific_formats(tmp_path: Path) -> None:
    for number, file in enumerate(ALL):
        path = file.lay(tmp_path / str(number))
        path = path.parent if file.kind == "hf-dataset" else path
        found = [importer.name for importer in matches(sample(path), importers())]
        assert found == [file.kind], file.id


def test_an_import_by_auto(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = next(file for file in ALL if file.kind == "kaldi")
    path = file.lay(tmp_path / "in")
    options = ["--task", ASR, "--model", "M", "--variant", "7b", *file.arguments(tmp_path / "in")]
    assert main(["import", "auto", str(path), *options]) == 0
    assert "format   kaldi" in capsys.readouterr().out
    assert len(load(tmp_path / "predictions" / f"{ASR}.jsonl", known_tasks()[ASR]).rows) == 2


def test_auto_reads_standard_input_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = next(file for file in ALL if file.kind == "open-asr")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(file.raw)))
    options = ["--task", ASR, "--model", "M", "--variant", "7b", "--out", str(tmp_path / "out")]
    assert main(["import", "auto", "-", *options]) == 0
    assert "open-asr: standard input" in capsys.readouterr().out


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = next(file for file in ALL if file.kind == "open-asr")
    path = file.lay(tmp_path / "in")
    options = ["--task", ASR, "--model", "M", "--variant", "7b", "--out", str(tmp_path / "out"), "--dry-run"]
    assert main(["import", "open-asr", str(path), *options]) == 0
    out = capsys.readouterr().out
    assert '  hypothesis      "Smith said hello"\n  reference       "Mr. Smith said hello."' in out
    assert out.endswith("dry run: nothing was written\n")
    assert not (tmp_path / "out").exists()
