"""Small inputs that once went wrong, through the command line, each with the expected value beside it.

`tests/assets/cases/rows.jsonl`: a task's rows, with the value under each convention, the number of scored and of unread
rows, the rows that cannot be read, or the rows that a detector flags.
`replies.jsonl`: judges' replies with the parser's verdict.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from tests.support.paths import ROOT

FOLDER = ROOT / "tests/assets/cases"


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").split("\n") if line]


CASES = read("rows.jsonl")
REPLIES = read("replies.jsonl")


def write(folder: Path, task: str, rows: list[dict[str, Any]], **meta: Any) -> Path:
    path = folder / f"{task}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    facts = {"schema": "repro-audit/predictions/1", "task": task, "model": "made up", "variant": "13b", **meta}
    path.with_suffix(".meta.json").write_text(json.dumps(facts), encoding="utf-8")
    return path


def scores(path: Path, task: str, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    capsys.readouterr()
    assert main(["score", task, "--predictions", str(path), "--replicates", "0", "--workers", "1", "--json"]) == 0
    # A name may stand for rules of several metrics; the cases are about the first.
    return {record["convention"]: record for record in reversed(json.loads(capsys.readouterr().out))}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_rows(case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = case["task"]
    path = write(tmp_path, task, case["rows"])
    for detector, flagged in case.get("detected", {}).items():
        assert main(["detect", task, "--predictions", str(path), "--detector", detector, "--ids"]) == 0
        assert [line.strip() for line in capsys.readouterr().out.splitlines()[1:]] == flagged
    if "values" not in case:
        return
    found = scores(path, task, capsys)
    assert {name: float(found[name]["value"]) for name in case["values"]} == case["values"]
    for name in case["values"]:
        if "scored" in case:
            assert found[name]["rows"]["scored"] == case["scored"]
    assert {name: found[name]["unread"] for name in case.get("unread", {})} == case.get("unread", {})
    wrong = {row: why for record in found.values() for row, why in record["unreadable"].items()}
    assert wrong.keys() == case.get("unreadable", {}).keys()
    assert all(wrong[row].startswith(why) for row, why in case.get("unreadable", {}).items())


@pytest.mark.parametrize("case", [c for c in CASES if c.get("unreadable")], ids=lambda case: case["name"])
def test_a_row_that_cannot_be_read_is_named_by_every_command(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = case["task"]
    path = write(tmp_path, task, case["rows"])
    arguments = [task, "--predictions", str(path), *(["--metric", "accuracy"] if task == "sqqa-wikiqa" else [])]
    commands = [["score", *arguments, "--replicates", "0"]]
    if task != "sqqa-wikiqa":  # whose accuracy does not look at the candidates
        commands += [["multiverse", *arguments], ["explain", *arguments, "--value", "1.00", "--unit", "fraction"]]
    else:
        commands[0] = ["score", task, "--predictions", str(path), "--replicates", "0"]
    for command in commands:
        assert main(command) == 0, command
        shown = capsys.readouterr().out
        assert "1 row cannot be read and count" in shown, command
        assert f"row 1: {case['unreadable']['1']}" in shown, command


def test_rows_of_which_none_can_be_read_have_no_value_and_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = "sakura-animal-single"
    row = {"id": "q", "hypothesis": "cow", "reference": "cow", "extra": {"choices": ["dog", "cat"]}}
    path = write(tmp_path, task, [row])
    assert main(["score", task, "--predictions", str(path), "--replicates", "0"]) == 0
    assert "not defined: no row was scored; 1 with an error" in capsys.readouterr().out
    for command in (["multiverse"], ["explain", "--value", "1.0"]):
        assert main([command[0], task, "--predictions", str(path), *command[1:]]) == 2
        shown = capsys.readouterr().err
        assert "row q: the answer 'cow' is not among the choices" in shown
        assert "Traceback" not in shown


def test_an_audit_goes_on_past_a_row_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "predictions").mkdir()
    rows = [
        {"id": f"{n:03}", "hypothesis": "cat", "reference": gold, "extra": {"choices": ["dog", "cat"]}}
        for n, gold in enumerate(["cat"] * 9 + ["cow"])
    ]
    write(tmp_path / "predictions", "sakura-animal-single", rows)
    folder = tmp_path / "out"
    arguments = ["--study", "sakura", "--predictions", str(tmp_path / "predictions"), "--out", str(folder)]
    assert main(["run", *arguments, "--format", "csv", "--replicates", "0", "--workers", "1"]) == 0
    capsys.readouterr()
    audit = json.loads((folder / "audit.json").read_bytes())
    found = [m for m in audit["measurements"] if m["convention"] == "string-match" and m["origin"] == "recomputed"]
    assert [(m["rows"]["scored"], m["rows"]["error"]) for m in found] == [(9, 1)]
    assert "Row 009 cannot be read and counts as an error: the answer 'cow' is not among" in found[0]["note"]
    assert found[0]["counts"] == {"correct": 9, "total": 9, "unread": 0}


def test_unread_outputs_stand_beside_the_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = next(c for c in CASES if c["name"].startswith("an answer after a colon"))
    path = write(tmp_path, case["task"], case["rows"])
    assert main(["score", case["task"], "--predictions", str(path), "--replicates", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-2:] for line in lines if "  air-bench " in line] == [["1", "unread"]]
    assert not any("unread" in line for line in lines if "choice-letter" in line)


@pytest.mark.parametrize("special", [{"end": ["<|im_end|>"], "other": ["<|endoftext|>"]}, {"end": ["<eos>"]}])
def test_the_meta_file_names_the_special_tokens(
    special: dict[str, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end = special["end"][0]
    rows = [
        {"id": "a", "hypothesis": f"good{end}", "reference": ["x"]},
        {"id": "b", "hypothesis": f"good{end}{''.join(special.get('other', []))} {end}\n", "reference": ["x"]},
        {"id": "c", "hypothesis": f"{end} cut", "reference": ["x"]},
        {"id": "d", "hypothesis": "good</s>", "reference": ["x"]},
        {"id": "e", "hypothesis": "stated", "finished": True, "reference": ["x"]},
    ]
    path = write(tmp_path, "ke-inspec", rows, special_tokens=special)
    arguments = ["ke-inspec", "--predictions", str(path)]
    assert main(["detect", *arguments, "--detector", "unfinished", "--ids"]) == 0
    assert [line.strip() for line in capsys.readouterr().out.splitlines()[1:]] == ["c", "d"]
    finished = scores(path, "ke-inspec", capsys)["hufs-finished"]
    assert (finished["rows"]["scored"], finished["rows"]["skipped"]) == (3, {"finished": 2})
    # Another answer to the same rows: counts of a cache are not reused.
    cache = ["--cache", str(tmp_path / "cache"), "--convention", "hufs-finished", "--replicates", "0", "--json"]
    for tokens, kept in ((special, 3), ({"end": ["</s>"]}, 2)):
        write(tmp_path, "ke-inspec", rows, special_tokens=tokens)
        assert main(["score", *arguments, *cache]) == 0
        assert json.loads(capsys.readouterr().out)[0]["rows"]["scored"] == kept


@pytest.mark.parametrize("special", [{"end": []}, {"stop": ["x"]}, {"end": [1]}, {"end": [""]}, {"end": "x"}, ["x"]])
def test_bad_special_tokens(special: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"id": "a", "hypothesis": "x", "reference": "x"}
    path = write(tmp_path, "asr-librispeech-clean", [row], special_tokens=special)
    assert main(["score", "asr-librispeech-clean", "--predictions", str(path)]) == 2
    assert "special_tokens" in capsys.readouterr().err


def test_an_import_keeps_the_special_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, meta = tmp_path / "x.jsonl", tmp_path / "meta.json"
    lines = [{"id": "a", "out": "good<|im_end|><pad>", "gold": "x"}, {"id": "b", "out": "cut", "gold": "x"}]
    source.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    meta.write_text(json.dumps({"special_tokens": {"end": ["<|im_end|>"], "other": ["<pad>"]}}), encoding="utf-8")
    arguments = [
        "--task",
        "st-en-de",
        "--model",
        "m",
        "--variant",
        "v",
        "--meta",
        str(meta),
        "--out",
        str(tmp_path / "p"),
    ]
    fields = ["--field", "hypothesis=out", "--field", "reference=gold"]
    assert main(["import", "jsonl", str(source), *arguments, *fields]) == 0
    assert "1 yes, 1 no, 0 unknown" in capsys.readouterr().out


@pytest.mark.parametrize("case", REPLIES, ids=[f"{c['parser']}: {c['reply'][:30]!r}" for c in REPLIES])
def test_replies(case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Replies reach every parser through `judge import-replies` and `judge agreement --parser`."""
    task = case["task"]
    reference = {"slot": "date", "value": "x", "transcript": "x"} if task == "sf-slurp" else "Happy"
    rows = [{"id": "1", "hypothesis": "x", "reference": reference, "extra": {"judge_response": case["reply"]}}]
    path = write(tmp_path, task, rows)
    common = ["--task", task, "--convention", case["convention"], "--predictions", str(path.parent)]
    assert main(["judge", "import-replies", *common, "--judge", "somebody"]) == 0
    out = tmp_path / "report.json"
    capsys.readouterr()
    assert (
        main(["judge", "agreement", *common, "--parser", case["parser"], "--json-out", str(out), "--replicates", "10"])
        == 0
    )
    assert f"parsed with {case['parser']} instead of" in capsys.readouterr().out
    found = json.loads(out.read_bytes())["ratings"][0]
    assert found["statuses"] == {case["status"]: 1}
