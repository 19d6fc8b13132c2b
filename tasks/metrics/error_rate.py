"""Word, phone and character error rates: Levenshtein counts per row, pooled or averaged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from tasks.metrics.metric import Counts, MeanMetric, RatioMetric
from tasks.step import Value

SOURCES = ("version:rapidfuzz",)
COLUMNS = ("substitutions", "deletions", "insertions", "hits")


def edit_counts(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> Counts:
    """Substitutions, deletions, insertions and hits of one optimal alignment of every row: (rows, 4).

    Unit costs. The number of errors is unique, its split is not: it is the one of rapidfuzz' alignment, which is also
    jiwer's. A row equal on both sides is not aligned.
    """
    from rapidfuzz.distance import Levenshtein

    ids: defaultdict[str, int] = defaultdict(count().__next__)
    result = np.zeros((len(hypotheses), 4), dtype=np.int64)
    for index, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True)):
        if hypothesis == reference:
            result[index, 3] = len(reference)
            continue
        # Interned integers instead of words: no hash collisions, and short words cost no more than long ones.
        source, target = list(map(ids.__getitem__, reference)), list(map(ids.__getitem__, hypothesis))
        tags = [tag for tag, _, _ in Levenshtein.editops(source, target).as_list()]
        substitutions, deletions = tags.count("replace"), tags.count("delete")
        result[index] = (substitutions, deletions, tags.count("insert"), len(source) - substitutions - deletions)
    return result


def _tokens(values: Sequence[Value]) -> list[tuple[str, ...]]:
    return [value if isinstance(value, tuple) else tuple(value.split()) for value in values]


@dataclass(frozen=True)
class ErrorRate(RatioMetric):
    """Errors over reference tokens, both summed over the set (corpus WER)."""

    id: str = "wer"
    columns: tuple[str, ...] = COLUMNS
    scale: int = 100
    numerator: tuple[str, ...] = ("substitutions", "deletions", "insertions")
    denominator: tuple[str, ...] = ("substitutions", "deletions", "hits")

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return "count:levenshtein|fold:corpus"

    @property
    def counting(self) -> Hashable:
        """The alignment is the same, whatever is folded from it."""
        return edit_counts

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 4): substitutions, deletions, insertions, hits. A text that is no tuple of tokens is split on space."""
        return edit_counts(_tokens(hypotheses), _tokens(references))


@dataclass(frozen=True)
class MeanErrorRate(MeanMetric):
    """The arithmetic mean of the rows' own error rates.

    An empty reference counts as jiwer 4 has it: the rate is the number of insertions.
    """

    id: str = "wer"
    columns: tuple[str, ...] = COLUMNS
    scale: int = 100

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return "count:levenshtein|fold:mean-of-rows"

    @property
    def counting(self) -> Hashable:
        """The alignment is the same, whatever is folded from it."""
        return edit_counts

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """As `ErrorRate.count`."""
        return edit_counts(_tokens(hypotheses), _tokens(references))

    def row_value(self, counts: Counts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Errors, and reference tokens (1 for an empty reference)."""
        words = counts[:, 0] + counts[:, 1] + counts[:, 3]
        return counts[:, :3].sum(axis=1), np.maximum(words, 1)
