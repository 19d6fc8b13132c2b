"""Agreement of a value with a reported one: exact, within noise, near, or off; always two-sided, with the difference.

A reported value is a string. Its last digit says how far it is rounded: `33.1` stands for everything from 33.05 to 33.15.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from enum import Enum
from fractions import Fraction


class Agreement(Enum):
    """The first of these that holds; `NONE` where there is no value."""

    EXACT = "exact"
    WITHIN_NOISE = "within-noise"
    NEAR = "near"
    OFF = "off"
    NONE = "none"

    @property
    def agrees(self) -> bool:
        """Whether the value counts as agreeing."""
        return self in {Agreement.EXACT, Agreement.WITHIN_NOISE, Agreement.NEAR}


@dataclass(frozen=True, slots=True)
class Rounding:
    """What a printed value can stand for: `low` to `high`."""

    low: Decimal
    high: Decimal


def rounding_interval(printed: str) -> Rounding:
    """Half a unit of the last printed digit to both sides."""
    value = Decimal(printed)
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    half = Decimal(5).scaleb(exponent - 1)
    return Rounding(value - half, value + half)


def printed_as(value: Fraction | Decimal, like: str) -> set[str]:
    """The strings that `value` is printed as with the decimals of `like`, under the roundings in use for ties."""
    exponent = Decimal(like).as_tuple().exponent
    assert isinstance(exponent, int)
    if isinstance(value, Fraction):
        # Exact up to the tie: a decimal with far more digits than printed, and a sticky last digit.
        scaled = value * 10 ** (30 - exponent)
        whole, rest = divmod(scaled.numerator, scaled.denominator)
        value = Decimal(whole * 10 + (1 if rest else 0)).scaleb(exponent - 31)
    return {format(_round(value, exponent, mode), "f") for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_HALF_DOWN)}


def _round(value: Decimal, exponent: int, mode: str) -> Decimal:
    from decimal import Context, localcontext

    with localcontext(Context(prec=80)):
        return value.quantize(Decimal(1).scaleb(exponent), rounding=mode)


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
