"""How much every row pays for the difference between two values: of two conventions on one run, or of two runs.

For ratios (pooled error rates, accuracies) and means of rows the shares are exact and sum to the difference. With numerators
n, denominators d and values R = N/D of both sides, the share of row i is

    (n'_i - n_i - (R + R')/2 * (d'_i - d_i)) / ((D + D')/2)

It treats both sides alike, is zero for a row that counts the same on both sides, and sums to R' - R, whatever changes:
counts, reference tokens, or the rows that are scored. A row that a side drops has n = d = 0 there. Between a ratio and a mean
of rows, n and d are first divided by their side's D, since their denominators have different units.

Other metrics (BLEU, macro-F1, CIDEr) are functions of sums that do not split into rows. There the counts of all rows change
together, from one side to the other in a straight line, and a row's share is what its counts add to the value along the way:
the integral of the gradient at the sums on the way times the change of the row's counts (Aumann and Shapley 1974, Values of
Non-Atomic Games). The shares of all rows sum to the difference up to the error of the integration and, if the sides fold equal
counts in different ways, what the fold itself changes; that is stated as the remainder.

Where the sides count in different units (corpus BLEU and a mean of sentence scores) a row's share is how much more the second
value than the first changes if the row is left out; the remainder can be large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tasks.errors import ScoringError
from tasks.metrics.metric import MeanMetric, Metric, RatioMetric
from tasks.statistics.compact import Compact, wide

Amount: TypeAlias = Fraction | float
Method: TypeAlias = Literal["exact", "path", "leave one out"]
# Points of the integration along the path, and the relative step of its differences.
_NODES = 64
_STEP = 1e-6
# (numerator, denominator) of every row
_Parts: TypeAlias = tuple[list[Fraction], list[Fraction]]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two values: its metric and the counts of the rows it scores.

    Attributes:
        metric: The metric.
        counts: (kept rows, columns).
        kept: The indices of the kept rows in the set, ascending.
    """

    metric: Metric
    counts: Compact
    kept: Sequence[int]


@dataclass(frozen=True, slots=True)
class RowShares:
    """The share of every row of the set in a difference.

    Attributes:
        gap: The second value minus the first, in the metric's scale.
        rows: One share per row of the set, in order, in the metric's scale.
        remainder: What is not attributed to rows: `gap` minus the sum of `rows`; exactly 0 with the method `exact`.
        method: `exact`; `path`; `leave one out`, if the two sides count in different units.
    """

    gap: Amount
    rows: tuple[Amount, ...]
    remainder: Amount
    method: Method


def row_shares(first: Side, second: Side, rows: int) -> RowShares:
    """The shares of all rows in the second value minus the first.

    Args:
        first: The side whose value is subtracted.
        second: The other side.
        rows: The number of rows of the set.

    Raises:
        ScoringError: A side has no value.
    """
    values = [side.metric.fold(wide(side.counts)) for side in (first, second)]
    a, b = values
    if a is None or b is None:
        raise ScoringError("one of the two values is not defined on these rows")
    if first.metric.scale != second.metric.scale:
        raise ScoringError("the two values have different scales")
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        exact = _exact(first, second, rows)
        # A metric may fold its sums in a way of its own.
        if exact is not None and sum(exact, Fraction(0)) == b - a:
            return RowShares(b - a, tuple(exact), Fraction(0), "exact")
    gap = float(b) - float(a)
    alike = type(first.metric) is type(second.metric) and first.metric.columns == second.metric.columns
    found = _along_the_path(first, second, rows) if alike else _leave_one_out(first, second, rows)
    shares = tuple(map(float, np.nan_to_num(found)))
    return RowShares(gap, shares, gap - sum(shares), "path" if alike else "leave one out")


