# ruff: noqa: E402 - torch is asked for first
from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from audit.analysis.run_margins import conditions
from audit.api import load_predictions
from audit.errors import InputError, MissingError
from audit.inference.checks import memory_needed
from audit.inference.engines.local import LocalEngine
from audit.inference.merge import merge
from audit.inference.runner import Job, run
from audit.inference.salmonn import int8
from audit.inference.salmonn.checkpoint import Loaded, load
from audit.inference.salmonn.config import PRECISIONS, read_model_config
from audit.inference.salmonn.decoding import Decoding, Generation, generate
from audit.inference.salmonn.int8 import Int8Linear, quantise
from audit.inference.settings import TaskSetting
from audit.inference.worker import Spec
from tests.support.inference import tiny
from tests.support.inference.items import golden_manifest

pytestmark = pytest.mark.torch
kernels = pytest.mark.skipif(not int8.can_multiply(), reason="this torch or this processor has no exact int8 kernels")
TASK = "asr-librispeech-clean"


def layer(inputs: int = 96, outputs: int = 70, bias: bool = False) -> tuple[Any, Any]:
    """A linear layer, and the same in int8."""
    torch.manual_seed(5)
    plain = torch.nn.Linear(inputs, outputs, bias=bias)
    return plain, Int8Linear(plain)


@kernels
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 96), (3, 7, 96), (0, 96)])
def test_the_error_of_a_layer_is_that_of_rounding_alone(bias: bool, shape: tuple[int, ...]) -> None:
    plain, short = layer(bias=bias)
    x = torch.randn(shape) * 3
    with torch.inference_mode():
        wanted, found = plain(x), short(x)
        # |xw - x'w'| <= |x| |w - w'| + |w| |x - x'| + |x - x'| |w - w'|, where rounding is by half a step at most.
        step_x = x.abs().amax(-1, keepdim=True) / 127 / 254 / 2  # of the second digit
        step_w = plain.weight.abs().amax(1) / 127 / 2
        most = x.abs().sum(-1, keepdim=True) * step_w + step_x * plain.weight.abs().sum(1) + 96 * step_x * step_w
        assert found.shape == wanted.shape
        assert bool(((found - wanted).abs() <= most + 1e-5).all())
        if len(x):
            assert not torch.equal(found, wanted)
            assert float((found - wanted).norm() / wanted.norm()) < 0.01


@kernels
def test_the_sums_are_exact() -> None:
    plain, _ = layer()
    x = torch.randint(-127, 128, (9, 96)).float()
    x[:, 0] = 127  # so that the scale is 1
    with torch.inference_mode():
        plain.weight.copy_(torch.randint(-127, 128, (70, 96)))
        plain.weight[:, 1] = -127
        assert torch.equal(Int8Linear(plain)(x), (x.long() @ plain.weight.long().t()).float())
        # Halves are 127 steps of the second digit.
        x[:, 2:] = (x[:, 2:] / 2 + 0.25).trunc() + 0.5
        wanted = (2 * x).long() @ plain.weight.long().t() / 2
        assert torch.allclose(Int8Linear(plain)(x), wanted, rtol=1e-6, atol=0.01)


@kernels
def test_a_row_does_not_depend_on_its_neighbours() -> None:
    _, short = layer(bias=True)
    x = torch.randn(40, 96)
    with torch.inference_mode():
        alone = torch.cat([short(row[None]) for row in x])
        assert torch.equal(short(x), alone)
        assert torch.equal(short(x.view(5, 8, 96)).view(40, 70), alone)
        # A scale of the whole batch would be that of the loud row.
        loud = torch.cat([x, torch.full((1, 96), 1e4)])
        assert torch.equal(short(loud)[:-1], alone)
        order = torch.randperm(40)
        assert torch.equal(short(x[order]), alone[order])
        # A view whose rows do not lie one after another.
        assert torch.equal(short(x.t().contiguous().t()), alone)
        threads = torch.get_num_threads()
        torch.set_num_threads(2)
        try:
            assert torch.equal(short(x), alone)
        finally:
            torch.set_num_threads(threads)


