# ruff: noqa: E402 - torch is asked for first
from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from audit.inference.engines.local import LocalEngine
from audit.inference.runner import Job, run
from audit.inference.salmonn.checkpoint import load
from audit.inference.salmonn.config import read_model_config
from audit.inference.salmonn.decoding import Decoding, generate
from audit.inference.settings import TaskSetting
from audit.inference.worker import Spec
from tests.support.inference.items import golden_manifest
from tests.support.inference.tiny import PROMPTS, WAVS

pytestmark = [
    pytest.mark.torch,
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.fixture(scope="module")
def on_gpu(tiny_model: Path) -> Any:
    return load(read_model_config(tiny_model, device="cuda:0"))


def test_the_golden_vectors_on_a_gpu(on_gpu: Any, heard: Any, golden: Any) -> None:
    device = on_gpu.model.device
    inputs = {w: tuple(t.to(device) for t in heard[w]) for w in WAVS}
    for wav in WAVS:
        tokens = on_gpu.model.encode(*inputs[wav])[0].cpu().numpy()
        assert np.abs(tokens - golden[f"{wav}/audio_tokens"]).max() < 1e-4
    longest = max(inputs[w][1].shape[1] for w in WAVS)
    banks = [torch.nn.functional.pad(inputs[w][1], (0, 0, 0, longest - inputs[w][1].shape[1])) for w in WAVS]
    audio = on_gpu.model.encode(
        torch.cat([inputs[w][0] for w in WAVS]), torch.cat(banks), torch.cat([inputs[w][2] for w in WAVS])
    )
    rows = list(itertools.product(range(len(WAVS)), PROMPTS))
    ids = [on_gpu.tokenizer.prompt(PROMPTS[p]) for _, p in rows]
    for beams in (1, 4):
        out = generate(on_gpu.model, audio[[i for i, _ in rows]], ids, Decoding(beams=beams, max_new_tokens=48))
        for (i, prompt), found in zip(rows, out, strict=True):
            assert list(found.ids) == golden[f"{WAVS[i]}/{prompt}/beam{beams}_ids"].tolist()


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_half_precision_on_a_gpu_stays_near(tiny_model: Path, heard: Any, golden: Any, precision: str) -> None:
    loaded = load(read_model_config(tiny_model, device="cuda:0", precision=precision))
    near = {"fp16": 0.02, "bf16": 0.2}[precision]
    for wav in WAVS:
        tokens = loaded.model.encode(*(t.to("cuda:0") for t in heard[wav]))[0].float().cpu().numpy()
        assert np.abs(tokens - golden[f"{wav}/audio_tokens"]).max() < near


def test_a_run_on_a_gpu_has_the_bytes_of_one_on_a_cpu(
    tiny_model: Path, on_gpu: Any, loaded: Any, tmp_path: Path
) -> None:
    manifest = golden_manifest(copies=2, query=True)
    paths = []
    for name, model, device in (("gpu", on_gpu, "cuda:0"), ("cpu", loaded, "cpu")):
        config = read_model_config(tiny_model, device=device)
        spec = Spec(
            config,
            TaskSetting("QA", "{}"),
            Decoding(max_new_tokens=24),
            manifest.root,
            weights=loaded.record.weights,
        )
        paths.append(run(Job("sqqa-wikiqa", manifest, spec, 5, tmp_path / name), LocalEngine(loaded=model)).predictions)
    assert paths[0].read_bytes() == paths[1].read_bytes()
