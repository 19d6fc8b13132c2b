"""CIDEr-D: tf-idf-weighted n-gram similarity to the captions, 1 to 4 words, with clipping and a length penalty.

salaniz/pycocoevalcap@ad63453:cider/cider_scorer.py; the same in Labbeti/aac-metrics and audio-captioning/
caption-evaluation-tools. Document frequencies come from the captions of the set being scored. A row's counts therefore depend
on all rows scored with it: a subset must be counted again, and the intervals hold for the document frequencies of
the whole set.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.metrics.captions import MeanScore, References, fixed, items, table, words
from tasks.metrics.metric import Counts
from tasks.step import Value

ORDER = 4
SIGMA = 6.0
Tokens = tuple[str, ...]
Vector = tuple[dict[Tokens, float], list[float], int]


def _ngrams(tokens: Tokens) -> Counter[Tokens]:
    return Counter(tokens[i : i + n] for n in range(1, ORDER + 1) for i in range(len(tokens) - n + 1))


def document_frequencies(captions: Sequence[Sequence[Tokens]]) -> Counter[Tokens]:
    """The number of items in whose captions each n-gram occurs."""
    return Counter(ngram for item in captions for ngram in {gram for caption in item for gram in _ngrams(caption)})


def _vector(tokens: Tokens, frequencies: Mapping[Tokens, int], log_items: float) -> Vector:
    """Weights by n-gram, norms by order, and the number of tokens, whose difference is penalised."""
    weights: dict[Tokens, float] = {}
    squares = [0.0] * ORDER
    for ngram, times in _ngrams(tokens).items():
        weight = times * (log_items - math.log(frequencies.get(ngram, 1)))
        weights[ngram] = weight
        squares[len(ngram) - 1] += weight * weight
    return weights, [math.sqrt(square) for square in squares], len(tokens)


def _likeness(left: Vector, right: Vector) -> float:
    """The penalised cosine similarity of output and caption, averaged over the orders."""
    weights, norms, length = left
    others, other_norms, other_length = right
    sums = [0.0] * ORDER
    for ngram, weight in weights.items():
        other = others.get(ngram)
        if other:
            sums[len(ngram) - 1] += min(weight, other) * other
    cosines = (
        total / (norm * other_norm) if norm and other_norm else total
        for total, norm, other_norm in zip(sums, norms, other_norms, strict=True)
    )
    return sum(cosines) / ORDER * math.exp(-((length - other_length) ** 2) / (2 * SIGMA**2))


def cider_scores(hypotheses: Sequence[Tokens], captions: Sequence[Sequence[Tokens]]) -> list[float]:
    """CIDEr-D of every item (0 to 10), with document frequencies from the captions of these items."""
    frequencies = document_frequencies(captions)
    log_items = math.log(max(len(captions), 1))
    known: dict[Tokens, Vector] = {}

    def vector(tokens: Tokens) -> Vector:
        found = known.get(tokens)
        if found is None:
            found = known[tokens] = _vector(tokens, frequencies, log_items)
        return found

    return [
        10 * math.fsum(_likeness(vector(hypothesis), vector(caption)) for caption in item) / len(item)
        for hypothesis, item in zip(hypotheses, captions, strict=True)
    ]


@dataclass(frozen=True)
class CiderD(MeanScore):
    """The mean of CIDEr-D, times 100 (a value of 0.354 is shown as 35.4)."""

    references: References = "all"
    id: str = "cider"
    columns: tuple[str, ...] = ("score", "items")
    scale: int = 100
    whole_set: bool = True

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:cider-d.n{ORDER}.sigma{SIGMA:g}.df-of-set|fold:mean|refs:{self.references}"

    @property
    def sources(self) -> tuple[str, ...]:
        """This module and the shared code of the caption metrics."""
        return (*super().sources, "module:tasks.metrics.captions")

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): scores in units of 10**-12, and items. Depends on the whole set, see the module's docstring.

        With fewer than two items all weights, and therefore all scores, are 0.
        """
        pairs = items(hypotheses, references, self.references)
        scores = cider_scores(
            [words(hypothesis) for _, hypothesis, _ in pairs],
            [[words(caption) for caption in captions] for _, _, captions in pairs],
        )
        counts = table(len(hypotheses), 2)
        for (row, _, _), score in zip(pairs, scores, strict=True):
            counts[row] += (fixed(score), 1)
        return counts
