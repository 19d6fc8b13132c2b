from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.schema import Agreement
from audit.verdict.agreement import agreement, difference
from tasks.statistics.printed import printed_as, rounding_interval


@pytest.mark.parametrize(
    ("printed", "low", "high"), [("33.1", "33.05", "33.15"), ("10.0", "9.95", "10.05"), ("0.69", "0.685", "0.695")]
)
def test_trailing_zeros_count(printed: str, low: str, high: str) -> None:
    interval = rounding_interval(printed)
    assert (interval.low, interval.high) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize(
    ("value", "printed", "tolerance", "interval", "expected"),
    [
        (Fraction(331, 10), "33.1", "0", None, Agreement.EXACT),
        (Fraction(3305, 100), "33.1", "0", None, Agreement.EXACT),  # a tie, rounded up
        (Fraction(3315, 100), "33.1", "0", None, Agreement.EXACT),  # a tie, rounded down
        (Fraction(33151, 1000), "33.1", "0", None, Agreement.OFF),
        (Fraction(3347, 100), "33.1", "0.3", None, Agreement.OFF),
        (Fraction(3345, 100), "33.1", "0.3", None, Agreement.NEAR),
        (Fraction(3275, 100), "33.1", "0.3", None, Agreement.NEAR),
        (Fraction(3274, 100), "33.1", "0.3", None, Agreement.OFF),
        (Fraction(684, 1000), "0.69", "0.01", (Decimal("0.657"), Decimal("0.710")), Agreement.WITHIN_NOISE),
        (Fraction(70, 100), "0.69", "0.02", (Decimal("0.696"), Decimal("0.71")), Agreement.NEAR),
    ],
)
def test_the_first_that_holds(
    value: Fraction, printed: str, tolerance: str, interval: tuple[Decimal, Decimal] | None, expected: Agreement
) -> None:
    assert agreement(value, printed, tolerance=tolerance, interval=interval) is expected


@given(st.fractions(min_value=0, max_value=100, max_denominator=3000), st.integers(0, 3))
def test_a_value_agrees_exactly_with_every_string_half_a_unit_away_and_with_no_other(
    value: Fraction, places: int
) -> None:
    scaled = value * 10**places
    for units in range(max(int(scaled) - 1, 0), int(scaled) + 3):
        text = f"{Decimal(units).scaleb(-places):.{places}f}"
        expected = Agreement.EXACT if abs(scaled - units) <= Fraction(1, 2) else Agreement.OFF
        assert agreement(value, text, tolerance="0") is expected


def test_a_tie_is_printed_both_ways() -> None:
    assert printed_as(Fraction(325, 100), "3.2") == {"3.2", "3.3"}
    assert printed_as(Fraction(335, 100), "3.4") == {"3.3", "3.4"}


@given(st.fractions(min_value=0, max_value=100, max_denominator=3000), st.decimals(0, 100, places=1))
def test_the_comparison_is_two_sided(value: Fraction, printed: Decimal) -> None:
    mirrored = 100 - value
    text, other = format(printed, "f"), format(100 - printed, "f")
    assert agreement(value, text, tolerance="0.2") is agreement(mirrored, other, tolerance="0.2")


def test_the_difference_is_signed() -> None:
    assert difference(Fraction("35.02756"), "33.1") == "+1.92756"
    assert difference(Decimal("0.684"), "0.69") == "-0.006"
    assert difference(Fraction(331, 10), "33.1") == "0"
