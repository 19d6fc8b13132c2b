"""Agreement of a value, or of bounds on it, with a printed string."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.facts import Direction
from audit.schema import Agreement
from audit.verdict.agreement import Target, difference
from tasks.statistics.printed import printed_as, rounding_interval

EXACT, WITHIN, BETTER, WORSE = Agreement.EXACT, Agreement.WITHIN_MARGIN, Agreement.BETTER, Agreement.WORSE
UNDECIDED = Agreement.UNDECIDED
VALUES = st.fractions(min_value=0, max_value=100, max_denominator=3000)
PRINTED = st.decimals(0, 100, places=1).map(lambda d: format(d, "f"))
MARGINS = st.sampled_from(["0", "0.05", "0.2", "1.5"])
DIRECTIONS: st.SearchStrategy[Direction] = st.sampled_from(["lower", "higher"])


@pytest.mark.parametrize(
    ("printed", "low", "high"), [("33.1", "33.05", "33.15"), ("10.0", "9.95", "10.05"), ("0.69", "0.685", "0.695")]
)
def test_trailing_zeros_count(printed: str, low: str, high: str) -> None:
    interval = rounding_interval(printed)
    assert (interval.low, interval.high) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize(
    ("value", "printed", "margin", "expected"),
    [
        ("33.1", "33.1", "0", EXACT),
        ("33.05", "33.1", "0", EXACT),  # a tie, rounded up
        ("33.15", "33.1", "0", EXACT),  # a tie, rounded down
        ("33.199", "33.1", "0", EXACT),  # cut off
        ("33.2", "33.1", "0", BETTER),
        ("33.0499", "33.1", "0", WORSE),
        ("33.45", "33.1", "0.3", WITHIN),
        ("33.4501", "33.1", "0.3", BETTER),
        ("32.75", "33.1", "0.3", WITHIN),
        ("32.7499", "33.1", "0.3", WORSE),
        ("0.684", "0.69", "0.01", WITHIN),
        ("0.674", "0.69", "0.01", WORSE),
        ("0.5", "0.50", "0", EXACT),
        ("100", "100.0", "0", EXACT),
    ],
)
def test_the_first_that_holds(value: str, printed: str, margin: str, expected: Agreement) -> None:
    assert Target(printed, "higher", margin).agreement(Decimal(value)) is expected
    assert Target(printed, "higher", margin).agreement(Fraction(value)) is expected


@pytest.mark.parametrize(("direction", "above"), [("lower", WORSE), ("higher", BETTER)])
def test_which_side_is_better_is_the_metrics_direction(direction: Direction, above: Agreement) -> None:
    below = BETTER if above is WORSE else WORSE
    held = Target("10.0", direction, "0.2")
    assert [held.agreement(Fraction(v)) for v in ("10.26", "9.74")] == [above, below]
    assert [held.bounded(*map(Fraction, ends)) for ends in (("10.26", "20"), ("0", "9.74"))] == [above, below]


def test_truncation_is_exact_and_says_so() -> None:
    held = Target("32.5", "higher", "0")
    cut, rounded = held.compare(Fraction("32.578")), held.compare(Fraction("32.52"))
    assert (cut.kind, cut.truncated, cut.difference) == (EXACT, True, "+0.078")
    assert (rounded.kind, rounded.truncated) == (EXACT, False)
    assert not Target("32.6", "higher", "1").compare(Fraction("32.9")).truncated


@given(VALUES, st.integers(0, 3))
def test_a_value_is_exact_for_the_strings_it_rounds_or_truncates_to_and_for_no_other(
    value: Fraction, places: int
) -> None:
    scaled = value * 10**places
    for units in range(max(int(scaled) - 1, 0), int(scaled) + 3):
        text = f"{Decimal(units).scaleb(-places):.{places}f}"
        exact = abs(scaled - units) <= Fraction(1, 2) or units == int(scaled)
        held = Target(text, "higher", "0")
        assert (held.agreement(value) is EXACT) is exact
        assert held.compare(value).truncated is (exact and abs(scaled - units) > Fraction(1, 2))


def test_a_tie_is_printed_both_ways() -> None:
    assert printed_as(Fraction(325, 100), "3.2") == {"3.2", "3.3"}
    assert printed_as(Fraction(335, 100), "3.4") == {"3.3", "3.4"}


@given(VALUES, PRINTED, DIRECTIONS, MARGINS, MARGINS)
def test_a_wider_margin_never_loses_an_agreement(
    value: Fraction, printed: str, direction: Direction, one: str, other: str
) -> None:
    narrow, wide = sorted((one, other), key=Fraction)
    if Target(printed, direction, narrow).agreement(value).agrees:
        assert Target(printed, direction, wide).agreement(value).agrees


@given(VALUES, PRINTED, DIRECTIONS, MARGINS)
def test_a_value_known_exactly_is_bounds_of_no_width(
    value: Fraction, printed: str, direction: Direction, margin: str
) -> None:
    held = Target(printed, direction, margin)
    one, bounded = held.agreement(value), held.bounded(value, value)
    assert bounded is (WITHIN if one.agrees else one)


@given(VALUES, VALUES, VALUES, PRINTED, DIRECTIONS, MARGINS)
def test_bounds_say_what_every_value_between_them_says(
    one: Fraction, other: Fraction, third: Fraction, printed: str, direction: Direction, margin: str
) -> None:
    low, value, high = sorted((one, other, third))
    held = Target(printed, direction, margin)
    kinds = {WITHIN if k.agrees else k for k in map(held.agreement, (low, value, high))}
    answer = held.bounded(low, high)
    assert kinds == {answer} or answer is UNDECIDED
    # And they are no more cautious than that: both ends on one side of the printed value, or both inside, decide.
    ends = {WITHIN if k.agrees else k for k in map(held.agreement, (low, high))}
    assert (answer is UNDECIDED) is (len(ends) == 2)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (None, None, UNDECIDED),
        ("2", None, UNDECIDED),
        ("2.36", None, WORSE),
        (None, "1.84", BETTER),
        (None, "2.1", UNDECIDED),
        ("1.85", "2.35", WITHIN),
        ("1.84", "2.35", UNDECIDED),
        ("1.85", "2.36", UNDECIDED),
    ],
)
def test_a_bound_may_be_missing_on_either_side(low: str | None, high: str | None, expected: Agreement) -> None:
    held = Target("2.1", "lower", "0.2")
    assert held.bounded(low and Fraction(low), high and Fraction(high)) is expected  # type: ignore[arg-type]


def test_bounds_within_what_truncates_are_inside() -> None:
    held = Target("33.1", "higher", "0")
    assert held.bounded(Fraction("33.16"), Fraction("33.19")) is WITHIN
    assert held.bounded(Fraction("33.16"), Fraction("33.2")) is UNDECIDED
    assert held.bounded(Fraction("33.2"), Fraction("33.3")) is BETTER
    negative = Target("-0.5", "higher", "0")
    assert negative.bounded(Fraction("-0.59"), Fraction("-0.56")) is WITHIN
    assert negative.bounded(Fraction("-0.7"), Fraction("-0.6")) is WORSE


@pytest.mark.parametrize(
    ("printed", "margin", "low", "high", "expected"),
    [
        ("0.50", "0", "0.512", "0.52", BETTER),
        ("0.50", "0", "0.509", "0.5095", WITHIN),  # still cut to 0.50
        ("0.0", "0", "-0.09", "-0.06", WITHIN),  # cut to 0.0 from both sides
        ("0.0", "0", "0.06", "0.09", WITHIN),
        ("0.5", "0", "0.41", "0.44", WORSE),  # 0.44 is cut to 0.4
        ("0.5", "0", "0.56", "0.59", WITHIN),
        ("33.1", "0.3", "33.45", "33.45", WITHIN),
        ("-0.5", "0", "-0.6", "-0.56", UNDECIDED),  # -0.6 is cut to -0.6
    ],
)
def test_bounds_at_the_edges_of_what_is_cut(
    printed: str, margin: str, low: str, high: str, expected: Agreement
) -> None:
    assert Target(printed, "higher", margin).bounded(Fraction(low), Fraction(high)) is expected


def test_the_difference_is_signed() -> None:
    assert difference(Fraction("35.02756"), "33.1") == "+1.92756"
    assert difference(Decimal("0.684"), "0.69") == "-0.006"
    assert difference(Fraction(331, 10), "33.1") == "0"
    assert difference(Fraction(1, 3), "0.3") == "+0.033333"
    assert difference(Fraction("12"), "2") == "+10"
