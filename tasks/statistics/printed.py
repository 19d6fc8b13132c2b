"""What a printed number stands for: its decimals, its rounding interval, and whether a value prints as it.

A reported value is a string, and its last digit says how far it is rounded: `33.1` stands for everything from 33.05 to
33.15.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction
from typing import Literal

from tasks.errors import ScoringError

Number = Fraction | Decimal | float | int
Unit = Literal["percent", "fraction"]
_SCALE = {"percent": 100, "fraction": 1}
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,99})(?:\.([0-9]{1,100}))?")
_SIGNED = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
# Programs print binary floats: a value this close to a tie, relative to itself, may be printed either way.
_FLOAT_SLACK = Fraction(1, 2**50)


@dataclass(frozen=True, slots=True)
class RoundingInterval:
    """The numbers that print as one string: from `low` to `high`, ends included."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed number as integers: `units` of its last place, of which `steps` make the whole (100 % or 1).

    `33.1` in percent is 331 of 1,000 steps; `0.69` as a fraction 69 of 100.
    """

    text: str
    units: int
    steps: int

    @property
    def readings(self) -> tuple[tuple[int, int], ...]:
        """(units, steps) of the number as it stands, then with fewer places as long as it ends in zero."""
        found = [(self.units, self.steps)]
        while found[-1][0] % 10 == 0 and found[-1][1] % 10 == 0:
            units, steps = found[-1]
            found.append((units // 10, steps // 10))
        return tuple(found)


def parse(value: str, unit: Unit) -> Printed:
    """A reported string as integers.

    Raises:
        ScoringError: The string is not a plain decimal number, or the unit is unknown.
    """
    match = _NUMBER.fullmatch(value)
    if not match:
        raise ScoringError(f"{value!r} is not a plain decimal number (digits, and a point with digits after it)")
    if unit not in _SCALE:
        raise ScoringError(f"values in {unit!r} are not tested: percent or fraction")
    decimals = match.group(2) or ""
    return Printed(value, int(match.group(1) + decimals), _SCALE[unit] * 10 ** len(decimals))


def places_of(printed: str) -> int:
    """Decimals of a printed number; trailing zeros count."""
    return len(printed.partition(".")[2])


def rounding_interval(printed: str) -> RoundingInterval:
    """Half a unit of the last printed digit to both sides.

    Raises:
        ScoringError: The string is not a decimal number.
    """
    if not _SIGNED.fullmatch(printed):
        raise ScoringError(f"{printed!r} is not a decimal number")
    value, half = Decimal(printed), Decimal(5).scaleb(-places_of(printed) - 1)
    return RoundingInterval(value - half, value + half)


def printed_as(value: Fraction | Decimal, like: str) -> set[str]:
    """The strings that `value` prints as with the decimals of `like`, under the roundings in use for ties."""
    places = places_of(like)
    # However long the number is: a decimal of more digits than the precision cannot be rounded to places.
    before = int(abs(Fraction(value))).bit_length() // 3
    with localcontext(Context(prec=80 + before + 2 * places)):
        if isinstance(value, Fraction):
            # Exact up to the tie: a decimal with far more digits than printed, and a sticky last digit.
            scaled = value * 10 ** (30 + places)
            whole, rest = divmod(scaled.numerator, scaled.denominator)
            value = Decimal(whole * 10 + (1 if rest else 0)).scaleb(-places - 31)
        step = Decimal(1).scaleb(-places)
        modes = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_HALF_DOWN)
        return {format(value.quantize(step, rounding=mode), "f") for mode in modes}


def prints(value: Fraction | float, printed: str) -> bool:
    """Whether a value rounds to the printed string, to the nearest; a tie to either side."""
    half = 0.5 * 10.0 ** -places_of(printed)
    if abs(float(value) - float(printed)) > 1.01 * half:  # far from the end: no exact arithmetic needed
        return False
    exact = Fraction(value)
    limit = Fraction(1, 2 * 10 ** places_of(printed)) + abs(exact) * _FLOAT_SLACK
    return abs(exact - Fraction(printed)) <= limit


def cells(low: Number, high: Number, places: int) -> tuple[int, int]:
    """The first and the last string, as integers of the last place, whose cell meets [low, high]; ends included."""
    (a, b), (c, d) = Fraction(low).as_integer_ratio(), Fraction(high).as_integer_ratio()
    scale = 10**places
    return -((b - 2 * a * scale) // (2 * b)), (2 * c * scale + d) // (2 * d)