@kernels
def test_zeros_give_zeros_and_what_is_not_finite_is_not_hidden() -> None:
    plain, short = layer()
    x = torch.stack([torch.zeros(96), torch.full((96,), 1e-42), torch.ones(96), torch.ones(96)])
    x[2, 3], x[3, 3] = float("nan"), float("inf")
    with torch.inference_mode():
        found = short(x)
        plain.weight.zero_()
        assert not Int8Linear(plain)(torch.ones(2, 96)).any()
    assert not found[0].any()
    assert bool(torch.isfinite(found[1]).all())
    assert not bool(torch.isfinite(found[2:]).any())


@pytest.fixture(scope="module")
def short(tiny_model: Path) -> Loaded:
    """The tiny model in int8."""
    return load(read_model_config(tiny_model, precision="int8-cpu"))


@kernels
@pytest.mark.parametrize("lora", ["adapter", "merged"])
def test_the_blocks_of_the_language_model_are_in_int8_and_it_is_recorded(tiny_model: Path, lora: str) -> None:
    found = load(read_model_config(tiny_model, precision="int8-cpu", lora=lora))
    assert found.record.precision == "int8-cpu"
    names = {name for name, part in found.model.named_modules() if isinstance(part, Int8Linear)}
    layers = found.model.decoder.model.layers
    assert len(names) == 7 * len(layers)
    assert all(".layers." in name and ".lora_" not in name and name.startswith("llama_model.") for name in names)
    for name, value in found.model.named_parameters():
        assert value.dtype == (torch.int8 if name.removesuffix(".weight") in names else torch.float32), name
    assert found.model.encode(*heard_silence()).dtype == torch.float32


def heard_silence() -> tuple[Any, Any, Any]:
    """Inputs of the encoders: half a second of nothing."""
    return torch.zeros(1, 80, 3000), torch.zeros(1, 48, 128), torch.tensor([48])


@kernels
def test_the_encoders_are_those_of_fp32_and_the_language_model_is_near(short: Loaded, loaded: Any, heard: Any) -> None:
    audio = short.model.encode(*heard["mid_3.3s"])
    assert torch.equal(audio, loaded.model.encode(*heard["mid_3.3s"]))
    ids = [loaded.tokenizer.prompt(tiny.PROMPTS["asr"])]
    embeds, _ = loaded.model.assemble(audio, ids)
    from audit.inference.salmonn.beam_cache import beam_attention

    positions = torch.arange(embeds.shape[1])[None]
    logits = []
    for model in (loaded.model, short.model):
        with torch.inference_mode(), beam_attention(model.decoder):
            logits.append(model.logits(embeds, positions, None, None, last=1))
    gap = (logits[0] - logits[1]).norm() / logits[0].norm()
    assert 0 < gap < 0.05


@kernels
@pytest.mark.parametrize("beams", [1, 4])
def test_tokens_are_the_same_again_in_any_batch_and_in_any_order(short: Loaded, heard: Any, beams: int) -> None:
    model, decoding = short.model, Decoding(beams=beams, max_new_tokens=20)
    # Prompts of several lengths, so that rows of a batch are padded.
    questions = [(wav, text) for wav in tiny.WAVS for text in tiny.PROMPTS.values()]
    audio = {wav: model.encode(*heard[wav]) for wav in tiny.WAVS}

    def answers(asked: list[tuple[str, str]], size: int) -> dict[tuple[str, str], Generation]:
        found: dict[tuple[str, str], Generation] = {}
        for start in range(0, len(asked), size):
            rows = asked[start : start + size]
            tokens = torch.cat([audio[wav] for wav, _ in rows])
            ids = [short.tokenizer.prompt(text) for _, text in rows]
            found |= dict(zip(rows, generate(model, tokens, ids, decoding), strict=True))
        return found

    alone = answers(questions, 1)
    assert answers(questions, 1) == alone
    assert len({found.ids for found in alone.values()}) > 6
    for size in (2, 5, len(questions)):
        assert answers(questions, size) == alone
        assert answers(random.Random(size).sample(questions, len(questions)), size) == alone


@kernels
def test_the_library_decodes_with_it(short: Loaded, heard: Any) -> None:
    ids = [short.tokenizer.prompt(tiny.PROMPTS["asr"])]
    audio = short.model.encode(*heard["short_0.5s"])
    once = generate(short.model, audio, ids, Decoding("current", max_new_tokens=8))
    assert 1 <= len(once[0].ids) <= 9
    assert generate(short.model, audio, ids, Decoding("current", max_new_tokens=8)) == once


