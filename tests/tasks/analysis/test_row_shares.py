"""Shares of rows in a difference: they sum to it exactly, treat both sides alike, and are zero for rows that do not change."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasks.analysis.row_shares import RowShares, Side, row_shares
from tasks.errors import ScoringError
from tasks.metrics.accuracy import Accuracy
from tasks.metrics.bleu import Bleu
from tasks.metrics.class_scores import ClassScore
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.metrics.metric import Metric

ROWS = 6
_CELL = st.integers(0, 9)
_COUNTS = st.lists(st.tuples(_CELL, _CELL, _CELL, _CELL), min_size=ROWS, max_size=ROWS)
_KEPT = st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=ROWS, unique=True).map(sorted)


def side(metric: Metric, counts: list[tuple[int, ...]], kept: list[int] | None = None) -> Side:
    kept = list(range(len(counts))) if kept is None else kept
    return Side(metric, np.array([counts[n] for n in kept], dtype=np.int64), kept)


def check_exact(found: RowShares, first: Side, second: Side) -> None:
    a, b = first.metric.fold(first.counts), second.metric.fold(second.counts)
    assert a is not None
    assert b is not None
    assert found.method == "exact"
    assert all(isinstance(share, Fraction) for share in found.rows)
    assert sum(found.rows) == found.gap == b - a
    assert found.remainder == 0


@given(
    _COUNTS,
    _COUNTS,
    _KEPT,
    _KEPT,
    st.sampled_from([ErrorRate(), MeanErrorRate()]),
    st.sampled_from([ErrorRate(), MeanErrorRate()]),
)
def test_ratios_and_means_sum_exactly_whatever_changes(
    one: list[tuple[int, ...]],
    other: list[tuple[int, ...]],
    kept: list[int],
    others: list[int],
    metric: Metric,
    second_metric: Metric,
) -> None:
    """Counts, reference tokens, scored rows, and the fold from a corpus rate to a mean of rows."""
    first, second = side(metric, one, kept), side(second_metric, other, others)
    assume(metric.fold(first.counts) is not None)
    assume(second_metric.fold(second.counts) is not None)
    check_exact(row_shares(first, second, ROWS), first, second)


@given(_COUNTS, _COUNTS, _KEPT)
def test_both_sides_are_treated_alike_and_unchanged_rows_pay_nothing(
    one: list[tuple[int, ...]], other: list[tuple[int, ...]], changed: list[int]
) -> None:
    mixed = [other[n] if n in changed else one[n] for n in range(ROWS)]
    first, second = side(ErrorRate(), one), side(ErrorRate(), mixed)
    assume(first.metric.fold(first.counts) is not None)
    assume(second.metric.fold(second.counts) is not None)
    there, back = row_shares(first, second, ROWS), row_shares(second, first, ROWS)
    assert there.rows == tuple(-share for share in back.rows)
    assert all(share == 0 for n, share in enumerate(there.rows) if n not in changed)


def test_by_hand() -> None:
    """20 words a row; one row loses 4 errors, one is dropped that has more errors than the rest."""
    one = [(2, 0, 0, 18), (5, 0, 0, 15), (10, 0, 0, 10)]
    other = [(2, 0, 0, 18), (1, 0, 0, 19), (10, 0, 0, 10)]
    found = row_shares(side(ErrorRate(), one), side(ErrorRate(), other), 3)
    assert found.rows == (0, Fraction(-400, 60), 0)
    dropped = row_shares(side(ErrorRate(), one), side(ErrorRate(), other, [0, 1]), 3)
    # 17/60 to 3/40: middle 43/240, denominators 60 and 40, on average 50.
    assert dropped.rows == (0, Fraction(-4 * 100, 50), (-10 + Fraction(43, 240) * 20) * 100 / 50)
    assert sum(dropped.rows) == dropped.gap == Fraction(300, 40) - Fraction(1700, 60)


@given(st.lists(st.tuples(st.integers(0, 1), st.just(1)), min_size=2, max_size=12), st.data())
def test_accuracy(points: list[tuple[int, ...]], data: st.DataObject) -> None:
    others = data.draw(st.lists(st.tuples(st.integers(0, 1), st.just(1)), min_size=len(points), max_size=len(points)))
    first, second = side(Accuracy(), points), side(Accuracy(), others)
    found = row_shares(first, second, len(points))
    check_exact(found, first, second)
    assert [share * len(points) for share in found.rows] == [b[0] - a[0] for a, b in zip(points, others, strict=True)]


def test_functions_of_sums_state_the_remainder() -> None:
    hypotheses = [("a", "b", "c", "d", "e"), ("a", "b", "x", "d", "e", "f"), ("q", "r", "s", "t")]
    references = [
        ("a", "b", "c", "d", "e"),
        ("a", "b", "c", "d", "e", "f"),
        ("q", "r", "s", "u", "t"),
    ]
    metric = Bleu()
    first = Side(metric, metric.count(hypotheses, references), [0, 1, 2])
    better = [hypotheses[0], references[1], references[2]]
    second = Side(metric, metric.count(better, references), [0, 1, 2])
    found = row_shares(first, second, 3)
    assert found.method == "one row at a time"
    assert found.rows[0] == 0
    assert found.rows[1] > 0
    assert sum(found.rows) + found.remainder == pytest.approx(found.gap)
    # One row alone makes the whole difference: nothing remains.
    alone = row_shares(
        first, Side(metric, metric.count([hypotheses[0], references[1], hypotheses[2]], references), [0, 1, 2]), 3
    )
    assert alone.rows[1] == pytest.approx(alone.gap)
    assert alone.remainder == pytest.approx(0)


def test_different_units_are_compared_by_leaving_rows_out() -> None:
    labels = ("a", "b")
    accuracy, f1 = Accuracy(), ClassScore(labels, "macro-f1")
    said, gold = ["a", "b", "b", "a"], ["a", "b", "a", "a"]
    first, second = (Side(m, m.count(said, gold), [0, 1, 2, 3]) for m in (accuracy, f1))
    found = row_shares(first, second, 4)
    assert found.method == "leave one out"
    assert sum(found.rows) + found.remainder == pytest.approx(found.gap)


def test_no_value() -> None:
    empty = side(ErrorRate(), [(0, 0, 1, 0)])
    with pytest.raises(ScoringError, match="not defined"):
        row_shares(empty, empty, 1)
