"""Outputs of the original programs on texts of our own, made once with the versions that the assets name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks.metrics.bleu import Bleu
from tasks.steps.normalise.whisper import WHISPER_BASIC, WHISPER_ENGLISH
from tasks.steps.tokenise import sacrebleu_joined, sacrebleu_tokens
from tests.support.paths import ASSETS

SACREBLEU: dict[str, Any] = json.loads((ASSETS / "sacrebleu-1.5.1.json").read_text(encoding="ascii"))
WHISPER: dict[str, Any] = json.loads((ASSETS / "whisper.json").read_text(encoding="ascii"))
# What the fairseq family and Qwen(2)-Audio were pinned to is what 2.x computes. `intl`, which is in no convention, is not
# here: 1.5.1 and 2.x differ in it.
TOKENIZERS = ("13a", "zh", "none", "char", "ja-mecab")


@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_tokenizers_of_sacrebleu_1_5_1(name: str) -> None:
    joined = sacrebleu_joined(name)
    different = [row["text"] for row in SACREBLEU["tokens"] if joined(row["text"]).split() != row[name].split()]
    assert different == []


@pytest.mark.parametrize("name", ["13a", "zh", "none"])
def test_their_joined_text_too(name: str) -> None:
    """The fairseq family goes on with the joined text, where a doubled space would count."""
    joined = sacrebleu_joined(name)
    assert [joined(row["text"]) for row in SACREBLEU["tokens"]] == [row[name] for row in SACREBLEU["tokens"]]


@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_corpus_scores_of_sacrebleu_1_5_1(name: str) -> None:
    texts = [row["text"] for row in SACREBLEU["tokens"] if row["text"].strip()]
    references = texts[1:] + texts[:1]
    hypotheses = [f"{text} {reference}" for text, reference in zip(texts, references, strict=True)]
    tokens = sacrebleu_tokens(name)
    counts = Bleu().count([tokens(t) for t in hypotheses], [tokens(t) for t in references])
    length, reference_length, *rest = (int(c) for c in counts.sum(axis=0))
    known = SACREBLEU["corpus"][name]
    assert (length, reference_length) == (known["sys_len"], known["ref_len"])
    assert (rest[:4], rest[4:]) == (known["counts"], known["totals"])
    assert Bleu().fold(counts) == pytest.approx(float(known["score"]), rel=1e-12)


def test_the_normalisers_released_with_whisper() -> None:
    rows = WHISPER["rows"]
    assert len(rows) > 300
    assert [row for row in rows if WHISPER_ENGLISH(row["text"]) != row["english"]] == []
    assert [row for row in rows if WHISPER_BASIC(row["text"]) != row["basic"]] == []
