"""Metric: integer counts per row, and a fold that turns counts into a value.

Counts are stored and signed; every rate is computed from them. Integer sums are exact, so a fold does not depend on
the order of rows, the number of threads or the size of chunks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from tasks.arrays import NDArray, np
from tasks.step import Value, origin

Counts: TypeAlias = "NDArray[np.int64]"  # (rows, columns)
Weights: TypeAlias = "NDArray[np.float64]"  # (replicates, rows): how often each row was drawn; integers
Terms: TypeAlias = "NDArray[Any]"  # (rows, terms): integers, of integer or floating type
Sums: TypeAlias = "NDArray[np.float64]"  # (replicates, terms)

# Per-row scores that are not ratios of counts (CIDEr, SPICE) are stored as integers in units of 1/FIXED_POINT.
FIXED_POINT = 10**12
# Summed over rows they are rounded to millionths, so that sums stay exact.
MILLIONTH = FIXED_POINT // 10**6


class Metric(ABC):
    """A metric with its parameters.

    Attributes:
        id: `wer`, `bleu`, `accuracy`, ...
        columns: Names of the counts of a row.
        scale: Factor of the folded value: 100 for percentages, 1 for fractions and counts.
        whole_set: Whether a row's counts depend on the other rows (as CIDEr's document frequencies do).
    """

    id: str
    columns: tuple[str, ...]
    scale: int = 100
    whole_set: bool = False

    @property
    @abstractmethod
    def signature(self) -> str:
        """How the metric counts and folds, for a convention's signature."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The code and data that determine the result, for the convention's hash."""
        return (*origin(type(self)), "module:tasks.metrics.metric")

    @property
    def counting(self) -> Hashable:
        """A key for how rows are counted: metrics with equal keys have equal counts, which are computed once."""
        return self

    @abstractmethod
    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """The counts of every row: (rows, columns), int64."""

    @abstractmethod
    def fold(self, counts: Counts) -> Fraction | float | None:
        """The value over all rows, scaled; None if undefined (no rows, no reference words)."""

    def terms(self, counts: Counts) -> Terms:
        """Per-row terms whose sums over the drawn rows determine the value of a replicate; by default the counts.

        Terms are integers, so that sums below 2**53 are exact in any order. Other row values are rounded to fixed point.
        """
        return counts

    @abstractmethod
    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """The value of every replicate from the sums of its terms, scaled: (replicates,). NaN where undefined."""

    def replicate(self, counts: Counts, weights: Weights) -> NDArray[np.float64]:
        """The value of every replicate, scaled: (replicates,). NaN where undefined."""
        return self.from_sums(weights @ self.terms(counts).astype(np.float64))


def as_counts(rows: Sequence[Sequence[int]], columns: int) -> Counts:
    """Rows of counts as an array, (rows, columns), also where there are none."""
    return np.array(rows, dtype=np.int64).reshape(len(rows), columns)


def with_rows(values: NDArray[np.float64]) -> Terms:
    """Terms of a mean over the rows: (rows, 2), the values and 1."""
    return np.stack([values, np.ones(len(values))], axis=1)


class RatioMetric(Metric):
    """A ratio of two sums over the rows: pooled error rates, accuracies."""

    numerator: tuple[str, ...]
    denominator: tuple[str, ...]

    def _parts(self, sums: NDArray[np.generic]) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        top = [self.columns.index(name) for name in self.numerator]
        bottom = [self.columns.index(name) for name in self.denominator]
        return sums[..., top].sum(axis=-1), sums[..., bottom].sum(axis=-1)

    def fold(self, counts: Counts) -> Fraction | None:
        """Sum of numerators over sum of denominators, scaled, exact."""
        top, bottom = self._parts(counts.sum(axis=0))
        return Fraction(int(top) * self.scale, int(bottom)) if int(bottom) else None

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        top, bottom = self._parts(sums)
        return divide(top * self.scale, bottom)


class MeanMetric(Metric):
    """The arithmetic mean of row values, each a ratio of the row's counts, see `row_value`."""

    @abstractmethod
    def row_value(self, counts: Counts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numerator and denominator of every row's value, both (rows,); denominators are positive."""

    def fold(self, counts: Counts) -> Fraction | None:
        """The mean over the rows, scaled, exact."""
        if not len(counts):
            return None
        top, bottom = self.row_value(counts)
        total = Fraction(0)
        for divisor in np.unique(bottom):
            total += Fraction(int(top[bottom == divisor].sum()), int(divisor))
        return total * self.scale / len(counts)

    def terms(self, counts: Counts) -> Terms:
        """See `Metric.terms`: row values in millionths."""
        top, bottom = self.row_value(counts)
        return with_rows(np.rint(top / bottom * 1e6))

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        return divide(sums[:, 0] * self.scale, sums[:, 1] * 1e6)


def divide(top: NDArray[np.generic], bottom: NDArray[np.generic]) -> NDArray[np.float64]:
    """Divide element-wise; NaN where the denominator is zero."""
    result = np.full(np.shape(top), np.nan)
    np.divide(top, bottom, out=result, where=np.asarray(bottom) != 0)
    return result
