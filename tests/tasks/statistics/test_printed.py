"""Printed numbers against exact arithmetic."""

from __future__ import annotations

from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.pipeline.outputs import short
from audit.report import numbers
from audit.report.numbers import shown
from audit.verdict.agreement import difference
from tasks.errors import ScoringError
from tasks.statistics.bootstrap import stored
from tasks.statistics.printed import (
    Printed,
    RoundingInterval,
    cells,
    parse,
    places_of,
    printed_as,
    prints,
    rounding_interval,
)

VALUES = st.fractions(min_value=-50, max_value=100, max_denominator=3000)


def near(value: Fraction, places: int) -> set[str]:
    """Every string with so many decimals that lies half a unit or less away, by the definition."""
    scaled = value * 10**places
    units = range(int(scaled) - 2, int(scaled) + 3)
    return {f"{Decimal(n).scaleb(-places):f}" for n in units if abs(scaled - n) <= Fraction(1, 2)}


def test_a_printed_number_as_integers() -> None:
    assert parse("33.1", "percent") == Printed("33.1", 331, 1000)
    assert parse("0.69", "fraction") == Printed("0.69", 69, 100)
    assert parse("7", "percent") == Printed("7", 7, 100)
    assert parse("1.50", "percent").readings == ((150, 10_000), (15, 1000))
    assert parse("20", "percent").readings == ((20, 100), (2, 10))
    assert parse("0", "fraction").readings == ((0, 1),)
    assert parse("100.0", "percent").readings == ((1000, 1000), (100, 100), (10, 10), (1, 1))


@pytest.mark.parametrize("text", ["", "1.", ".5", "-1", "01", "1,5", "1e3", "1.5 ", "\u0663"])
def test_what_is_not_a_plain_decimal_number(text: str) -> None:
    with pytest.raises(ScoringError) as caught:
        parse(text, "percent")
    assert caught.value.what == f"{text!r} is not a plain decimal number (digits, and a point with digits after it)"


def test_units_that_are_not_tested() -> None:
    unit: Any = "points"
    with pytest.raises(ScoringError) as caught:
        parse("1.5", unit)
    assert caught.value.what == "values in 'points' are not tested: percent or fraction"


def test_decimals_are_those_of_the_string() -> None:
    assert [places_of(text) for text in ("3", "3.1", "3.10", "-0.125")] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("33.1", "33.05", "33.15"), ("33", "32.5", "33.5"), ("-0.50", "-0.505", "-0.495"), ("0", "-0.5", "0.5")],
)
def test_the_interval_is_half_a_unit_to_both_sides(text: str, low: str, high: str) -> None:
    assert rounding_interval(text) == RoundingInterval(Decimal(low), Decimal(high))


@pytest.mark.parametrize("text", ["", "n/a", "1.", "1e3", "1 %"])
def test_intervals_are_of_decimal_numbers(text: str) -> None:
    with pytest.raises(ScoringError) as caught:
        rounding_interval(text)
    assert caught.value.what == f"{text!r} is not a decimal number"


@given(VALUES, st.integers(0, 3))
def test_a_value_prints_as_the_nearest_strings(value: Fraction, places: int) -> None:
    like = f"{Decimal(0):.{places}f}"
    # Zero from below has a sign in print.
    assert {text.removeprefix("-") if not float(text) else text for text in printed_as(value, like)} == near(
        value, places
    )


def test_a_tie_prints_both_ways_and_nothing_else_does() -> None:
    assert printed_as(Fraction("3.25"), "0.0") == printed_as(Decimal("3.25"), "0.0") == {"3.2", "3.3"}
    assert printed_as(Fraction("3.35"), "0.0") == {"3.3", "3.4"}
    assert printed_as(Fraction(0), "0.0000000") == {"0.0000000"}
    assert printed_as(Decimal("3.3500000000000000000000000000001"), "0.0") == {"3.4"}
    assert printed_as(Fraction("3.35") + Fraction(1, 10**40), "0.0") == {"3.4"}
    assert printed_as(Fraction("3.35") - Fraction(1, 10**40), "0.0") == {"3.3"}


@given(VALUES.filter(lambda value: value >= 0), st.integers(0, 3), st.integers(-2, 2))
def test_exact_values_print_within_half_a_unit(value: Fraction, places: int, off: int) -> None:
    units = round(value * 10**places) + off
    if units >= 0:
        text = f"{Decimal(units).scaleb(-places):f}"
        assert prints(value, text) is (text in near(value, places))


