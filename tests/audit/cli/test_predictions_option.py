"""`--predictions` takes a file or the folder that holds it, in every command that has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.cli import main
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.predictions import file_of, find

TASK = "er-iemocap"
LABELS = ("Neutral", "Happy", "Sad", "Angry")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "p"
    place.mkdir()
    rows = [{"id": f"{n:06d}", "hypothesis": LABELS[n % 4], "reference": LABELS[n % 3], "prompt": f"Prompt {n % 2}"}
            for n in range(24)]  # fmt: skip
    meta = {"schema": "repro-audit/predictions/1", "task": TASK, "model": "made up", "variant": "13b"}
    for task in (TASK, "sqqa-wikiqa"):
        (place / f"{task}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (place / f"{task}.meta.json").write_text(json.dumps({**meta, "task": task}))
    (place / "sqqa-wikiqa.jsonl").write_text("broken\n")
    return place


@pytest.mark.parametrize(
    "command", [["score", TASK, "--replicates", "0"], ["multiverse", TASK], ["detect", TASK], ["prompts", TASK],
                ["explain", TASK, "--value", "50.0"]]
)  # fmt: skip
def test_commands_of_one_task(folder: Path, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for place in (folder, folder / f"{TASK}.jsonl"):
        assert main([*command, "--predictions", str(place)]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != ""


def test_judge_status_of_one_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "status", "--predictions", str(folder / f"{TASK}.jsonl")]) == 0
    assert "no judgements" in capsys.readouterr().out
    assert main(["judge", "status", "--predictions", str(folder / "none")]) == 2


@pytest.mark.slow
def test_an_audit_of_one_file_leaves_the_others_alone(folder: Path, tmp_path: Path) -> None:
    options = ["--format", "html", "--out", str(tmp_path / "out")]
    assert main(["run", "--predictions", str(folder), *options]) == 2  # the broken file
    assert main(["run", "--predictions", str(folder / f"{TASK}.jsonl"), *options]) == 0
    inputs = [item["path"] for item in json.loads((tmp_path / "out/audit.json").read_text())["inputs"]]
    assert [path for path in inputs if path.startswith("predictions/")] == [
        f"predictions/{TASK}.jsonl", f"predictions/{TASK}.meta.json"]  # fmt: skip


def test_run_without_such_a_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--predictions", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert "no such file or folder" in capsys.readouterr().err


def test_the_file_of_a_task(folder: Path) -> None:
    assert file_of(None, TASK) == Path(f"predictions/{TASK}.jsonl")
    assert file_of(folder, TASK) == file_of(folder / f"{TASK}.jsonl", TASK) == folder / f"{TASK}.jsonl"
    assert file_of(folder / "other.jsonl", TASK) == folder / "other.jsonl"  # missing: the message names it
    assert find(folder / f"{TASK}.jsonl", tasks()) == {TASK: folder / f"{TASK}.jsonl"}


@pytest.mark.parametrize("name", ["mine.jsonl", f"{TASK}.meta.json", f"{TASK}.judgements.jsonl"])
def test_a_file_that_is_not_named_after_a_task(folder: Path, name: str) -> None:
    from audit.errors import InputError

    (folder / name).touch()
    with pytest.raises(InputError, match="is not named after a task"):
        find(folder / name, tasks())
