"""The same values by the usual scripts: every convention by itself, with the libraries' own calls and bootstraps.

For error rates: the convention's text steps on every text, jiwer, and a bootstrap over the utterances' counts by numpy
indexing. For BLEU, chrF and TER: the text steps before the tokenizer, then sacreBLEU's `corpus_score` with its own 1,000
replicates.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from tasks.convention import Convention
from tasks.metrics.bleu import Bleu, MeanSentenceBleu
from tasks.metrics.chrf import Chrf
from tasks.metrics.error_rate import MeanErrorRate
from tasks.metrics.ter import Ter
from tasks.row import Row
from tasks.step import Step

REPLICATES = 1000


def kept(rows: Sequence[Row], convention: Convention) -> list[Row]:
    """Rows that the convention scores."""
    return [row for row in rows if all(rule.keep(row) for rule in convention.select)]


def _texts(values: list[str], steps: Sequence[Step]) -> list[str]:
    for step in steps:
        values = [step(value) for value in values]
    return values


def texts(rows: Sequence[Row], convention: Convention) -> tuple[list[str], list[str]]:
    """Outputs and references of the scored rows after every text step, as the libraries' tokenizers take them."""
    chosen = kept(rows, convention)
    sides = ((convention.hypothesis, [str(row.hypothesis) for row in chosen]),
             (convention.reference, [str(row.reference) for row in chosen]))  # fmt: skip
    # chrF's chains end in texts, all others in tokens.
    end = None if isinstance(convention.metric, Chrf) else -1
    hypotheses, references = (_texts(values, steps[:end]) for steps, values in sides)
    return hypotheses, references


def score(rows: Sequence[Row], convention: Convention) -> tuple[float, float, float]:
    """Value and interval of one convention, as a script for this convention alone would compute them."""
    hypotheses, references = texts(rows, convention)
    if isinstance(convention.metric, Chrf):
        from sacrebleu.metrics.chrf import CHRF

        return _corpus(CHRF(word_order=convention.metric.words), hypotheses, references)
    if isinstance(convention.metric, Ter):
        from sacrebleu.metrics.ter import TER

        return _corpus(TER(), hypotheses, references)
    if isinstance(convention.metric, Bleu | MeanSentenceBleu):
        return _bleu(hypotheses, references, convention)
    return _errors(hypotheses, references, mean=isinstance(convention.metric, MeanErrorRate))


def _errors(hypotheses: list[str], references: list[str], *, mean: bool) -> tuple[float, float, float]:
    import jiwer

    counts = []
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        out = jiwer.process_words(reference, hypothesis)
        counts.append(
            (out.substitutions + out.deletions + out.insertions, out.hits + out.substitutions + out.deletions)
        )
    table = np.array(counts, dtype=np.float64)
    draw = np.random.default_rng(0)

    def value(part: np.ndarray) -> float:
        if mean:
            return float((part[:, 0] / np.maximum(part[:, 1], 1)).mean() * 100)
        return float(part[:, 0].sum() / part[:, 1].sum() * 100)

    drawn = sorted(value(table[draw.integers(0, len(table), len(table))]) for _ in range(REPLICATES))
    return value(table), drawn[25], drawn[974]


def _bleu(hypotheses: list[str], references: list[str], convention: Convention) -> tuple[float, float, float]:
    from sacrebleu.metrics.bleu import BLEU

    # It advises another smoothing at every sentence.
    logging.getLogger("sacrebleu").setLevel(logging.ERROR)

    name = convention.hypothesis[-1].name
    metric = BLEU(tokenize=name.removeprefix("tok.") if name.startswith("tok.") else "none", force=True)
    if isinstance(convention.metric, MeanSentenceBleu):
        scores = np.array(
            [metric.sentence_score(h, [r]).score for h, r in zip(hypotheses, references, strict=True)], dtype=np.float64
        )
        draw = np.random.default_rng(0)
        drawn = sorted(float(scores[draw.integers(0, len(scores), len(scores))].mean()) for _ in range(REPLICATES))
        return float(scores.mean()), drawn[25], drawn[974]
    return _corpus(metric, hypotheses, references)


def _corpus(metric: Any, hypotheses: list[str], references: list[str]) -> tuple[float, float, float]:
    found = metric.corpus_score(hypotheses, [references], n_bootstrap=REPLICATES)
    half = float(found._ci)
    return float(found.score), float(found._mean) - half, float(found._mean) + half
