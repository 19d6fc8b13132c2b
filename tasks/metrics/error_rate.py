"""Word, phone and character error rates: Levenshtein counts per row, pooled or averaged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from tasks.arrays import NDArray, np
from tasks.metrics.metric import Counts, MeanMetric, RatioMetric
from tasks.step import Value

SOURCES = ("version:rapidfuzz",)
COLUMNS = ("substitutions", "deletions", "insertions", "hits")


def edit_counts(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> Counts:
    """Substitutions, deletions, insertions and hits of an optimal alignment of each row: (rows, 4).

    Unit costs. The total number of errors is unique; its split into types is that of rapidfuzz's alignment, which jiwer
    also uses. Rows with equal sides are not aligned.
    """
    from rapidfuzz.distance import Levenshtein

    ids: defaultdict[str, int] = defaultdict(count().__next__)
    result = np.zeros((len(hypotheses), 4), dtype=np.int64)
    for index, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True)):
        if hypothesis == reference:
            result[index, 3] = len(reference)
            continue
        # Integers instead of words: no hash collisions, and the cost does not depend on word length.
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
        """(rows, 4): substitutions, deletions, insertions, hits. Texts that are not tokenised are split on white space."""
        return edit_counts(_tokens(hypotheses), _tokens(references))


@dataclass(frozen=True)
class MeanErrorRate(MeanMetric):
    """The arithmetic mean of the error rates of the rows.

    For an empty reference the rate is the number of insertions, as in jiwer 4, or (`empty="one"`) 1 if there are any.
    """

    id: str = "wer"
    empty: Literal["insertions", "one"] = "insertions"
    columns: tuple[str, ...] = COLUMNS
    scale: int = 100

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return "count:levenshtein|fold:mean-of-rows" + (".empty-reference-1" if self.empty == "one" else "")

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
        errors = counts[:, :3].sum(axis=1)
        if self.empty == "one":
            errors = np.where(words, errors, np.minimum(errors, 1))
        return errors, np.maximum(words, 1)
