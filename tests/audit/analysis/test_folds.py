from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from audit.analysis.folds import folded, summed, sums
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.metrics.metric import Counts, RatioMetric
from tasks.statistics.compact import compact
from tests.tasks.metrics.test_every_metric import CASES, Case, every_case, programs

__all__ = ["programs"]  # a fixture


@every_case
def test_sums_over_the_rows_give_the_value_of_every_metric(case: Case) -> None:
    counts = case.metric.count(case.hypotheses, case.references)
    generator = np.random.default_rng(7)
    for _ in range(20):
        rows = counts[generator.integers(0, len(counts), 9)]
        value = case.metric.fold(rows)
        fold, total = summed(case.metric, compact(rows), value)
        if value is None:
            assert (fold, total) == (None, None)
            continue
        assert fold is not None
        assert fold.exact == isinstance(value, Fraction)
        # As audit.json has them: canonical JSON sorts keys.
        by_name = dict(sorted((sums(case.metric, rows) or {}).items()))
        assert folded(fold, by_name, None if total is None else Fraction(total), len(rows)) == value
        # No sum is there for show: without any one row the value is that of the other rows.
        other = rows[1:]
        again = folded(fold, sums(case.metric, other) or {}, _total(case.metric, other), len(other))
        assert again == case.metric.fold(other)


def _total(metric: Any, rows: Counts) -> Fraction | None:
    _, total = summed(metric, rows, metric.fold(rows))
    return None if total is None else Fraction(total)


def test_every_metric_has_a_case() -> None:
    assert len({type(case.metric) for case in CASES}) >= 25


def test_a_mean_over_rows_keeps_the_exact_sum_of_their_values() -> None:
    counts = np.array([[1, 0, 0, 2], [0, 1, 1, 6]])  # 1/3 and 2/7
    fold, total = summed(MeanErrorRate(), counts, MeanErrorRate().fold(counts))
    assert total == "13/21"
    assert fold is not None
    assert folded(fold, {}, Fraction(13, 21), 2) == Fraction(100 * 13, 42)


def test_a_metric_that_folds_in_its_own_way_has_no_formula() -> None:
    class Halved(RatioMetric):
        id, columns, numerator, denominator = "halved", ("a", "b"), ("a",), ("b",)
        signature = "halved"

        def count(self, hypotheses: Any, references: Any) -> Counts:
            raise AssertionError

        def fold(self, counts: Counts) -> Fraction | None:
            value = super().fold(counts)
            return None if value is None else value / 2

    counts = np.array([[1, 2]])
    assert summed(Halved(), counts, Halved().fold(counts)) == (None, None)


def test_nothing_follows_from_nothing() -> None:
    empty = np.zeros((0, 4), dtype=np.int64)
    assert summed(ErrorRate(), empty, None) == (None, None)
    assert summed(ErrorRate(), None, Fraction(1)) == (None, None)
    fold, _ = summed(ErrorRate(), np.array([[1, 0, 0, 1]]), Fraction(50))
    assert fold is not None
    assert folded(fold, dict.fromkeys(ErrorRate().columns, 0), None, 0) is None


@pytest.mark.parametrize("metric", ["wer", "bleu"])
def test_measurements_say_how_their_value_follows(metric: str) -> None:
    from audit.document.write import plain
    from audit.schema import Fold, Measurement

    measurement = Measurement("a", None, None, "recomputed", "1", metric=metric)
    assert {"total", "fold"}.isdisjoint(plain(measurement))
    with_fold = Measurement("a", None, None, "recomputed", "1", total="1/3", fold=Fold("bleu", 100, option="exp"))
    assert plain(with_fold)["fold"]["option"] == "exp"
    assert plain(with_fold)["total"] == "1/3"
