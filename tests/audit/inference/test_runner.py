# ruff: noqa: E402 - torch is asked for first
from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.paths import ROOT

torch = pytest.importorskip("torch")

from audit.errors import InputError, MissingError
from audit.inference import worker as workers
from audit.inference.engines.local import LocalEngine
from audit.inference.merge import merge, work_folder
from audit.inference.plan import make_plan, parse_shard, take_shard
from audit.inference.run_records import Outcome
from audit.inference.runner import Job, clip_lengths, run
from audit.inference.salmonn.config import read_model_config
from audit.inference.salmonn.decoding import Decoding
from audit.inference.settings import TaskSetting
from audit.inference.worker import Spec
from tasks.datasets.manifest import Manifest
from tests.support.inference.items import copied_manifest, golden_manifest

pytestmark = pytest.mark.torch
TASK = "asr-librispeech-clean"


@pytest.fixture
def job(tiny_model: Path, loaded: Any, tmp_path: Path) -> Callable[..., Job]:
    def make(out: str = "out", manifest: Manifest | None = None, size: int = 3, **changes: Any) -> Job:
        found = manifest or golden_manifest()
        base = Spec(
            read_model_config(tiny_model),
            TaskSetting("asr", "{}" if found.items[0].query else "Recognize the speech and give me the transcription."),
            Decoding(max_new_tokens=12),
            found.root,
            weights=loaded.record.weights,
        )
        return Job(TASK, found, replace(base, **changes), size, tmp_path / out)

    return make


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_predictions_are_what_the_scorers_read(job: Callable[..., Job], loaded: Any) -> None:
    from audit.literature.known_tasks import known_tasks as tasks
    from audit.scoring.predictions import load

    seen: list[tuple[int, int]] = []
    outcome = run(job(), LocalEngine(loaded=loaded), lambda *x: seen.append(x), who="a tester")
    assert outcome.predictions is not None
    assert (outcome.rows, outcome.errors) == (4, 0)
    assert seen == [(0, 4), (3, 4), (4, 4)]
    found = load(outcome.predictions, tasks()[TASK])
    assert [row.id for row in found.rows] == sorted(row.id for row in found.rows)
    assert found.meta.who == "a tester"
    assert found.meta.decoding is not None
    assert found.meta.decoding["rule"] == "transformers-4.28"
    assert found.meta.weights == loaded.record.weights
    assert found.rows[0].hypothesis is not None
    assert found.rows[0].hypothesis.startswith("<s>")


def test_the_bytes_do_not_depend_on_batch_size_cache_prefetch_shards_or_workers(
    job: Callable[..., Job], loaded: Any, tmp_path: Path
) -> None:
    manifest = golden_manifest(copies=3, query=True)
    one = run(job("one", manifest, 1), LocalEngine(loaded=loaded)).predictions
    assert one is not None
    wanted = one.read_bytes()
    for size in (2, 5, 12):
        found = run(job(f"size{size}", manifest, size), LocalEngine(loaded=loaded)).predictions
        assert found is not None
        assert found.read_bytes() == wanted
    cache = tmp_path / "features"
    for name in ("cold", "warm"):
        found = run(job(name, manifest, 4, features=cache), LocalEngine(loaded=loaded)).predictions
        assert found is not None
        assert found.read_bytes() == wanted
    assert len(list(cache.rglob("*.safetensors"))) == 4
    found = run(job("ahead", manifest, 4, prefetch=1, encode_batch=4), LocalEngine(loaded=loaded)).predictions
    assert found is not None
    assert found.read_bytes() == wanted
    folders = []
    for k in (1, 2, 3):
        outcome = run(replace(job(f"shard{k}", manifest, 1), shard=(k, 3)), LocalEngine(loaded=loaded))
        assert outcome.predictions is None
        folders.append(tmp_path / f"shard{k}")
        if k < 3:
            with pytest.raises(InputError, match="batches are missing"):
                merge(TASK, folders, tmp_path / "merged")
    assert merge(TASK, folders, tmp_path / "merged") == Outcome(12, 0, tmp_path / "merged" / f"{TASK}.jsonl")
    assert (tmp_path / "merged" / f"{TASK}.jsonl").read_bytes() == wanted
    two = run(job("two", manifest, 1), LocalEngine(("cpu", "cpu"))).predictions
    assert two is not None
    assert two.read_bytes() == wanted


DONE: list[int] = []


