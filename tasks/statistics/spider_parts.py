"""Whether a printed SPIDEr can be the mean of a printed CIDEr-D and SPICE, or is one of them under that name.

A mean of row scores has no grid of possible values, so the only test without outputs is that of its parts. Both slips have
been seen in print: CIDEr-D alone, and SPICE alone, in a column called SPIDEr.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tasks.statistics.printed import RoundingInterval, Unit, rounding_interval

# The largest CIDEr-D of a row is 10, the largest SPICE 1.
_MOST = {"cider": Fraction(10), "spice": Fraction(1)}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a value in a column called SPIDEr may be, and whether it can be that."""

    name: str
    possible: bool
    low: Fraction
    high: Fraction


def readings(value: str, unit: Unit, cider: str | None = None, spice: str | None = None) -> tuple[Reading, ...]:
    """The mean of both, CIDEr-D alone and SPICE alone, each with the range that its part's printed value allows.

    Args:
        value: The printed SPIDEr.
        unit: `percent` if the values are multiplied by 100.
        cider: The printed CIDEr-D, in the same unit; None if it is unknown.
        spice: The printed SPICE, likewise.

    Raises:
        ScoringError: A string is not a plain decimal number.
    """
    scale = 100 if unit == "percent" else 1
    printed = rounding_interval(value)
    left, right = _range(cider, _MOST["cider"] * scale), _range(spice, _MOST["spice"] * scale)
    mean = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    found = []
    for name, (low, high) in (("the mean of CIDEr-D and SPICE", mean), ("CIDEr-D alone", left), ("SPICE alone", right)):
        found.append(Reading(name, _meet(printed, low, high), low, high))
    return tuple(found)


def _range(printed: str | None, most: Fraction) -> tuple[Fraction, Fraction]:
    if printed is None:
        return Fraction(0), most
    found = rounding_interval(printed)
    return max(Fraction(found.low), Fraction(0)), min(Fraction(found.high), most)


def _meet(printed: RoundingInterval, low: Fraction, high: Fraction) -> bool:
    return Fraction(printed.low) <= high and low <= Fraction(printed.high)
