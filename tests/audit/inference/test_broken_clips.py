# ruff: noqa: E402 - torch is asked for first
"""Broken audio files, and models whose numbers are NaN: an error row each, never a traceback or a short clip in silence."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
soundfile = pytest.importorskip("soundfile")

from audit.errors import InputError, MissingError
from audit.inference import worker as workers
from audit.inference.audio import AudioError, read_clip
from audit.inference.engines.local import LocalEngine
from audit.inference.frontend import Frontend, Prepared
from audit.inference.prefetch import Prefetcher
from audit.inference.runner import Job, clip_lengths, run
from audit.inference.salmonn.config import read_model_config
from audit.inference.salmonn.decoding import Decoding, Generation
from audit.inference.settings import TaskSetting
from audit.inference.worker import Spec
from tasks.datasets.manifest import Manifest
from tests.support.inference.items import copied_manifest, golden_manifest

pytestmark = pytest.mark.torch
TASK = "asr-librispeech-clean"
SAMPLES = 40000


def written(path: Path, **options: Any) -> bytes:
    wave = 0.1 * np.sin(np.arange(SAMPLES) * 0.05)
    soundfile.write(path, wave, 16000, **options)
    return path.read_bytes()


def with_samples(flac: bytes, number: int) -> bytes:
    """A FLAC file with another number of samples in its header."""
    fields = int.from_bytes(flac[18:26], "big") >> 36 << 36 | number
    return flac[:18] + fields.to_bytes(8, "big") + flac[26:]


def without_tag(mp3: bytes) -> bytes:
    """An MP3 file without the frame that announces the number of the others; all frames are of one length."""
    second = mp3.index(mp3[:2], 4)
    assert b"Info" in mp3[:second] or b"Xing" in mp3[:second]
    return mp3[second:]


def damaged(flac: bytes) -> bytes:
    return flac[:26] + bytes(15) + b"x" + flac[42:]


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("a.flac", lambda raw: with_samples(raw, 0), "does not say how many samples"),
        ("a.flac", lambda raw: with_samples(raw, 2**36 - 1), "does not say how many samples"),
        ("a.flac", lambda raw: with_samples(raw, SAMPLES + 1), "not a readable audio file"),
        ("a.flac", lambda raw: with_samples(raw, SAMPLES // 2), "differ from the hash"),
        ("a.flac", damaged, "differ from the hash"),
        ("a.flac", lambda raw: raw[: len(raw) // 2], "not a readable audio file"),
        ("a.wav", lambda raw: raw[: len(raw) // 2], "cut: its header announces 80000 bytes"),
        ("a.wav", lambda raw: raw[:46], "cut: its header announces"),
        ("a.mp3", lambda raw: raw[: len(raw) // 2], "cut: its header announces 72 frames, and 42 are missing"),
        ("a.mp3", lambda raw: raw[:-1], "and 1 are missing"),
        ("a.mp3", lambda raw: without_tag(raw)[:-40], "cut in the middle of a frame"),
        ("a.ogg", lambda raw: raw[: len(raw) // 2], "cut: its last page"),
        ("a.wav", lambda raw: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "Git LFS pointer"),
        ("a.wav", lambda raw: b"", "not a readable audio file"),
    ],
)
def test_a_broken_file_is_an_error_of_its_clip(
    tmp_path: Path, name: str, change: Callable[[bytes], bytes], says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(change(written(path)))
    with pytest.raises(AudioError, match=says):
        read_clip([path])


@pytest.mark.parametrize("options", [{}, {"subtype": "PCM_24"}, {"subtype": "PCM_S8"}])
def test_whole_flac_files_of_every_depth_are_read(tmp_path: Path, options: dict[str, str]) -> None:
    written(tmp_path / "a.flac", **options)
    assert len(read_clip([tmp_path / "a.flac"]).samples) == SAMPLES


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_from_a_pipe_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.wav"
    raw = written(path)
    path.write_bytes(raw[:4] + size.to_bytes(4, "little") + raw[8:40] + size.to_bytes(4, "little") + raw[44:])
    assert len(read_clip([path]).samples) == SAMPLES


def test_an_mp3_with_a_tag_behind_it_is_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(written(path) + b"TAG" + bytes(125))
    assert len(read_clip([path]).samples) >= SAMPLES


@pytest.mark.parametrize("error", [ValueError("odd"), MemoryError(), TypeError("no"), KeyError("x")])
def test_whatever_a_decoder_raises_ends_its_clip_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = tmp_path / "a.wav"
    written(path)

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(soundfile, "SoundFile", fail)
    with pytest.raises(AudioError, match="not a readable audio file"):
        read_clip([path])


@pytest.fixture
def job(tiny_model: Path, loaded: Any, tmp_path: Path) -> Callable[..., Job]:
    def make(manifest: Manifest | None = None, size: int = 3, instruction: str = "Say it.", **changes: Any) -> Job:
        found = manifest or golden_manifest()
        base = Spec(
            read_model_config(tiny_model),
            TaskSetting("asr", instruction),
            Decoding(max_new_tokens=4),
            found.root,
            weights=loaded.record.weights,
        )
        return Job(TASK, found, replace(base, **changes), size, tmp_path / "out")

    return make


def rows(path: Path) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in map(json.loads, path.read_text("utf-8").split("\n")[:-1])}


def test_a_run_goes_on_after_broken_clips(job: Callable[..., Job], loaded: Any, tmp_path: Path) -> None:
    manifest = copied_manifest(tmp_path / "audio")
    path = manifest.paths(manifest.items[0])[0]
    path.write_bytes(path.read_bytes()[:-2000])
    assert set(clip_lengths(manifest)) == {item.id for item in manifest.items}
    outcome = run(job(manifest), LocalEngine(loaded=loaded))
    assert (outcome.rows, outcome.errors) == (4, 1)
    assert outcome.predictions is not None
    assert "cut" in rows(outcome.predictions)[manifest.items[0].id]["extra"]["error"]


def test_an_unexpected_error_ends_one_clip_and_the_batch_is_divided(
    job: Callable[..., Job], loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = golden_manifest().items[1].id
    real = workers.Worker.hear

    def hear(self: workers.Worker, clips: Any) -> Any:
        if any(item.id == bad for item, _ in clips):
            raise IndexError("a library's own mistake")
        return real(self, clips)

    monkeypatch.setattr(workers.Worker, "hear", hear)
    outcome = run(job(), LocalEngine(loaded=loaded))
    assert (outcome.rows, outcome.errors) == (4, 1)
    assert outcome.predictions is not None
    assert rows(outcome.predictions)[bad]["extra"]["error"] == "unexpected error, IndexError: a library's own mistake"
    record = json.loads(outcome.predictions.with_suffix(".run.json").read_text())
    assert [event["event"] for event in record["events"]] == ["batch-divided"]


def test_a_device_that_no_longer_works_ends_the_run(
    job: Callable[..., Job], loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(workers.Worker, "hear", fail)
    monkeypatch.setattr(torch, "ones", fail)
    with pytest.raises(MissingError, match="no longer works"):
        run(job(), LocalEngine(loaded=loaded))


@pytest.mark.parametrize("beams", [1, 4])
@pytest.mark.parametrize("step", [0, 1])
def test_a_language_model_that_answers_nan(
    job: Callable[..., Job], loaded: Any, monkeypatch: pytest.MonkeyPatch, beams: int, step: int
) -> None:
    real = type(loaded.model).logits
    calls = [0]

    def logits(self: Any, embeds: Any, positions: Any, cache: Any, mask: Any, last: int) -> Any:
        found = real(self, embeds, positions, cache, mask, last)
        calls[0] = 0 if embeds.shape[1] > 1 else calls[0] + 1
        return found * float("nan") if calls[0] == step else found

    monkeypatch.setattr(type(loaded.model), "logits", logits)
    outcome = run(job(decoding=Decoding(beams=beams, max_new_tokens=4)), LocalEngine(loaded=loaded))
    assert (outcome.rows, outcome.errors) == (4, 4)
    assert outcome.predictions is not None
    assert {row["extra"]["error"] for row in rows(outcome.predictions).values()} == {
        "the language model's output contains NaN"
    }


def test_encoders_that_answer_nan_are_not_cached(
    job: Callable[..., Job], loaded: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = workers.Worker.encode
    monkeypatch.setattr(workers.Worker, "encode", lambda self, clips: real(self, clips) * float("inf"))
    outcome = run(job(features=tmp_path / "features"), LocalEngine(loaded=loaded))
    assert (outcome.rows, outcome.errors) == (4, 4)
    assert not (tmp_path / "features").exists() or not list((tmp_path / "features").rglob("*.safetensors"))


def test_an_output_of_unknown_tokens_alone_is_an_error(
    job: Callable[..., Job], loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([Generation((1, 0, 0, 0), finished=False), Generation((1, 0, 2), finished=True),
                    Generation((1, 2), finished=True), Generation((1, 0, 5, 2), finished=True)])  # fmt: skip
    monkeypatch.setattr(workers, "generate", lambda model, audio, prompts, how: [next(answers) for _ in prompts])
    outcome = run(job(size=1), LocalEngine(loaded=loaded))
    assert outcome.predictions is not None
    errors = [row["extra"].get("error") for row in rows(outcome.predictions).values()]
    assert sorted(map(str, errors)) == ["None", "None", *["the output consists of <unk> alone"] * 2]


def test_a_question_with_a_special_token_ends_its_clip_and_an_instruction_the_run(
    job: Callable[..., Job], loaded: Any, tmp_path: Path
) -> None:
    asked = golden_manifest(query=True)
    items = (replace(asked.items[0], query="what is </s>?"), *asked.items[1:])
    manifest = replace(asked, items=items)
    outcome = run(job(manifest, instruction="{}"), LocalEngine(loaded=loaded))
    assert (outcome.rows, outcome.errors) == (4, 1)
    with pytest.raises(InputError, match="special token"):
        run(replace(job(instruction="Say </s>."), out=tmp_path / "other"), LocalEngine(loaded=loaded))


def test_a_crash_in_a_prefetching_process_ends_its_clip(tiny_model: Path, tmp_path: Path) -> None:
    """The clip named `boom` ends the process that reads it; the others are read."""
    if multiprocessing.get_start_method(allow_none=True) not in {None, "fork", "spawn"}:
        pytest.skip("needs processes")
    manifest = copied_manifest(tmp_path / "audio")
    boom = replace(manifest.items[0], audio=("boom",))
    prefetcher = Prefetcher(Crashing(manifest.root, read_model_config(tiny_model).whisper, "key"), 1)
    try:
        found = prefetcher.take([boom, *manifest.items[1:]])
    finally:
        prefetcher.close()
    assert found[0].error == "the process that read the clip ended: a library crashed"
    assert [clip.error for clip in found[1:]] == [None] * 3


class Crashing(Frontend):
    """Processes import this module to find it."""

    def prepare(self, item: Any) -> Prepared:
        if item.audio == ("boom",):
            os._exit(11)
        return Prepared(item.id, None, None, {})