class Counting(LocalEngine):
    def run(self, spec: Spec, batches: Any) -> Any:
        DONE.extend(batch.number for batch in batches)
        return LocalEngine.run(self, spec, batches)


def test_an_interrupted_run_goes_on_wherever_it_was_cut(job: Callable[..., Job], loaded: Any) -> None:
    whole = job("whole", golden_manifest(copies=2), 3)
    path = run(whole, LocalEngine(loaded=loaded)).predictions
    assert path is not None
    wanted = path.read_bytes()
    journal = work_folder(whole.out, TASK) / "shard-1-of-1.journal"
    raw = journal.read_bytes()
    ends = [i + 1 for i, byte in enumerate(raw) if byte == 10]
    for cut in [ends[0], ends[1], ends[1] + 1, ends[1] + 700, ends[2] - 1, len(raw)]:
        journal.write_bytes(raw[:cut])
        path.unlink()
        engine = Counting(loaded=loaded)
        DONE.clear()
        run(whole, engine)
        assert path.read_bytes() == wanted
        assert journal.read_bytes() == raw
        kept = sum(end <= cut for end in ends) - 1
        assert list(range(kept, 3)) == DONE


def test_kill_9_loses_no_finished_row_and_repeats_none(tiny_model: Path, tmp_path: Path) -> None:
    manifest = golden_manifest(copies=4)
    file = tmp_path / "manifest.jsonl"
    file.write_text(manifest.text(), "utf-8")
    code = (
        "import argparse, sys; from audit.cli.commands import infer; p = argparse.ArgumentParser();"
        "infer.add_arguments(p); sys.exit(infer.run(p.parse_args()))"
    )

    def start(out: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", code, "--task", TASK, "--model", str(tiny_model), "--manifest", str(file),
                   "--out", str(tmp_path / out), "--max-new-tokens", "20", "--no-features"]  # fmt: skip
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    plain = start("plain")
    assert plain.wait(timeout=120) == 0
    journal = work_folder(tmp_path / "killed", TASK) / "shard-1-of-1.journal"
    before = b""
    for more in (3, 9):
        process = start("killed")
        while process.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < more):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = journal.read_bytes()
        whole = before[: before.rfind(b"\n") + 1]
        assert now.startswith(whole)
        before = now
        assert not (tmp_path / "killed" / f"{TASK}.jsonl").exists()
    last = start("killed")
    assert last.wait(timeout=120) == 0
    assert journal.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    batches = [json.loads(line)["batch"] for line in journal.read_bytes().splitlines()[1:]]
    assert sorted(batches) == list(range(16))
    name = f"{TASK}.jsonl"
    assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()


