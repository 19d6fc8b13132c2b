"""`prompts` scores the prompts that importers keep, and says why it cannot where there are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main

TASK = "asr-librispeech-clean"
PROMPTS = ("Transcribe the speech.", "Write down what you hear.")
AUDIOBENCH = [
    {
        "text": PROMPTS[n % 2],
        "answer": f"word number {n}",
        "task_type": "ASR",
        "model_prediction": f"word number {n - n % 2}",
    }
    for n in range(24)
]
CMI = [
    {"question": PROMPTS[n % 2], "response": f"word number {n}", "correct_answer": f"word number {n}", "audioid": f"a{n}",
     "other": {}}
    for n in range(24)
]  # fmt: skip
LINES = [
    {"id": f"{n:02}", "prompt": PROMPTS[n % 2], "hypothesis": f"word {n}", "reference": f"word {n}"} for n in range(24)
]


def imported(folder: Path, kind: str, records: list[dict[str, Any]], *arguments: str) -> Path:
    source = folder / "source.json"
    text = "".join(json.dumps(one) + "\n" for one in records) if kind == "jsonl" else json.dumps(records)
    source.write_text(text, encoding="utf-8")
    common = ["--task", TASK, "--model", "m", "--variant", "7b", "--out", str(folder / "p"), *arguments]
    assert main(["import", kind, str(source), *common]) == 0
    return folder / "p"


@pytest.mark.parametrize(("kind", "records"), [("audiobench", AUDIOBENCH), ("cmi-bench", CMI), ("jsonl", LINES)])
def test_prompts_that_importers_keep(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, records: list[dict[str, Any]]
) -> None:
    folder = imported(tmp_path, kind, records)
    capsys.readouterr()
    arguments = ["--predictions", str(folder), "--convention", "verbatim", "--replicates", "20", "--permutations", "99"]
    assert main(["prompts", TASK, *arguments]) == 0
    out = capsys.readouterr().out
    assert "24 rows, 2 prompts" in out
    assert all(f"    12  {prompt}" in out for prompt in PROMPTS)


@pytest.mark.parametrize(
    ("arguments", "what"), [((), "the rows carry no prompt"), (("--prompt", "p"), "all rows have the same prompt")]
)
def test_nothing_to_compare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], what: str
) -> None:
    bare = [{name: value for name, value in line.items() if name != "prompt"} for line in LINES]
    folder = imported(tmp_path, "jsonl", bare, *arguments)
    assert main(["prompts", TASK, "--predictions", str(folder)]) == 2
    assert what in capsys.readouterr().err
