# ruff: noqa: E402 - soundfile is asked for first
"""Runs of a model engine: the rows, error rows, events and records of SALMONN's runs, without a model."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile")

from audit.cli import main
from audit.inference.merge import work_folder
from tests.support.inference import made_engine

TASK = "pond-asr"
LENGTHS = (16000, 8000, 24000, 4000, 12000, 600000)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with clips of six lengths, a study that declares their task, and a model."""
    made_engine.register(monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    clips = tmp_path / "clips"
    clips.mkdir()
    lines = ["file_name,reference,speaker"]
    for number, length in enumerate(LENGTHS):
        soundfile.write(clips / f"c{number}.wav", np.full(length, 0.1), 16000)
        lines.append(f"c{number}.wav,some words,s{number % 2}")
    (clips / "metadata.csv").write_text("\n".join(lines) + "\n")
    shown = Path(__file__).parents[3] / "docs" / "tutorial" / "real-model" / "study.yaml"
    (tmp_path / "study.yaml").write_text(shown.read_text("utf-8").replace("harbour-asr", TASK))
    made_engine.write(tmp_path)
    return tmp_path


def infer(*words: str) -> int:
    return main(["infer", "--task", TASK, "--model", "model.yaml", "--data", "clips", *words])


def rows(path: str = f"predictions/{TASK}.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def record(path: str = f"predictions/{TASK}.run.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return found


def test_rows_and_records(place: Path) -> None:
    assert infer("--batch-size", "4", "--who", "a tester") == 0
    found = rows()
    assert [row["id"] for row in found] == [f"c{n}" for n in range(6)]
    # Neither padded to a second nor cut to thirty, as for SALMONN.
    assert [row["hypothesis"] for row in found] == [str(length) for length in LENGTHS]
    assert found[1]["extra"] == {"speaker": "s1", "ids": [1]}
    assert found[0]["reference"] == "some words"
    meta = json.loads((place / f"predictions/{TASK}.meta.json").read_text())
    assert (meta["model"], meta["variant"], meta["prompt"], meta["who"]) == ("Made", "released", None, "a tester")
    assert set(meta["weights"]) == {"weights.bin"}
    assert meta["decoding"]["engine"] == "made"
    assert meta["decoding"]["libraries"] == {"numpy": np.__version__}
    assert (meta["decoding"]["scale"], meta["decoding"]["batch_size"]) == ("1.0", 4)
    assert meta["dataset"]["name"] == "clips"
    assert record()["run"]["model"]["engine"] == "made"
    assert record()["environments"][0]["packages"] == {"numpy": np.__version__}
    assert main(["score", TASK]) == 0


def test_what_killed_runs_left_in_the_folder_of_the_shards_goes_after_an_hour(place: Path) -> None:
    folder = work_folder(place / "predictions", TASK)
    folder.mkdir(parents=True)
    old, young = folder / ".manifest.jsonl.a.tmp", folder / ".manifest.jsonl.b.tmp"
    for left in (old, young):
        left.touch()
    os.utime(old, (0, 0))
    assert infer() == 0
    assert (old.exists(), young.exists()) == (False, True)


def test_shards_resumption_and_reading_ahead_change_no_byte(place: Path) -> None:
    assert infer("--out", "whole") == 0
    wanted = Path(f"whole/{TASK}.jsonl").read_bytes()
    for k in (1, 2, 3):
        assert infer("--out", f"part{k}", "--shard", f"{k}/3") == 0
    assert main(["merge", "part1", "part2", "part3", "--task", TASK, "--out", "merged"]) == 0
    assert Path(f"merged/{TASK}.jsonl").read_bytes() == wanted
    assert Path(f"merged/{TASK}.meta.json").read_bytes() == Path(f"whole/{TASK}.meta.json").read_bytes()
    journal = work_folder(Path("whole"), TASK) / "shard-1-of-1.journal"
    raw = journal.read_bytes()
    for cut in (raw.index(b"\n") + 1, len(raw) // 2, len(raw) - 1):
        journal.write_bytes(raw[:cut])
        Path(f"whole/{TASK}.jsonl").unlink()
        assert infer("--out", "whole") == 0
        assert Path(f"whole/{TASK}.jsonl").read_bytes() == wanted
        assert journal.read_bytes() == raw
    assert infer("--out", "ahead", "--prefetch", "1") == 0
    assert Path(f"ahead/{TASK}.jsonl").read_bytes() == wanted


def test_a_run_goes_on_only_with_the_same_model(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert infer() == 0
    (place / "weights/weights.bin").write_bytes(b"other weights")
    assert infer() == 2
    assert "the journal is of a run with a different weights" in capsys.readouterr().err
    (place / "weights/weights.bin").write_bytes(b"weights")
    made_engine.write(place, scale='"2.0"')
    assert infer() == 2
    assert "a different decoding" in capsys.readouterr().err
    # Words of an error do not determine rows.
    made_engine.write(place, message="another")
    assert infer() == 0
    made_engine.write(place, sha256=f"{{weights.bin: {'0' * 64}}}")
    assert infer("--out", "pinned") == 1
    assert "a different file: its SHA-256 is " in capsys.readouterr().err
    assert not Path("pinned", f"{TASK}.jsonl").exists()


def test_clips_that_fail_are_error_rows(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "clips/c3.wav").write_bytes(b"no sound")
    (place / "clips/c4.wav").unlink()
    made_engine.write(place, broken=24000)
    assert infer("--batch-size", "3") == 1
    assert "6 rows, 3 of them errors" in capsys.readouterr().out
    errors = record()["errors"]
    assert errors["c2"] == "unexpected error, RuntimeError: a fault"
    assert errors["c3"].startswith("c3.wav: not a readable audio file")
    assert errors["c4"] == "c4.wav: no such audio file"
    assert [row["hypothesis"] for row in rows()] == ["16000", "8000", None, None, None, "600000"]
    assert {event["event"] for event in record()["events"]} == {"batch-divided"}


def test_memory_halves_batches_and_one_clip_too_large_ends_the_run(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made_engine.write(place, batch=2)
    assert infer("--batch-size", "6") == 0
    assert [row["hypothesis"] for row in rows()] == [str(length) for length in LENGTHS]
    assert [(e["event"], e["halved_to"]) for e in record()["events"]] == [
        ("out-of-memory", [3, 3]), ("out-of-memory", [1, 2]), ("out-of-memory", [1, 2]),
    ]  # fmt: skip
    made_engine.write(place, batch=0)
    assert infer("--out", "none") == 3
    assert "not enough memory for a single clip" in capsys.readouterr().err


def test_a_device_that_fails_ends_the_run_and_costs_no_row(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made_engine.write(place, broken=8000, message="CUDA error - an illegal memory access was encountered")
    assert infer() == 3
    assert "the device cpu no longer works" in capsys.readouterr().err
    # The clips before it, longest first, are kept; those after it do not become error rows.
    journal = (work_folder(Path("predictions"), TASK) / "shard-1-of-1.journal").read_text("utf-8")
    assert journal.count('"hypothesis":"') == 4
    assert "illegal" not in journal


def test_instructions(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made_engine.write(place, asked="true")
    assert infer() == 2
    assert f"there is no instruction for the task {TASK}" in capsys.readouterr().err
    made_engine.write(place, asked="true", prompt='"Any. "', prompts=f'{{{TASK}: "Say it. "}}')
    assert infer("--limit", "1") == 0
    assert rows()[0]["hypothesis"] == "Say it. 16000"
    assert rows()[0]["prompt"] == "Say it. "
    assert json.loads((place / f"predictions/{TASK}.meta.json").read_text())["prompt"] == "Say it. "
    assert infer("--limit", "1", "--prompt", "Now: ", "--out", "given") == 0
    assert rows(f"given/{TASK}.jsonl")[0]["hypothesis"] == "Now: 16000"
    # SALMONN's instruction for a task of its own, and questions of single items.
    made_engine.write(place, asked="true", prompt="'{} '")
    metadata = [
        {"file_name": f"c{n}.wav", "reference": "x", **({"query": f"what? {n}"} if n else {})} for n in range(2)
    ]
    (place / "clips/metadata.csv").unlink()
    (place / "clips/metadata.jsonl").write_text("".join(json.dumps(one) + "\n" for one in metadata))
    assert infer("--out", "asked") == 2
    assert "does not match the item's query" in capsys.readouterr().err
    metadata[0]["query"] = "who?"
    (place / "clips/metadata.jsonl").write_text("".join(json.dumps(one) + "\n" for one in metadata))
    assert infer("--out", "asked2") == 0
    assert [row["hypothesis"] for row in rows(f"asked2/{TASK}.jsonl")] == ["who? 16000", "what? 1 8000"]


@pytest.mark.parametrize(
    "option",
    [["--beams", "2"], ["--precision", "fp16"], ["--lora", "merged"], ["--lora-alpha", "8"], ["--attention", "eager"],
     ["--decoding", "current"], ["--max-new-tokens", "5"], ["--encode-batch", "2"], ["--prompt", "Say."]],
)  # fmt: skip
def test_options_of_salmonn_are_refused(place: Path, option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert infer(*option) == 2
    assert f"{option[0]}: does not apply to the engine made" in capsys.readouterr().err


def test_a_run_with_a_name_stands_beside_the_task(place: Path) -> None:
    assert infer("--limit", "2") == 0
    assert infer("--limit", "2", "--run", "whisper-large-v2") == 0
    assert rows(f"predictions/{TASK}@whisper-large-v2.jsonl") == rows()
    assert main(["score", TASK]) == 0
    for k in (1, 2):
        assert infer("--limit", "2", "--run", "again", "--shard", f"{k}/2", "--out", "parts") == 0
    assert main(["merge", "parts", "--task", f"{TASK}@again"]) == 0
    assert rows(f"parts/{TASK}@again.jsonl") == rows()
    assert json.loads(Path(f"parts/{TASK}@again.meta.json").read_text())["task"] == TASK
    assert infer("--run", "../x") == 2


def test_several_tasks_load_the_model_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    load = made_engine.Made.load
    monkeypatch.setattr(made_engine.Made, "load", lambda self, model: (loads.append(model.name), load(self, model))[1])
    study = (place / "study.yaml").read_text("utf-8")
    second = study[study.index(f"  - id: {TASK}\n") : study.index("margins:")].replace(TASK, "lake-asr")
    (place / "study.yaml").write_text(study.replace("margins:", second + "margins:"), "utf-8")
    assert main(["infer", "--task", TASK, "lake-asr", "--model", "model.yaml", "--data", "clips"]) == 0
    assert loads == ["Made"]
    assert [row["hypothesis"] for row in rows("predictions/lake-asr.jsonl")] == [str(length) for length in LENGTHS]


def test_all_steps_of_a_study_elsewhere(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`all` finds the clips by the task's name, runs the model on them, and audits the outputs."""
    monkeypatch.setenv("TMPDIR", "/tmp")  # `all` sets it; this puts it back
    (place / "sets").mkdir()
    (place / "clips").rename(place / "sets" / TASK)
    (place / "elsewhere").mkdir()
    (place / "study.yaml").rename(place / "elsewhere/study.yaml")
    call = [
        "all",
        "--study",
        "elsewhere/study.yaml",
        "--weights",
        ".",
        "--data",
        "sets",
        "--out",
        "out",
        "--format",
        "csv",
    ]
    assert main(call) == 0
    said = capsys.readouterr()
    assert f"== {TASK}" in said.out
    assert f"{TASK}: 6 rows, 0 of them errors" in said.out
    assert "Made released by made" in said.out
    audit = json.loads(Path("out/audit.json").read_text("utf-8"))
    assert {m["task"] for m in audit["measurements"] if m["origin"] == "recomputed"} == {TASK}
    # A set of one's own may be at 8 kHz, and lie somewhere else.
    (place / "sets" / TASK).rename(place / "sets/other")
    (place / "sets/data.yaml").write_text(f"{TASK}: {{data: other, resampler: soxr-hq}}\n")
    assert main([*call[:-4], "--out", "again", "--format", "csv"]) == 0
    (place / "sets/data.yaml").write_text("pond-asl: {data: other}\n")
    assert main([*call[:-4], "--out", "again", "--format", "csv"]) == 2
    assert "unknown task 'pond-asl'" in capsys.readouterr().err


def test_a_task_that_no_study_declares(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["infer", "--task", "pond-asl", "--model", "model.yaml", "--data", "clips"]) == 2
    said = capsys.readouterr().err
    assert "unknown task 'pond-asl'" in said
    assert f"Did you mean {TASK}" in said