def test_binary_floats_at_a_tie_print_either_way() -> None:
    for value in (0.285, 1.005, 33.05):  # the double lies beside the tie that it was written as
        digits = len(str(value).partition(".")[2])
        down, up = (f"{Decimal(str(value)) + Decimal(n).scaleb(-digits):.{digits}f}"[:-1] for n in (0, 5))
        assert prints(value, down)
        assert prints(value, up)
    # Up to 2**-50 of the value beside the tie, and no further.
    end = Fraction(1, 2) / (1 - Fraction(1, 2**50))
    assert prints(end, "0")
    assert not prints(end + Fraction(1, 2**60), "0")
    assert not prints(0.2849999, "0.29")
    assert not prints(0.2850001, "0.28")
    assert prints(3, "3")
    assert not prints(3.1, "3.2")


@given(VALUES, VALUES, st.integers(0, 2))
def test_cells_are_those_that_meet_the_interval(a: Fraction, b: Fraction, places: int) -> None:
    low, high = sorted((a, b))
    half = Fraction(1, 2)
    first, last = cells(low, high, places)
    scale = 10**places
    meets = [n for n in range(int(low * scale) - 3, int(high * scale) + 4)
             if n - half <= high * scale and n + half >= low * scale]  # fmt: skip
    assert (first, last) == (meets[0], meets[-1])


PLACES_BELOW = range(6)
ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_HALF_DOWN)


def rounded(value: Fraction, places: int, rounding: str) -> Decimal:
    """The value itself, rounded once."""
    with localcontext(Context(prec=60)):
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return exact.quantize(Decimal(1).scaleb(-places), rounding=rounding)


@given(
    st.one_of(
        st.fractions(-100, 100, max_denominator=2 * 10**5),
        # A little off a tie of up to six places.
        st.builds(
            lambda tie, off: Fraction(tie, 2 * 10**5) + Fraction(off, 10**9),
            st.integers(-(10**7), 10**7),
            st.integers(-900, 900),
        ),
    )
)
def test_a_stored_value_can_be_rounded_once_more(value: Fraction) -> None:
    kept = stored(value)
    assert abs(Fraction(kept) - value) <= Fraction(1, 2 * 10**6)
    for places in PLACES_BELOW:
        for rounding in ROUNDINGS:
            again = kept.quantize(Decimal(1).scaleb(-places), rounding=rounding)
            assert again == rounded(value, places, rounding), (value, kept, places, rounding)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (Fraction("13.69514996"), "13.69514996"),  # six places would be 13.695150, and four of those 13.6952
        (13.69514996, "13.69514996"),
        (Decimal("13.69514996"), "13.69514996"),
        (Fraction("13.69515"), "13.695150"),  # a tie itself
        (Fraction(849, 1241), "0.684126"),
        (Fraction("0.2500000004"), "0.2500000004"),
        (0.1 + 0.15, "0.250000"),  # floats' noise
        (12.345000000000001, "12.345000"),
        (Fraction("12.3450000000001"), "12.345000"),  # closer than is kept
        (Fraction(-1, 3), "-0.333333"),
        (0, "0.000000"),
    ],
)
def test_what_is_stored(value: Fraction | float | Decimal, kept: str) -> None:
    assert str(stored(value)) == kept


def test_everything_that_prints_fewer_places_rounds_the_value_itself() -> None:
    kept = stored(Fraction("13.69514996"))
    assert f"{kept:.4f}" == "13.6951"  # `score`, and the table in a notebook
    assert shown(str(kept), 4) == "13.6951"  # the report, LaTeX
    assert short(str(kept), "13.70") == "13.6951"  # `run`
    assert difference(Fraction("13.69514996"), "13") == "+0.69514996"
    assert prints(Fraction("13.69514996"), "13.6951")  # `explain`
    assert not prints(Fraction("13.69514996"), "13.6952")


@pytest.mark.parametrize("digits", [20, 100, 5000])
def test_numbers_of_any_length_are_rounded(digits: int) -> None:
    text = "1" * digits + ".25"
    for value in (Decimal(text), Fraction(Decimal(text))):
        assert printed_as(value, "0.0") == {"1" * digits + ".3", "1" * digits + ".2"}
        assert printed_as(value, "0." + "0" * 90) == {text + "0" * 88}
    assert str(numbers.rounded(Decimal(text), 1)) == "1" * digits + ".3"
    assert numbers.rounded(Decimal("-0.25"), 1) == Decimal("-0.3")