def _exact(first: Side, second: Side, rows: int) -> list[Fraction] | None:
    """The exact shares; None if a metric is neither a ratio nor a mean of rows."""
    parts = [_parts(side, rows) for side in (first, second)]
    a, b = parts
    if a is None or b is None:
        return None
    if isinstance(first.metric, MeanMetric) != isinstance(second.metric, MeanMetric):
        a, b = _normed(a), _normed(b)
    totals = [(sum(top), sum(bottom)) for top, bottom in (a, b)]
    middle = sum((Fraction(top) / bottom for top, bottom in totals), Fraction(0)) / 2
    whole = Fraction(totals[0][1] + totals[1][1]) / 2
    scale = first.metric.scale / whole
    unchanged = Fraction(0)
    found = []
    for na, nb, da, db in zip(a[0], b[0], a[1], b[1], strict=True):
        if na == nb and da == db:
            found.append(unchanged)
        else:
            found.append((nb - na - (middle * (db - da) if da != db else 0)) * scale)
    return found


def ratio_parts(metric: RatioMetric, counts: NDArray[np.generic]) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """The numerator and the denominator of every row: (rows,) each."""
    top, bottom = (
        counts[:, [metric.columns.index(name) for name in names]].sum(axis=1)
        for names in (metric.numerator, metric.denominator)
    )
    return top, bottom


def _parts(side: Side, rows: int) -> _Parts | None:
    counts, metric = wide(side.counts), side.metric
    if isinstance(metric, RatioMetric):
        tops, bottoms = ratio_parts(metric, counts)
        values = [Fraction(int(top)) for top in tops]
        weights = [Fraction(int(bottom)) for bottom in bottoms]
    elif isinstance(metric, MeanMetric):
        top, bottom = metric.row_value(counts)
        values = [Fraction(int(t), int(b)) for t, b in zip(top, bottom, strict=True)]
        weights = [Fraction(1)] * len(values)
    else:
        return None
    tops_of_set, bottoms_of_set = [Fraction(0)] * rows, [Fraction(0)] * rows
    for index, value, weight in zip(side.kept, values, weights, strict=True):
        tops_of_set[index], bottoms_of_set[index] = value, weight
    return tops_of_set, bottoms_of_set


def _normed(parts: _Parts) -> _Parts:
    whole = sum(parts[1], Fraction(0))
    return [top / whole for top in parts[0]], [bottom / whole for bottom in parts[1]]


def _along_the_path(first: Side, second: Side, rows: int) -> NDArray[np.float64]:
    """What each row's counts add to the value while all counts change together, averaged over both folds: (rows,)."""
    a, b = (_terms(side, rows) for side in (first, second))
    change = b - a
    start, whole = a.sum(axis=0), change.sum(axis=0)
    moved = np.flatnonzero(np.any(change, axis=0))
    found = np.zeros(rows)
    if not len(moved):
        return found
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    for metric in (first.metric, second.metric):
        gradient = np.zeros(len(moved))
        for node, weight in zip(nodes, weights, strict=True):
            sums = start + (node + 1) / 2 * whole
            steps = _STEP * np.maximum(1.0, np.abs(sums[moved]))
            aside = np.zeros((len(moved), len(sums)))
            aside[np.arange(len(moved)), moved] = steps
            slopes = (metric.from_sums(sums + aside) - metric.from_sums(sums - aside)) / (2 * steps)
            gradient += weight / 2 * np.nan_to_num(slopes)
        found += change[:, moved] @ gradient / 2
    return found


def _leave_one_out(first: Side, second: Side, rows: int) -> NDArray[np.float64]:
    """How much more each row moves the second value than the first if it is left out: (rows,)."""
    found = np.zeros(rows)
    for sign, side in ((-1, first), (1, second)):
        terms = _terms(side, rows)
        whole = terms.sum(axis=0)
        found += sign * (side.metric.from_sums(whole[None, :]) - side.metric.from_sums(whole - terms))
    return found


def _terms(side: Side, rows: int) -> NDArray[np.float64]:
    terms = side.metric.terms(wide(side.counts)).astype(np.float64)
    whole = np.zeros((rows, terms.shape[1]))
    whole[np.asarray(side.kept, dtype=np.intp)] = terms
    return whole