def test_another_run_does_not_go_on_with_a_journal(job: Callable[..., Job], loaded: Any) -> None:
    run(job(), LocalEngine(loaded=loaded))
    with pytest.raises(InputError, match="a different decoding"):
        run(job(decoding=Decoding(max_new_tokens=13)), LocalEngine(loaded=loaded))
    with pytest.raises(InputError, match="a different batch_size"):
        run(job(size=2), LocalEngine(loaded=loaded))
    journal = work_folder(job().out, TASK) / "shard-1-of-1.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(lines[0] + b"{broken\n" + lines[1])
    with pytest.raises(InputError, match="damaged") as caught:
        run(job(), LocalEngine(loaded=loaded))
    assert str(caught.value).startswith(f"{journal}:2")


def test_two_runs_do_not_write_one_journal(job: Callable[..., Job], loaded: Any) -> None:
    class Greedy(LocalEngine):
        def run(self, spec: Spec, batches: Any) -> Any:
            with pytest.raises(InputError, match="another run is writing"):
                run(job(), LocalEngine(loaded=loaded))
            return LocalEngine.run(self, spec, batches)

    assert run(job(), Greedy(loaded=loaded)).rows == 4


def test_a_full_disk_loses_nothing(job: Callable[..., Job], loaded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = job(manifest=golden_manifest(copies=2), size=2)
    write, calls = os.write, [0]

    def full(descriptor: int, data: bytes) -> int:
        calls[0] += 1
        if calls[0] == 4:
            write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(MissingError, match="the disk is full") as caught:
        run(whole, LocalEngine(loaded=loaded))
    assert "the 2 finished batches are kept" in str(caught.value)
    monkeypatch.undo()
    path = run(whole, LocalEngine(loaded=loaded)).predictions
    other = run(job("other", golden_manifest(copies=2), 2), LocalEngine(loaded=loaded)).predictions
    assert path is not None
    assert other is not None
    assert path.read_bytes() == other.read_bytes()


def test_out_of_memory_halves_the_batch_and_is_recorded(
    job: Callable[..., Job], loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = golden_manifest(copies=2)
    calm = run(job("calm", manifest, 8), LocalEngine(loaded=loaded)).predictions
    real = workers.generate

    def short(model: Any, audio: Any, prompts: Any, decoding: Any) -> Any:
        if len(prompts) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(model, audio, prompts, decoding)

    monkeypatch.setattr(workers, "generate", short)
    tight = run(job("tight", manifest, 8), LocalEngine(loaded=loaded)).predictions
    assert calm is not None
    assert tight is not None
    assert tight.read_bytes() == calm.read_bytes()
    events = json.loads(tight.with_name(f"{TASK}.run.json").read_text())["events"]
    assert [(e["event"], e["rows"], e["halved_to"]) for e in events] == [
        ("out-of-memory", 8, [4, 4]),
        ("out-of-memory", 4, [2, 2]),
        ("out-of-memory", 4, [2, 2]),
    ]
    monkeypatch.setattr(workers, "generate", lambda *_: (_ for _ in ()).throw(RuntimeError("not enough memory: you")))
    with pytest.raises(MissingError, match="a single clip"):
        run(job("none", manifest, 8), LocalEngine(loaded=loaded))
    monkeypatch.setattr(workers, "generate", lambda *_: (_ for _ in ()).throw(RuntimeError("a fault of the code")))
    fault = run(job("fault", manifest, 8), LocalEngine(loaded=loaded))
    assert fault.predictions is not None
    assert (fault.rows, fault.errors) == (8, 8)
    assert {row["extra"]["error"] for row in rows(fault.predictions)} == {
        "unexpected error, RuntimeError: a fault of the code"
    }


def spoil(root: Path) -> dict[str, str]:
    """Damage every golden WAV but one in another way; give what must be said of each."""
    soundfile = pytest.importorskip("soundfile")
    (root / "mid_3.3s.wav").unlink()
    soundfile.write(root / "long_12s.wav", np.zeros(8000), 8000)
    soundfile.write(root / "over_31s.wav", np.array([0.1, np.nan, 0.2]), 16000, subtype="FLOAT")
    return {"mid_3.3s": "no such audio file", "long_12s": "8000 Hz", "over_31s": "NaN or infinite"}


def test_clips_that_cannot_be_read_are_error_rows_and_the_run_goes_on(
    job: Callable[..., Job], loaded: Any, tmp_path: Path
) -> None:
    manifest = copied_manifest(tmp_path / "audio")
    says = spoil(tmp_path / "audio")
    outcome = run(job(manifest=manifest, size=2), LocalEngine(loaded=loaded))
    assert (outcome.rows, outcome.errors) == (4, 3)
    assert outcome.predictions is not None
    for row in rows(outcome.predictions):
        name = row["id"][:-3]
        if name in says:
            assert row["hypothesis"] is None
            assert says[name] in row["extra"]["error"]
            assert str(tmp_path) not in row["extra"]["error"]
        else:
            assert row["hypothesis"]


@pytest.mark.parametrize(
    ("seconds", "channels", "rate", "resampler", "notes"),
    [
        (0.001, 1, 16000, "none", {}),
        (600, 1, 16000, "none", {"cut_samples": 570 * 16000}),
        (1, 2, 16000, "none", {"channels": 2}),
        (1, 1, 8000, "soxr-hq", {"source_rate": 8000}),
        (2, 2, 48000, "soxr-vhq", {"channels": 2, "source_rate": 48000}),
    ],
)
def test_unusual_audio_is_taken_as_the_original_does_and_noted(
    tmp_path: Path, seconds: float, channels: int, rate: int, resampler: str, notes: dict[str, int]
) -> None:
    soundfile = pytest.importorskip("soundfile")
    from audit.inference.audio import AudioError, read_clip

    left = np.sin(np.arange(int(seconds * rate)) / 40) / 2
    sound = np.stack([left, -left], axis=1)[:, :channels]
    path = tmp_path / "a.wav"
    soundfile.write(path, sound, rate, subtype="DOUBLE")
    clip = read_clip([path], resampler)
    assert clip.notes == notes
    assert len(clip.samples) == min(max(16000, round(seconds * 16000)), 480000)
    if rate == 16000:
        assert np.array_equal(clip.samples[: len(left)], left[: len(clip.samples)])
    else:
        with pytest.raises(AudioError, match="sample rate"):
            read_clip([path])
    joined = read_clip([path, path], resampler).samples
    if seconds == 1 and rate == 16000:
        assert np.array_equal(joined, np.concatenate([left, np.zeros(1600), left]))


def test_an_empty_sound_file_and_a_text_file_are_errors(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    from audit.inference.audio import AudioError, read_clip

    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16000)
    (tmp_path / "text.wav").write_text("not sound")
    with pytest.raises(AudioError, match="contains no samples"):
        read_clip([tmp_path / "empty.wav"])
    with pytest.raises(AudioError, match="not a readable audio file"):
        read_clip([tmp_path / "text.wav"])


def test_the_plan_is_of_like_lengths_and_shards_cover_it() -> None:
    manifest = golden_manifest(copies=5)
    lengths = clip_lengths(manifest)
    plan = make_plan(manifest.items, lengths, 3)
    assert sorted(item.id for batch in plan for item in batch.items) == [item.id for item in manifest.items]
    spans = [(lengths[batch.items[-1].id], lengths[batch.items[0].id]) for batch in plan]
    assert all(one[0] >= two[1] for one, two in pairwise(spans))
    assert make_plan(manifest.items[::-1], lengths, 3) == plan
    parts = [take_shard(plan, (k, 4)) for k in (1, 2, 3, 4)]
    assert sorted(batch.number for part in parts for batch in part) == [batch.number for batch in plan]
    assert parse_shard("3/8") == (3, 8)
    for text in ("0/3", "4/3", "1", "a/b", "1/0"):
        with pytest.raises(InputError, match="not a shard"):
            parse_shard(text)


def test_a_damaged_feature_is_computed_again(job: Callable[..., Job], loaded: Any, tmp_path: Path) -> None:
    cache = tmp_path / "features"
    first = run(job("first", features=cache), LocalEngine(loaded=loaded)).predictions
    for file in cache.rglob("*.safetensors"):
        file.write_bytes(b"cut")
    second = run(job("second", features=cache), LocalEngine(loaded=loaded)).predictions
    assert first is not None
    assert second is not None
    assert first.read_bytes() == second.read_bytes()


def test_a_worker_that_dies_is_replaced_and_one_batch_that_kills_is_named(
    job: Callable[..., Job], loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audit.inference.engines import local

    manifest = golden_manifest(copies=2)
    calm = run(job("calm", manifest, 1), LocalEngine(loaded=loaded)).predictions
    give = local._Process.give
    killed: list[int] = []

    def deadly(self: Any, batch: Any) -> None:
        give(self, batch)
        if batch.number == 3 and len(killed) < 2:
            killed.append(batch.number)
            self.process.kill()

    monkeypatch.setattr(local._Process, "give", deadly)
    lossy = run(job("lossy", manifest, 1), LocalEngine(("cpu", "cpu"))).predictions
    assert calm is not None
    assert lossy is not None
    assert killed == [3, 3]
    assert lossy.read_bytes() == calm.read_bytes()
    events = json.loads(lossy.with_name(f"{TASK}.run.json").read_text())["events"]
    assert [e["event"] for e in events] == ["worker-lost", "worker-lost"]


def test_merge_refuses_what_does_not_belong_together(job: Callable[..., Job], loaded: Any, tmp_path: Path) -> None:
    run(replace(job("a", size=1), shard=(1, 2)), LocalEngine(loaded=loaded))
    run(replace(job("b", size=1, decoding=Decoding(beams=1)), shard=(2, 2)), LocalEngine(loaded=loaded))
    with pytest.raises(InputError, match="which differ in decoding"):
        merge(TASK, [tmp_path / "a", tmp_path / "b"], tmp_path / "m")
    with pytest.raises(InputError, match="no journal to merge"):
        merge("st-en-de", [tmp_path / "a"], tmp_path / "m")
    shutil.copytree(tmp_path / "a", tmp_path / "c")
    journal = work_folder(tmp_path / "c", TASK) / "shard-1-of-2.journal"
    journal.write_bytes(journal.read_bytes().replace(b"a reference", b"b reference"))
    with pytest.raises(InputError, match="with different rows"):
        merge(TASK, [tmp_path / "a", tmp_path / "c"], tmp_path / "m")
