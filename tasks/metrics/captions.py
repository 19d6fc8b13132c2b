"""Shared code of the caption metrics: reference captions of a row, and mean scores stored as integers.

The number of reference captions per item is a separate choice. `all`: score against all captions of the row at once, as the
metric defines it (METEOR takes the best, CIDEr-D the mean, SPICE their union). `each`: every pair of the output and one
caption is an item, as in evaluations that make every caption a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from tasks.arrays import NDArray, np
from tasks.errors import ScoringError
from tasks.metrics.metric import FIXED_POINT, MILLIONTH, Counts, Metric, Sums, Terms, divide
from tasks.step import Value

References = Literal["all", "each"]


def items(
    hypotheses: Sequence[Value], references: Sequence[Value], axis: References
) -> list[tuple[int, Value, list[Value]]]:
    """(row, hypothesis, captions) of every item to score.

    Raises:
        ScoringError: The lists differ in length, or a row has no caption.
    """
    if len(hypotheses) != len(references):
        raise ScoringError(f"{len(hypotheses)} outputs for {len(references)} lists of captions")
    found: list[tuple[int, Value, list[Value]]] = []
    for row, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True)):
        captions = reference if isinstance(reference, list) else [reference]
        if not captions:
            raise ScoringError("no reference caption", item=row)
        if axis == "all":
            found.append((row, hypothesis, captions))
        else:
            found.extend((row, hypothesis, [caption]) for caption in captions)
    return found


def words(value: Value) -> tuple[str, ...]:
    """The tokens of a value: unchanged if it is tokenised, otherwise split on white space."""
    return value if isinstance(value, tuple) else tuple(value.split())


def fixed(value: float | Fraction) -> int:
    """A score in units of 10**-12."""
    return round(value * FIXED_POINT)


class MeanScore(Metric):
    """The mean score of the items. The last count of a row is `items`; the others are scores in units of 10**-12.

    An item's score is the mean of the columns before the last.
    """

    columns: tuple[str, ...] = ("score", "items")

    def fold(self, counts: Counts) -> Fraction | None:
        """The mean over all items, scaled."""
        scores = int(counts[:, :-1].sum()) * self.scale
        items = int(counts[:, -1].sum())
        return Fraction(scores, items * (len(self.columns) - 1) * FIXED_POINT) if items else None

    def terms(self, counts: Counts) -> Terms:
        """See `Metric.terms`. Row scores in millionths, and the number of items."""
        return np.stack([np.rint(counts[:, :-1].sum(axis=1) / MILLIONTH), counts[:, -1]], axis=1)

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        return divide(sums[:, 0] * self.scale, sums[:, 1] * (len(self.columns) - 1) * 1e6)


def table(rows: int, columns: int) -> Counts:
    """An array of zero counts: (rows, columns)."""
    return np.zeros((rows, columns), dtype=np.int64)
