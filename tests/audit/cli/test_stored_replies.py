"""Replies without prompts, other parsers, where judgements are, damaged files, questions that a server refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from audit.judge.cache import ReplyCache
from tasks.judging.parsers import PARSERS
from tests.support.judge.helpers import FakeServer, questions, write_rows

Serve = Callable[..., FakeServer]


def common(folder: Path, task: str, convention: str) -> list[str]:
    return ["--task", task, "--convention", convention, "--predictions", str(folder)]


def emotions(folder: Path, replies: list[str], **more: Any) -> Path:
    rows = [
        {"id": f"e{n}", "hypothesis": "sad", "reference": "sad", "extra": {"judge_response": reply}, **more}
        for n, reply in enumerate(replies)
    ]
    return write_rows(folder, rows, "er-iemocap")


def test_replies_of_rows_without_a_prompt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = emotions(tmp_path, ["Rating: 5", "Rating: 4.5", "Rating: 3 or 4"])
    options = common(tmp_path, "er-iemocap", "audiobench-judge")
    assert main(["score", "er-iemocap", "--predictions", str(path), "--replicates", "0"]) == 0
    assert "needs a judge" in capsys.readouterr().out
    assert main(["judge", "import-replies", *options, "--judge", "llama"]) == 0
    assert main(["judge", "status", "--predictions", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "stored:llama: 0.900000 (13500/15000), 0 failed, 0 missing" in shown  # the last word of `3 or 4` is 4
    # `score` says where they are, and the command that it names gives the value.
    assert main(["score", "er-iemocap", "--predictions", str(path), "--replicates", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if " audiobench-judge " in line]
    assert "judged by stored:llama in er-iemocap.judgements.jsonl: repro-audit judge agreement " in line
    command = line.partition("repro-audit ")[2].split()
    assert main(command) == 0
    assert "0.9" in capsys.readouterr().out
    assert any("audiobench-judge-binary" in line and "needs a judge" in line for line in lines)
    # The labelled rows are scored by an audit too.
    audit = tmp_path / "out"
    arguments = ["--study", "salmonn", "--predictions", str(tmp_path), "--out", str(audit), "--replicates", "0"]
    assert main(["run", *arguments, "--format", "csv"]) == 0
    document = json.loads((audit / "audit.json").read_bytes())
    judged = [m for m in document["measurements"] if m["convention"] == "audiobench-judge" and m["value"] is not None]
    assert judged
    # Another parser reads other grades, and writes nothing.
    before = (tmp_path / "er-iemocap.judgements.jsonl").read_bytes()
    report = tmp_path / "report.json"
    assert main(["judge", "agreement", *options, "--parser", "rating-label", "--json-out", str(report)]) == 0
    (rating,) = json.loads(report.read_bytes())["ratings"]
    assert rating["statuses"] == {"ok": 2, "ambiguous": 1}
    assert rating["scores"]["zero"]["points"] == 9500
    assert (tmp_path / "er-iemocap.judgements.jsonl").read_bytes() == before


@pytest.mark.parametrize("parser", sorted(PARSERS))
def test_every_parser_can_be_reached(parser: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": "1", "hypothesis": "cat", "reference": "cat", "prompt": "Which? (a) dog (b) cat",
             "extra": {"judge_response": "B"}}]  # fmt: skip
    write_rows(tmp_path, rows, "sakura-animal-single")
    options = common(tmp_path, "sakura-animal-single", "air-bench-align")
    assert main(["judge", "import-replies", *options, "--judge", "x"]) == 0
    assert main(["judge", "agreement", *options, "--parser", parser, "--replicates", "10"]) == 0
    assert f"parsed with {parser} " in capsys.readouterr().out


def test_a_convention_with_several_questions_refuses_stored_replies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(tmp_path, questions(1))
    assert main(["judge", "import-replies", *common(tmp_path, "sqqa-wikiqa", "paper-judge"), "--judge", "x"]) == 2
    assert "asks several questions per row" in capsys.readouterr().err


def test_a_row_that_the_judge_cannot_be_asked_about_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"id": "r9", "hypothesis": "cow", "reference": "cow", "extra": {"choices": ["a", "b"], "judge_response": "A"}}
    path = write_rows(tmp_path, [row], "sakura-animal-single")
    options = common(tmp_path, "sakura-animal-single", "air-bench-align")
    for command in (
        ["judge", "import-replies", *options, "--judge", "x"],
        ["judge", "sample", *options, "--out", str(tmp_path / "s.csv")],
    ):
        assert main(command) == 2, command
        shown = capsys.readouterr().err
        assert "row r9: " in shown
        assert "\n  " in shown
        assert "Traceback" not in shown
    assert path.exists()


def test_the_prompt_in_the_meta_file_counts(serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("openai")
    path = emotions(tmp_path, [""])
    reached = ["--model", "tiny-judge", "--base-url", serve(reply="Rating: 3").url]
    options = common(tmp_path, "er-iemocap", "audiobench-judge")
    assert main(["judge", "run", *options, *reached]) == 2
    assert "row e0: prompt" in capsys.readouterr().err
    meta = path.with_suffix(".meta.json")
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "prompt": "Which emotion?"}), encoding="utf-8")
    assert main(["judge", "run", *options, *reached]) == 0
    assert main(["judge", "status", "--predictions", str(tmp_path)]) == 0
    assert "1 of them tied to their output" in capsys.readouterr().out
    arguments = ["--study", "salmonn", "--predictions", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["run", *arguments, "--replicates", "0", "--format", "csv"]) == 0


@pytest.mark.parametrize("keep", [1, 100, -3])
def test_a_cut_judgement_file_says_what_to_do(keep: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    emotions(tmp_path, ["Rating: 5", "Rating: 2"])
    options = common(tmp_path, "er-iemocap", "audiobench-judge")
    assert main(["judge", "import-replies", *options, "--judge", "llama"]) == 0
    target = tmp_path / "er-iemocap.judgements.jsonl"
    target.write_bytes(target.read_bytes()[:keep])
    capsys.readouterr()
    for command in (
        ["judge", "agreement", *options],
        ["judge", "status", "--predictions", str(tmp_path)],
        ["score", "er-iemocap", "--predictions", str(tmp_path)],
        ["judge", "import-replies", *options, "--judge", "llama"],
    ):
        assert main(command) == 2
        first, second = capsys.readouterr().err.rstrip("\n").split("\n")
        assert "er-iemocap.judgements.jsonl:" in first
        assert second.startswith("  Restore the file, or delete it")


def test_questions_that_the_server_refused_are_not_in_doubt(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openai")
    write_rows(tmp_path, questions(3))
    options = [
        *common(tmp_path, "sqqa-wikiqa", "paper-judge"),
        "--model",
        "tiny-judge",
        "--backend",
        "one",
        "--retry-wait",
        "0.002",
    ]
    assert main(["judge", "run", *options, "--base-url", serve(always="500").url, "--retries", "2"]) == 1
    assert "status 500" in capsys.readouterr().err
    with ReplyCache(tmp_path / "judge-cache") as cache:
        assert cache.in_doubt == frozenset()
    assert main(["judge", "run", *options, "--base-url", serve().url]) == 0
    assert "killed" not in capsys.readouterr().out
    # A question that was sent and never ended still is.
    with ReplyCache(tmp_path / "judge-cache") as cache:
        cache.asking("k")
        cache.ended("never asked")
    with ReplyCache(tmp_path / "judge-cache") as cache:
        assert cache.in_doubt == {"k"}
        cache.ended("k")
    with ReplyCache(tmp_path / "judge-cache") as cache:
        assert cache.in_doubt == frozenset()
