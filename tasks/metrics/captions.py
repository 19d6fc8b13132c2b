"""What the caption metrics share: the captions of a row, and the mean of a row's score kept as a whole number.

How many references a caption is scored against is an axis of its own. `all`: every caption of the row at once, as the
metric defines it (METEOR takes the best, CIDEr-D the mean, SPICE their union). `each`: every pair of the output and one
caption is an item, as where a data set's captions are rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tasks.errors import ScoringError
from tasks.metrics.metric import FIXED_POINT, Counts, Metric, Sums, Terms, divide
from tasks.step import Value

References = Literal["all", "each"]
_MILLIONTH = FIXED_POINT // 10**6


def items(
    hypotheses: Sequence[Value], references: Sequence[Value], axis: References
) -> list[tuple[int, Value, list[Value]]]:
    """(row, hypothesis, captions) of every item that is scored.

    Raises:
        ScoringError: The lists are of different lengths, or a row has no caption.
    """
    if len(hypotheses) != len(references):
        raise ScoringError(f"{len(hypotheses)} outputs for {len(references)} lists of captions")
    found: list[tuple[int, Value, list[Value]]] = []
    for row, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True)):
        captions = reference if isinstance(reference, list) else [reference]
        if not captions:
            raise ScoringError("no caption to be scored against", item=row)
        if axis == "all":
            found.append((row, hypothesis, captions))
        else:
            found.extend((row, hypothesis, [caption]) for caption in captions)
    return found


def words(value: Value) -> tuple[str, ...]:
    """A value's tokens: as they are, or those of a text between white space."""
    return value if isinstance(value, tuple) else tuple(value.split())


def fixed(value: float | Fraction) -> int:
    """A score in parts of 10**12."""
    return round(value * FIXED_POINT)


class MeanScore(Metric):
    """The mean of the items' scores. A row's counts end in `items`; the others are scores in parts of 10**12.

    A subclass whose row score is not the first column says so in `row_score`.
    """

    columns: tuple[str, ...] = ("score", "items")

    def row_score(self, counts: Counts) -> tuple[NDArray[np.int64], int]:
        """The rows' summed scores, (rows,), and what they are to be divided by (2 for a mean of two columns)."""
        return counts[:, 0], 1

    def fold(self, counts: Counts) -> Fraction | None:
        """The mean over all items, scaled."""
        scores, divisor = self.row_score(counts)
        total = int(counts[:, -1].sum())
        return Fraction(int(scores.sum()) * self.scale, total * divisor * FIXED_POINT) if total else None

    def terms(self, counts: Counts) -> Terms:
        """See `Metric.terms`. Row scores in millionths, and items."""
        return np.stack([np.rint(self.row_score(counts)[0] / _MILLIONTH), counts[:, -1]], axis=1)

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        divisor = self.row_score(np.zeros((1, len(self.columns)), dtype=np.int64))[1]
        return divide(sums[:, 0] * self.scale, sums[:, 1] * (divisor * 1e6))


def table(rows: int, columns: int) -> Counts:
    """Counts of zero: (rows, columns)."""
    return np.zeros((rows, columns), dtype=np.int64)
