from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import ScoringError
from tasks.statistics.odds import Odds, odds
from tasks.statistics.printed import cells, places_of


def test_two_values_far_apart() -> None:
    """Values 10 and 20 printed with no decimals: half a cell of each lies within the spread of 10."""
    answer = odds([Fraction(10), Fraction(20)], "15")
    assert answer == Odds(2, 2, Fraction(10), Fraction(20), Fraction(1, 10), Fraction(0))
    assert answer.as_json(2) == {
        "tried": 2, "distinct": 2, "low": "10.00", "high": "20.00", "chance": "0.10", "crowded": "0.00",
    }  # fmt: skip


def test_values_a_cell_apart_cover_everything() -> None:
    answer = odds([Fraction(i, 10) for i in range(20, 41)], "3.3")
    assert answer.chance == 1


def test_a_tie_meets_both_strings() -> None:
    assert cells(Fraction("33.05"), Fraction("33.05"), 1) == (330, 331)
    assert cells(Fraction("33.06"), Fraction("33.14"), 1) == (331, 331)
    assert cells(Decimal("2.04"), Decimal("2.16"), 1) == (20, 22)


def test_noise_and_tolerance_widen() -> None:
    values = [Fraction(10), Fraction(20)]
    assert odds(values, "1.0").chance == Fraction(1, 100)
    wide = odds(values, "1.0", tolerance=Fraction(1, 2)).chance
    assert wide == Fraction(11, 100)  # half a unit, and half a cell, inside the spread on either side
    noisy = odds(values, "1.0", accepted=[(Fraction(9), Fraction(12)), None]).chance
    assert noisy == Fraction(2 * 100 + 5 + 5, 1000)


def test_same_values_have_no_spread() -> None:
    answer = odds([Fraction(3), Fraction(3)], "3.0")
    assert (answer.tried, answer.distinct, answer.chance, answer.crowded) == (2, 1, None, None)
    assert answer.as_json()["chance"] is None


def test_crowding_counts_values_that_a_string_cannot_tell_apart() -> None:
    values = [Fraction("2.11"), Fraction("2.12"), Fraction("2.31"), Fraction("2.31"), Fraction("5.0")]
    assert odds(values, "2.1").crowded == Fraction(2, 4)
    assert odds(values, "2.10").crowded == 0
    assert odds(values, "2").crowded == Fraction(3, 4)


def test_refusals() -> None:
    with pytest.raises(ScoringError) as caught:
        odds([], "1.0")
    assert caught.value.what == "no convention has a value"
    with pytest.raises(ScoringError) as caught:
        odds([Fraction(1)], "1.0", accepted=[])
    assert caught.value.what == "1 values, but 0 intervals"


def test_odds_are_rounded_up_and_never_down() -> None:
    low, high = Fraction(1, 3), Fraction(2, 3)
    shown = Odds(9, 8, low, high, Fraction(301, 1000), Fraction(1, 1000)).as_json()
    assert shown == {
        "tried": 9, "distinct": 8, "low": "0.333333", "high": "0.666667", "chance": "0.31", "crowded": "0.01",
    }  # fmt: skip
    assert Odds(1, 1, low, low, None, None).as_json(1) == {
        "tried": 1, "distinct": 1, "low": "0.3", "high": "0.3", "chance": None, "crowded": None,
    }  # fmt: skip


def test_intervals_of_equal_values_are_joined() -> None:
    values = [Fraction(10), Fraction(10), Fraction(20), Fraction(10)]
    joined = odds(values, "1.0", accepted=[(9, 11), (10, 12), None, None]).chance
    # 10 to 12.05, and 19.95 to 20.
    assert joined == odds([10, 20], "1.0", accepted=[(9, 12), None]).chance == Fraction(21, 100)
    # 10 to 10.05, 12.95 to 17.05, and 16.95 to 20.
    inside = odds([10, 15, 15, 20], "1.0", accepted=[None, (13, 15), (15, 17), (17, 21)]).chance
    assert inside == (Fraction("0.05") + Fraction("7.05")) / 10
    assert odds([10, 15, 15, 20], "1.0", accepted=[None, (13, 15), (15, 17), None]).chance == Fraction("0.42")
    # An interval that leaves its value out still covers it, and a tolerance reaches beyond a narrow one.
    assert odds([10, 20], "1", accepted=[(12, 13), None]) == odds([10, 20], "1", accepted=[(10, 13), None])
    assert odds([10, 20], "1", accepted=[(10, 10), None], tolerance=2) == odds([10, 20], "1", tolerance=2)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.fractions(0, 3, max_denominator=97), min_size=2, max_size=12, unique=True),
    st.integers(0, 2),
    st.fractions(0, 1, max_denominator=10),
    st.randoms(use_true_random=False),
)
def test_the_measure_is_that_of_brute_force(
    values: list[Fraction], places: int, tolerance: Fraction, rng: random.Random
) -> None:
    """Every string of the spread asked one by one: is it met, and how much of the spread is its cell."""
    printed = "0" if not places else "0." + "0" * places
    rng.shuffle(values)
    scale, half = 10**places, Fraction(1, 2 * 10**places)
    low, high = min(values), max(values)
    covered = Fraction(0)
    for string in range(int(low * scale) - 2, int(high * scale) + 3):
        centre = Fraction(string, scale)
        if any(v - tolerance <= centre + half and centre - half <= v + tolerance for v in values):
            covered += max(Fraction(0), min(high, centre + half) - max(low, centre - half))
    assert odds(values, printed, tolerance=tolerance).chance == covered / (high - low)


@settings(deadline=None)
@given(st.lists(st.fractions(0, 5, max_denominator=99), min_size=2, max_size=12))
def test_crowding_is_that_of_brute_force(values: list[Fraction]) -> None:
    half = Fraction(1, 20)
    different = sorted(set(values))
    own = {v: range(cells(v, v, 1)[0], cells(v, v, 1)[1] + 1) for v in different}
    met = [any(abs(w - Fraction(s, 10)) <= half for w in different if w != v for s in own[v]) for v in different]
    expected = Fraction(sum(met), len(different)) if len(different) > 1 else None
    assert odds(values, "1.0").crowded == expected


@settings(deadline=None)
@given(st.lists(st.fractions(0, 50, max_denominator=50), min_size=2, max_size=20, unique=True))
def test_more_conventions_never_lower_the_odds_within_a_spread(values: list[Fraction]) -> None:
    ends = [min(values), max(values)]
    few, many = odds(ends, "1.0").chance, odds(values, "1.0").chance
    assert few is not None
    assert many is not None
    assert 0 < few <= many <= 1


def test_places() -> None:
    assert [places_of(t) for t in ("33.1", "0.69", "82.570", "33")] == [1, 2, 3, 0]
