"""A linear axis with round ticks."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps `low`..`high` to `start`..`end` (which may descend)."""

    low: Decimal
    high: Decimal
    start: float
    end: float

    def __call__(self, value: Decimal) -> float:
        """The position of a value; values outside the range are clipped."""
        bounded = min(max(value, self.low), self.high)
        return self.start + float((bounded - self.low) / (self.high - self.low)) * (self.end - self.start)

    def ticks(self, most: int = 5) -> list[Decimal]:
        """Round values inside the range, at most one more than `most`."""
        step = _round_step((self.high - self.low) / most)
        first, last = (int((end / step).to_integral_value(way)) for end, way in self._ends())
        # All ticks have the digits of the step: 10, 15, 20, or 0.315, 0.320.
        return [(n * step).quantize(min(step, Decimal(1))) for n in range(first, last + 1)]

    def _ends(self) -> tuple[tuple[Decimal, str], tuple[Decimal, str]]:
        return (self.low, ROUND_CEILING), (self.high, ROUND_FLOOR)


def _round_step(least: Decimal) -> Decimal:
    """The smallest 1, 2 or 5 times a power of ten that is at least `least`."""
    power = Decimal(1).scaleb(least.adjusted())
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)


def around(values: list[Decimal], start: float, end: float) -> Scale:
    """A scale around all values with some padding; never an empty range."""
    low, high = min(values), max(values)
    air = (high - low) * Decimal("0.06") or max(abs(high) * Decimal("0.05"), Decimal("0.01"))
    bottom = low - air
    if low >= 0 > bottom:
        bottom = Decimal(0)
    return Scale(bottom, high + air, start, end)
