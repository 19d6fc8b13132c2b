"""Agreement of a value with a reported one: exact, within noise, near, or off; always two-sided, with the difference."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from audit.schema import Agreement
from tasks.statistics.printed import printed_as, rounding_interval


def difference(value: Fraction | Decimal, printed: str, places: int = 6) -> str:
    """The value less the reported one, signed, without trailing zeros: `+1.92756`, `-0.006`, `0`."""
    exact = Fraction(value) - Fraction(printed)
    rounded = Decimal(round(exact * 10**places)).scaleb(-places)
    if not rounded:
        return "0"
    text = format(rounded.normalize(), "f")
    return text if text.startswith("-") else f"+{text}"


def agreement(
    value: Fraction | Decimal,
    printed: str,
    *,
    tolerance: str,
    interval: tuple[Decimal, Decimal] | None = None,
) -> Agreement:
    """Compare a value with a printed one.

    Args:
        value: In the unit of the printed one; exact where it can be.
        printed: The reported value as a string.
        tolerance: What the study declares as near, in the same unit: how far the value may lie outside the printed
            value's rounding interval.
        interval: The value's 95 % interval, if it has one.

    Returns:
        `exact` if the value prints as the reported string; `within-noise` if its interval meets the rounding interval;
        `near` within the tolerance; else `off`.
    """
    reported = rounding_interval(printed)
    if printed in printed_as(value, printed):
        return Agreement.EXACT
    if interval and interval[0] <= reported.high and interval[1] >= reported.low:
        return Agreement.WITHIN_NOISE
    exact, slack = Fraction(value), Fraction(tolerance)
    if Fraction(reported.low) - slack <= exact <= Fraction(reported.high) + slack:
        return Agreement.NEAR
    return Agreement.OFF