def job_of(model: Path, loaded: Loaded, out: Path, **options: Any) -> Callable[..., Job]:
    def make(precision: str, shard: tuple[int, int] = (1, 1), out: Path = out) -> Job:
        found = golden_manifest()
        spec = Spec(
            read_model_config(model, precision=precision),
            TaskSetting("asr", "Recognize the speech and give me the transcription."),
            Decoding(max_new_tokens=6),
            found.root,
            weights=loaded.record.weights,
        )
        return replace(Job(TASK, found, spec, 2, out), shard=shard)

    return make


@kernels
def test_runs_of_two_precisions_are_not_mixed_and_both_are_recorded(
    tiny_model: Path, loaded: Any, short: Loaded, tmp_path: Path
) -> None:
    job = job_of(tiny_model, loaded, tmp_path / "out")
    run(job("int8-cpu"), LocalEngine(loaded=short))
    meta = json.loads((tmp_path / "out" / f"{TASK}.meta.json").read_bytes())
    assert meta["decoding"]["model"]["precision"] == "int8-cpu"
    record = json.loads((tmp_path / "out" / f"{TASK}.run.json").read_bytes())
    assert record["run"]["model"]["precision"] == "int8-cpu"
    for other in ("fp32", "fp16", "int8"):
        with pytest.raises(InputError, match="a different model"):
            run(job(other), LocalEngine(loaded=loaded))
    parts = [tmp_path / "a", tmp_path / "b"]
    run(job("int8-cpu", (1, 2), parts[0]), LocalEngine(loaded=short))
    run(job("fp32", (2, 2), parts[1]), LocalEngine(loaded=loaded))
    with pytest.raises(InputError, match="which differ in model"):
        merge(TASK, parts, tmp_path / "m")
    shutil.rmtree(parts[1])
    run(job("int8-cpu", (2, 2), parts[1]), LocalEngine(loaded=short))
    merge(TASK, parts, tmp_path / "m")
    assert (tmp_path / "m" / f"{TASK}.jsonl").read_bytes() == (tmp_path / "out" / f"{TASK}.jsonl").read_bytes()
    # What a margin between the two says.
    run(job("fp32", out=tmp_path / "exact"), LocalEngine(loaded=loaded))
    one, two = (load_predictions(tmp_path / folder / f"{TASK}.jsonl", TASK) for folder in ("out", "exact"))
    assert "precision (int8-cpu and fp32)" in conditions(one, two, [], []).reason


def test_it_must_be_asked_for_and_is_refused_on_other_devices(tiny_model: Path) -> None:
    text = tiny_model.read_text().replace("precision: fp32\n", "")
    plain = tiny_model.parent / "plain.yaml"
    plain.write_text(text)
    assert read_model_config(plain).precision == "fp16"
    assert PRECISIONS.count("int8-cpu") == 1
    with pytest.raises(InputError, match="int8-cpu runs on a CPU alone, not on cuda:0") as caught:
        read_model_config(tiny_model, precision="int8-cpu", device="cuda:0")
    assert "--precision int8 " in str(caught.value)
    assert str(tiny_model) in str(caught.value)
    plain.write_text(f"{text}precision: int8-cpu\n")
    config = read_model_config(plain)
    assert config.precision == "int8-cpu"
    with pytest.raises(InputError, match="not on cuda:1"):  # as engines do for each of their devices
        replace(config, device="cuda:1")


def test_without_exact_kernels_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8, "can_multiply", lambda: False)
    with pytest.raises(MissingError, match="no exact int8 kernels"):
        quantise(torch.nn.Linear(4, 4))


@kernels
def test_kernels_that_saturate_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Int8Linear, "forward", lambda self, x: torch.full((len(x), 32), 32767.0))
    assert not int8.can_multiply.__wrapped__()


def test_the_memory_is_that_of_loading(tiny_model: Path) -> None:
    config = replace(read_model_config(tiny_model, precision="int8-cpu"), variant="13b")
    whole, half, exact = (memory_needed(replace(config, precision=name)) or 0 for name in ("int8-cpu", "fp16", "fp32"))
    assert half < whole < exact
