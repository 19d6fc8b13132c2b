"""Shares of rows in a difference: they sum to it exactly, treat both sides alike, and are zero for rows that do not change."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

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


_SAID = [("a", "b", "c", "d", "e"), ("a", "b", "x", "d", "e", "f"), ("q", "r", "s", "t")]
_GOLD = [("a", "b", "c", "d", "e"), ("a", "b", "c", "d", "e", "f"), ("q", "r", "s", "u", "t")]


def test_functions_of_sums_are_split_along_the_path() -> None:
    metric = Bleu()
    first = Side(metric, metric.count(_SAID, _GOLD), [0, 1, 2])
    second = Side(metric, metric.count([_SAID[0], _GOLD[1], _GOLD[2]], _GOLD), [0, 1, 2])
    found = row_shares(first, second, 3)
    assert found.method == "path"
    assert found.rows[0] == 0
    assert min(found.rows[1:]) > 0
    assert found.remainder == pytest.approx(0, abs=1e-3)
    # One row alone makes the whole difference.
    alone = row_shares(first, Side(metric, metric.count([_SAID[0], _GOLD[1], _SAID[2]], _GOLD), [0, 1, 2]), 3)
    assert alone.rows[0] == alone.rows[2] == 0
    assert alone.rows[1] == pytest.approx(alone.gap, abs=1e-3)
    back = row_shares(second, first, 3)
    assert back.rows == pytest.approx([-share for share in found.rows])


def test_the_path_gives_a_ratio_what_its_derivative_says() -> None:
    """A ratio along the straight path, integrated by hand: errors 2 to 4 at 10 words, then 10 to 20 words at 2 errors."""

    class Plain(Metric):
        """An error rate that hides that it is a ratio."""

        id, columns, scale = "plain", ("errors", "words"), 1
        signature = "plain"

        def count(self, hypotheses: Any, references: Any) -> Any:
            raise NotImplementedError

        def fold(self, counts: Any) -> float:
            errors, words = counts.sum(axis=0)
            return float(errors / words)

        def from_sums(self, sums: Any) -> Any:
            return sums[:, 0] / sums[:, 1]

    def between(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> RowShares:
        sides = [Side(Plain(), np.array(counts), list(range(len(counts)))) for counts in (one, other)]
        return row_shares(sides[0], sides[1], len(one))

    errors = between([(1, 5), (1, 5)], [(3, 5), (1, 5)])
    assert errors.rows == pytest.approx((0.2, 0.0))
    both = between([(2, 10), (0, 0)], [(2, 10), (0, 10)])
    assert both.rows == pytest.approx((0.0, -0.1))
    # Both change: 1 error more and 10 words more; the integrals of 1/(10+10u) and of -(2+u)*10/(10+10u)^2.
    mixed = between([(2, 10), (0, 0)], [(3, 10), (0, 10)])
    assert mixed.rows == pytest.approx((np.log(2) / 10, 3 / 20 - 2 / 10 - np.log(2) / 10))


def test_what_the_fold_changes_is_not_a_rows() -> None:
    one, other = Bleu(), Bleu(smoothing="none")
    said, gold = [*_SAID, ("z",)], [*_GOLD, ("y",)]
    first, second = (Side(metric, metric.count(said, gold), [0, 1, 2, 3]) for metric in (one, other))
    found = row_shares(first, second, 4)
    assert found.rows == (0, 0, 0, 0)
    assert found.remainder == found.gap


@given(st.lists(st.tuples(*[st.sampled_from("abc")] * 3), min_size=4, max_size=20))
def test_scores_by_class_sum_along_the_path(rows: list[tuple[str, str, str]]) -> None:
    metric = ClassScore(("a", "b", "c"), "macro-f1")
    gold = ["a", "b", "c", *(row[0] for row in rows)]
    said = [["a", "b", "c", *(row[n] for row in rows)] for n in (1, 2)]
    first, second = (Side(metric, metric.count(one, gold), list(range(len(gold)))) for one in said)
    found = row_shares(first, second, len(gold))
    assert found.remainder == pytest.approx(0, abs=1e-6)
    assert all(share == 0 for share, row in zip(found.rows[3:], rows, strict=True) if row[1] == row[2])


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
