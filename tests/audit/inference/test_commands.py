from __future__ import annotations

import argparse
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("torch")

from audit.cli.commands import infer, merge, plan
from audit.errors import InputError
from tests.support.inference.items import copied_manifest, golden_manifest

pytestmark = pytest.mark.torch
TASK = "asr-librispeech-clean"


def call(command: ModuleType, *words: object) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    code: int = command.run(parser.parse_args([str(word) for word in words]))
    return code


@pytest.fixture
def options(tiny_model: Path, tmp_path: Path) -> list[Any]:
    file = tmp_path / "manifest.jsonl"
    file.write_text(golden_manifest().text(), "utf-8")
    return ["--model", tiny_model, "--manifest", file, "--max-new-tokens", 5, "--batch-size", 2]


def test_tasks_on_one_manifest_share_what_was_heard(
    options: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "predictions"
    assert call(infer, "--task", "st-en-zh", "st-en-de", *options, "--out", out) == 0
    assert "st-en-de: 4 rows, 0 of them errors" in capsys.readouterr().out
    assert len(list((out / ".features").rglob("*.safetensors"))) == 4
    prompts = {json.loads(line)["prompt"] for line in (out / "st-en-zh.jsonl").read_text().splitlines()}
    assert prompts == {"Listen to the speech and translate it into Chinese."}
    # A second start finds everything done.
    before = (out / "st-en-zh.jsonl").read_bytes()
    assert call(infer, "--task", "st-en-zh", *options, "--out", out) == 0
    assert (out / "st-en-zh.jsonl").read_bytes() == before


def test_shards_are_merged_by_the_command(
    options: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(infer, "--task", TASK, *options, "--out", tmp_path / "whole") == 0
    for k in (1, 2):
        assert call(infer, "--task", TASK, *options, "--out", tmp_path / "parts", "--shard", f"{k}/2") == 0
    assert "join the shards with `repro-audit merge --task asr-librispeech-clean`" in capsys.readouterr().out
    assert call(merge, tmp_path / "parts", "--task", TASK) == 0
    name = f"{TASK}.jsonl"
    assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_planned_run_stops_where_it_is_told_and_goes_on(
    options: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Four clips are not LibriSpeech, and a plan for them would be refused.
    monkeypatch.setattr("audit.pipeline.plan_design._check_set", lambda rows, card: None)
    out = tmp_path / "out"
    manifest = tmp_path / "manifest.jsonl"
    claim = ["--claim", "2.1", "--convention", "audiobench", "--seed", "a value drawn before", "--audits", 0]
    assert call(plan, TASK, *claim, "--manifest", manifest, "--out", out) == 0
    follow = ["--task", TASK, *options, "--out", out, "--until-settled", "--plan", out / f"{TASK}.plan.json"]
    assert call(infer, *follow, "--max-units", 2) == 0
    rows = (out / f"{TASK}.jsonl").read_text("utf-8").splitlines()
    assert len(rows) == 2
    capsys.readouterr()
    assert call(infer, *follow) == 0
    shown = capsys.readouterr().out
    assert "settled" in shown
    more = (out / f"{TASK}.jsonl").read_text("utf-8").splitlines()
    # What was generated before is kept; the planned rows are those of a run without a plan.
    assert set(rows) <= set(more)
    assert call(infer, "--task", TASK, *options, "--out", tmp_path / "whole") == 0
    whole = (tmp_path / "whole" / f"{TASK}.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["id"] for line in more} <= {json.loads(line)["id"] for line in whole}


def test_error_rows_end_with_exit_code_1_and_are_named(
    options: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = copied_manifest(tmp_path / "audio")
    (tmp_path / "audio" / "mid_3.3s.wav").unlink()
    (tmp_path / "manifest.jsonl").write_text(manifest.text(), "utf-8")
    assert call(infer, "--task", TASK, *options, "--out", tmp_path / "out") == 1
    assert "4 rows, 1 of them errors" in capsys.readouterr().out
    record = json.loads((tmp_path / "out" / f"{TASK}.run.json").read_text())
    assert record["errors"] == {"mid_3.3s-00": "mid_3.3s.wav: no such audio file"}
    assert record["environments"][0]["packages"]["torch"]


def test_a_trial_on_some_items_is_noted(options: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(infer, "--task", TASK, *options, "--out", tmp_path / "out", "--limit", 1, "--no-features") == 0
    shown = capsys.readouterr()
    assert "only the first 1 of 4 items" in shown.err
    assert f"{TASK}: 1 of 1" in shown.err
    assert not (tmp_path / "out" / ".features").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["--task", "asr-nothing"], "unknown task"),
        (["--task", TASK, "--data", "."], "either --data FOLDER or --manifest FILE"),
        (["--task", TASK, "--batch-size", "0"], "--batch-size must be at least 1"),
        (["--task", TASK, "--shard", "3/2"], "not a shard"),
        (["--task", TASK, "--prompt", "Say {}"], "does not match the item's query"),
    ],
)
def test_bad_usage_is_explained(options: list[Any], tmp_path: Path, change: list[str], says: str) -> None:
    from audit.errors import AuditError

    with pytest.raises(AuditError, match=says):
        call(infer, *options, "--out", tmp_path / "out", *change)


def test_a_folder_that_is_no_data_set_is_explained(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="test-clean not found") as caught:
        call(infer, "--task", TASK, "--model", tiny_model, "--data", tmp_path, "--out", tmp_path / "out")
    assert "openslr" in str(caught.value)
