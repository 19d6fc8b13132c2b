# ruff: noqa: E402 - torch is asked for first
from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from audit.inference.salmonn.beam_cache import beam_attention
from audit.inference.salmonn.beats import BeatsConfig, Encoder
from audit.inference.salmonn.decoding import Decoding, Stepper, generate
from audit.inference.salmonn.model import Salmonn

pytestmark = pytest.mark.torch
LEFT = [1, 5, 6, 7]
RIGHTS = ([9, 11, 12], [8, 10, 13, 14, 15, 16, 17], [20, 21, 22, 23, 24])


@pytest.fixture
def audio(loaded: Any) -> Any:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(3, 88, loaded.model.embedding.weight.shape[1], generator=generator)


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def whole(model: Salmonn, start: Any, tokens: list[int]) -> Any:
    """The logits after a prompt (P, hidden) and some tokens, by one ordinary pass without a cache."""
    embeds = torch.cat([start, model.embedding(torch.tensor(tokens))])[None] if tokens else start[None]
    return model.logits(embeds, torch.arange(embeds.shape[1])[None], None, None, last=1)[0, 0]


def walk(model: Salmonn, stepper: Stepper, starts: list[Any], steps: int, seed: int) -> None:
    """Random tokens, orders of beams and finished clips; every beam's logits are those of its whole sequence."""
    chance, beams = random.Random(seed), stepper.beams
    for row, start in enumerate(starts):
        assert torch.allclose(stepper.first[row], whole(model, start, []), atol=2e-4)
    said: list[list[int]] = [[] for _ in range(len(starts) * beams)]
    for step in range(steps):
        if step:
            order = [clip * beams + chance.randrange(beams) for clip in range(len(starts)) for _ in range(beams)]
            stepper.reorder(torch.tensor(order))
            said = [list(said[i]) for i in order]
        if step == steps // 2 and len(starts) > 1:
            stepper.keep([i for i in range(len(starts)) if i != 1])
            del starts[1], said[beams : 2 * beams]
        tokens = [chance.randrange(3, 300) for _ in said]
        for beam, token in zip(said, tokens, strict=True):
            beam.append(token)
        logits = stepper(torch.tensor(tokens))
        if step % 7 == 0 or step > steps - 3:
            for i, beam in enumerate(said):
                assert torch.allclose(logits[i], whole(model, starts[i // beams], beam), atol=2e-4), (step, i)


@pytest.mark.parametrize("beams", [1, 4])
@pytest.mark.parametrize("padded", [False, True])
def test_every_beam_attends_to_its_own_sequence(loaded: Any, audio: Any, beams: int, padded: bool) -> None:
    model = loaded.model
    prompts = [(LEFT, RIGHTS[i if padded else 0]) for i in range(3)]
    starts = [model.assemble(audio[i : i + 1], [prompt])[0][0] for i, prompt in enumerate(prompts)]
    with beam_attention(model.decoder):
        embeds, mask = model.assemble(audio, prompts)
        assert (mask is not None) == padded
        # Longer than the room that the cache takes at once.
        walk(model, Stepper(model, embeds, mask, beams), starts, steps=70, seed=beams)


@pytest.mark.parametrize("padded", [False, True])
def test_a_common_beginning_gives_the_logits_of_whole_prompts(loaded: Any, audio: Any, padded: bool) -> None:
    model = loaded.model
    clips = audio[[0, 0, 2, 2, 2]]
    prompts = [(LEFT, RIGHTS[i % 3 if padded else 0]) for i in range(5)]
    starts = [model.assemble(clips[i : i + 1], [prompt])[0][0] for i, prompt in enumerate(prompts)]
    apart = model.assemble_rests(clips, prompts)
    assert apart is not None
    begun, rests, mask = apart
    assert begun.owner.tolist() == [0, 0, 1, 1, 1]
    assert begun.embeds.shape[:2] == (2, len(LEFT) + 88)
    assert (mask is not None) == padded
    with beam_attention(model.decoder):
        walk(model, Stepper(model, rests, mask, 3, begun), starts, steps=10, seed=3)


@pytest.mark.parametrize("beams", [1, 4])
def test_questions_about_one_clip_compute_its_beginning_once(
    loaded: Any, audio: Any, monkeypatch: pytest.MonkeyPatch, beams: int
) -> None:
    model = loaded.model
    clips = audio[[0, 0, 0, 1, 2, 2]]
    prompts = [(LEFT, RIGHTS[i % 3]) for i in range(6)]
    decoding = Decoding(beams=beams, max_new_tokens=12)
    alone = [generate(model, clips[i : i + 1], [prompt], decoding)[0] for i, prompt in enumerate(prompts)]
    real, seen = Salmonn.logits, []

    def logits(self: Salmonn, embeds: Any, *rest: Any, **options: Any) -> Any:
        seen.append(tuple(embeds.shape[:2]))
        return real(self, embeds, *rest, **options)

    monkeypatch.setattr(Salmonn, "logits", logits)
    assert generate(model, clips, prompts, decoding) == alone
    assert seen[:2] == [(3, len(LEFT) + 88), (6, max(map(len, RIGHTS)))]
    assert all(length == 1 for _, length in seen[2:])


@pytest.mark.parametrize("why", ["other clips", "not neighbours", "other beginnings", "nothing after", "one row"])
def test_prompts_without_a_common_beginning_are_whole(loaded: Any, audio: Any, why: str) -> None:
    rows = {"other clips": [0, 1, 2], "not neighbours": [0, 1, 0], "one row": [0]}.get(why, [0, 0, 1])
    prompts = [(LEFT, RIGHTS[i]) for i in range(len(rows))]
    if why == "other beginnings":
        prompts[1] = (LEFT[:2], RIGHTS[1])
    if why == "nothing after":
        prompts[1] = (LEFT, [])
    assert loaded.model.assemble_rests(audio[rows], prompts) is None
    decoding = Decoding(max_new_tokens=6)
    found = generate(loaded.model, audio[rows], prompts, decoding)
    for i, (row, prompt) in enumerate(zip(rows, prompts, strict=True)):
        assert generate(loaded.model, audio[row : row + 1], [prompt], decoding) == [found[i]]


@pytest.mark.parametrize("length", [1, 2, 9, 700])
def test_the_bias_of_a_pair_of_positions_is_that_of_its_distance(length: int) -> None:
    sizes = {"encoder_layers": 1, "encoder_embed_dim": 32, "encoder_ffn_embed_dim": 32, "encoder_attention_heads": 4}
    encoder = Encoder(BeatsConfig(**sizes, relative_position_embedding=True, max_distance=800))
    table = encoder.layers[0].self_attn.relative_attention_bias
    table.weight.copy_(torch.arange(320.0)[:, None] + torch.tensor([0.0, 0.25, 0.5, 0.75]))
    bias = encoder.position_bias(length)
    assert bias.shape == (4, length, length)
    for i, j in {(0, 0), (0, length - 1), (length - 1, 0), (length // 2, length // 3), (length // 3, length // 2)}:
        # T5's buckets: 80 exact ones, then as the logarithm grows; 160 more if the key comes later.
        size = abs(j - i)
        growth = torch.log(torch.tensor(float(max(size, 1))) / 80) / torch.log(torch.tensor(10.0))
        bucket = size if size < 80 else min(159, 80 + int(growth * 80))
        assert bias[:, i, j].tolist() == [bucket + 160 * (j > i) + shift for shift in (0.0, 0.25, 0.5, 0.75)]
