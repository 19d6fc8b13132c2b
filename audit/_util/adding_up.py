"""Rounded numbers that still add up: the parts of a sum as they are shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction


def rounded(value: Fraction, places: int) -> Decimal:
    """A number rounded to `places` decimals, a tie to the even digit; never a negative zero."""
    return Decimal(round(value * 10**places)).scaleb(-places)


def adding_up(parts: Sequence[Fraction], total: Decimal, places: int) -> list[Decimal]:
    """The parts with `places` decimals, each rounded up or down, so that they sum to a rounded total.

    What is missing after rounding down goes to the parts with the largest remainders, the first of equal ones first.

    Args:
        parts: Exact numbers.
        total: Their sum as it is shown, with the same number of decimals.
        places: The number of decimals.
    """
    units = [math.floor(part * 10**places) for part in parts]
    missing = int(total.scaleb(places)) - sum(units)
    order = sorted(range(len(parts)), key=lambda n: (units[n] - parts[n] * 10**places, n))
    for index in range(missing):
        units[order[index % len(order)]] += 1
    for index in range(-missing):
        units[order[-1 - index % len(order)]] -= 1
    return [Decimal(unit).scaleb(-places) for unit in units]
