# ruff: noqa: E402 - torch is asked for first
from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from audit.inference.salmonn.beam_cache import beam_attention
from audit.inference.salmonn.decoding import Decoding, generate
from audit.inference.salmonn.features import fbank
from tests.support.inference.tiny import PROMPTS, WAVS

pytestmark = pytest.mark.torch
# fp32 sums depend on the processor: over the 12 s clip, BEATs' features differ by 1.2e-4 on an AMD EPYC with AVX-512, and by
# less than 1e-4 on the one that made the vectors.
TOLERANCE = 2e-4
# Where the rule of 4.28 and that of today's library part, as the golden vectors' README says.
PARTING = {("short_0.5s", "QA"), ("mid_3.3s", "QA")}


def off(found: Any, wanted: Any) -> float:
    assert tuple(found.shape) == tuple(wanted.shape)
    return float(np.abs(np.asarray(found) - wanted).max())


@pytest.mark.parametrize("wav", WAVS)
def test_features_are_the_reference_s(wav: str, golden: Any, loaded: Any, heard: Any) -> None:
    mel, bank, frames = heard[wav]
    with torch.inference_mode():
        whisper = loaded.model.speech_encoder(mel).last_hidden_state[0]
        beats = loaded.model.beats(bank, frames)[0]
        tokens = loaded.model.encode(mel, bank, frames)[0]
    assert off(mel[0, :, ::25], golden[f"{wav}/mel"]) < TOLERANCE
    assert off(whisper[::25], golden[f"{wav}/whisper"]) < TOLERANCE
    assert off(beats, golden[f"{wav}/beats"]) < TOLERANCE
    assert off(tokens, golden[f"{wav}/audio_tokens"]) < TOLERANCE


@pytest.mark.parametrize(("wav", "prompt"), list(itertools.product(WAVS, PROMPTS)))
def test_logits_and_tokens_are_the_reference_s(wav: str, prompt: str, golden: Any, loaded: Any, heard: Any) -> None:
    model, key = loaded.model, f"{wav}/{prompt}"
    ids = loaded.tokenizer.prompt(PROMPTS[prompt])
    audio = model.encode(*heard[wav])
    embeds, mask = model.assemble(audio, [ids])
    assert mask is None
    assert embeds.shape[1] == int(golden[f"{key}/input_len"])
    with beam_attention(model.decoder):
        logits = model.logits(embeds, torch.arange(embeds.shape[1])[None], None, None, last=8)[0]
    assert off(logits[:, :-1], golden[f"{key}/logits_last8"]) < TOLERANCE
    for beams in (1, 4):
        wanted = golden[f"{key}/beam{beams}_ids"].tolist()
        old = generate(model, audio, [ids], Decoding(beams=beams, max_new_tokens=48))[0]
        assert list(old.ids) == wanted
        assert old.finished == (wanted[-1] == 2)
        now = generate(model, audio, [ids], Decoding("current", beams=beams, max_new_tokens=48))[0]
        assert (list(now.ids) == wanted[1:]) == (beams == 1 or (wav, prompt) not in PARTING)


def test_every_batch_order_gives_the_tokens_of_batch_size_one(golden: Any, loaded: Any, heard: Any) -> None:
    model = loaded.model
    orders = list(itertools.permutations(WAVS))
    assert len(orders) == 24
    for number, wavs in enumerate(orders):
        longest = max(heard[w][1].shape[1] for w in wavs)
        banks = [torch.nn.functional.pad(heard[w][1], (0, 0, 0, longest - heard[w][1].shape[1])) for w in wavs]
        audio = model.encode(
            torch.cat([heard[w][0] for w in wavs]), torch.cat(banks), torch.cat([heard[w][2] for w in wavs])
        )
        # Twelve rows of three prompt lengths in one batch, in an order that changes with the clips' order.
        rows = [(i, p) for i in range(len(wavs)) for p in PROMPTS]
        rows = rows[number % len(rows) :] + rows[: number % len(rows)]
        ids = [loaded.tokenizer.prompt(PROMPTS[p]) for _, p in rows]
        for beams in (1, 4):
            out = generate(model, audio[[i for i, _ in rows]], ids, Decoding(beams=beams, max_new_tokens=48))
            for (i, prompt), found in zip(rows, out, strict=True):
                assert list(found.ids) == golden[f"{wavs[i]}/{prompt}/beam{beams}_ids"].tolist(), (beams, wavs)


def test_a_batch_row_s_auditory_tokens_are_those_of_the_clip_alone(loaded: Any, heard: Any) -> None:
    model = loaded.model
    longest = heard["over_31s"][1].shape[1]
    # What stands in the padding must not matter: here it is loud.
    banks = [torch.nn.functional.pad(heard[w][1], (0, 0, 0, longest - heard[w][1].shape[1]), value=9.0) for w in WAVS]
    batch = model.encode(
        torch.cat([heard[w][0] for w in WAVS]), torch.cat(banks), torch.cat([heard[w][2] for w in WAVS])
    )
    for row, wav in zip(batch, WAVS, strict=True):
        assert off(row, model.encode(*heard[wav])[0].numpy()) < 1e-5


def test_the_filter_bank_is_kaldi_s_where_kaldi_has_bins() -> None:
    kaldi = pytest.importorskip("kaldi_native_fbank")
    from audit.inference.salmonn import features

    samples = np.random.default_rng(1).standard_normal(16_000) * 0.1
    options = kaldi.FbankOptions()
    options.frame_opts.dither = 0
    options.mel_opts.num_bins = 80
    computer = kaldi.OnlineFbank(options)
    computer.accept_waveform(16_000, (samples * 2**15).astype(np.float32).tolist())
    computer.input_finished()
    wanted = np.stack([computer.get_frame(i) for i in range(computer.num_frames_ready)])
    features._bank.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "BINS", 80)
        found = fbank(samples) * (2 * features.FBANK_STD) + features.FBANK_MEAN
    features._bank.cache_clear()
    assert off(found, wanted) < 2e-3
    assert fbank(samples).shape == (98, 128)
