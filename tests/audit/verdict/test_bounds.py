"""Worst-case bounds on the whole set: no way to fill in the missing units leaves them, and they are reached."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.facts import Unit
from audit.literature.known_tasks import known_tasks as tasks
from audit.verdict.bounds import MEANS, NO_MAXIMUM, NOT_OVER_UNITS, SHARES, Range, whole_set

SCALE = {"percent": 100, "fraction": 1}


def bounds(
    value: Fraction, metric: str, scored: int, unscored: int, unit: Unit = "percent", family: str = "classification"
) -> Range:
    return whole_set(value, family=family, metric=metric, unit=unit, scored=scored, unscored=unscored)


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.integers(1, 5), st.sampled_from(["percent", "fraction"]))
def test_a_share_lies_between_all_missing_wrong_and_all_missing_right(
    right: list[bool], missing: int, unit: Unit
) -> None:
    scale = SCALE[unit]
    found = bounds(Fraction(scale * sum(right), len(right)), "accuracy", len(right), missing, unit)
    total = len(right) + missing
    possible = {Fraction(scale * (sum(right) + sum(rest)), total) for rest in product((0, 1), repeat=missing)}
    assert (found.low, found.high) == (min(possible), max(possible))


@given(st.lists(st.integers(0, 10), min_size=1, max_size=5), st.lists(st.integers(0, 10), min_size=1, max_size=5))
def test_a_mean_of_scores_stays_within(scored: list[int], missing: list[int]) -> None:
    value = Fraction(10 * sum(scored), len(scored))
    found = bounds(value, "rouge-l", len(scored), len(missing), family="captioning")
    whole = Fraction(10 * (sum(scored) + sum(missing)), len(scored) + len(missing))
    assert found.low is not None
    assert found.high is not None
    assert found.low <= whole <= found.high


def test_an_error_rate_can_be_anything_where_units_are_missing() -> None:
    """Missing references of any length without an error push the rate towards 0; errors in them have no maximum."""
    assert bounds(Fraction(55), "wer", 2619, 1, family="asr") == Range(Fraction(0), None)


@pytest.mark.parametrize("metric", ["bleu", "meteor", "spider", "f1", "precision"])
def test_what_is_no_mean_over_units_can_be_anything(metric: str) -> None:
    assert bounds(Fraction(33), metric, 15_000, 1, family="translation") == Range(Fraction(0), Fraction(100))


def test_counts_have_no_largest_value() -> None:
    assert bounds(Fraction("82.57"), "diversity", 4411, 464, "count", "story-audiocaps") == Range(Fraction(0), None)


def test_the_whole_set_is_its_value() -> None:
    for metric in ("accuracy", "wer", "bleu", "rouge-l", "diversity"):
        assert bounds(Fraction(7, 3), metric, 50, 0, "count") == Range(Fraction(7, 3), Fraction(7, 3))


def test_thirteen_missing_of_1241_all_wrong_leave_at_most_thirteen_right() -> None:
    found = bounds(Fraction(0), "accuracy", 1228, 13, "fraction")
    assert found == Range(Fraction(0), Fraction(13, 1241))


def test_every_metric_with_share_bounds_counts_one_answer_a_unit() -> None:
    """A share over slots or phrases, not over rows, must not be bounded by rows."""
    found = {
        (task.id, metric, convention.id): convention.metric.columns
        for task in tasks().values()
        for metric, conventions in task.conventions.items()
        for convention in conventions
        if metric in SHARES and task.family not in NOT_OVER_UNITS
    }
    assert found
    assert set(found.values()) == {
        ("correct", "total"),
        ("correct", "total", "unread"),
        ("followed", "total"),
        ("different_words", "followed", "total"),  # of one story each
    }


def test_every_error_rate_and_mean_is_named() -> None:
    rates = {m for t in tasks().values() for m in t.conventions if m in NO_MAXIMUM | MEANS}
    assert rates == {"wer", "cer", "per", "ter", "rouge-l"}
    assert bounds(Fraction(40), "ter", 90, 10, family="translation") == Range(Fraction(0), None)
