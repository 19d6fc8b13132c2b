"""Axes with round ticks: linear, or broken where one value far away would press all others together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise


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


# An axis is broken if one gap, or two, take up more than this share of it.
_GAP = Decimal("0.8")
_MOST_BREAKS = 2
# Lengths on the page: of a break, and the least of a part beside one.
BREAK = 16.0
_LEAST = 30.0


@dataclass(frozen=True, slots=True)
class Axis:
    """Linear scales end to end, the lowest values first, with a break between each two; usually one scale and no break."""

    parts: tuple[Scale, ...]

    def __call__(self, value: Decimal) -> float:
        """The position of a value; values beyond the ends are clipped, and a break holds what lies in its gap."""
        for below, above in pairwise(self.parts):
            if below.high < value < above.low:
                return Scale(below.high, above.low, below.end, above.start)(value)
        return next((part for part in self.parts if value <= part.high), self.parts[-1])(value)

    def ticks(self, most: int = 5) -> list[Decimal]:
        """Round values of every part; a part with room for little has one or two."""
        length = sum(abs(part.end - part.start) for part in self.parts)
        found: list[Decimal] = []
        for part in self.parts:
            some = max(1, round(most * abs(part.end - part.start) / length)) if len(self.parts) > 1 else most
            found += part.ticks(some)
        return found

    @property
    def breaks(self) -> list[tuple[float, float]]:
        """Where each break begins and ends on the page."""
        return [(below.end, above.start) for below, above in pairwise(self.parts)]

    def beyond(self, value: Decimal) -> int:
        """-1 below the axis, 1 above it, 0 on it."""
        return (value > self.parts[-1].high) - (value < self.parts[0].low)


def broken(points: Sequence[Decimal], others: Sequence[Decimal], start: float, end: float) -> Axis:
    """An axis around all points, broken where a gap between them would leave the others too little room.

    Args:
        points: The values that are to be told apart; at least one.
        others: Further values to show (ends of a band, of intervals) if they lie near the points of a part.
        start: Where the lowest value stands.
        end: Where the highest stands.
    """
    groups = _apart(sorted(set(points)))
    room = abs(end - start) - BREAK * (len(groups) - 1)
    weights = [max(_LEAST, room * len(group) / sum(map(len, groups))) for group in groups]
    step = 1 if end > start else -1
    parts, at = [], start
    for group, weight in zip(groups, weights, strict=True):
        length = step * room * weight / sum(weights)
        spread = max(group[-1] - group[0], _span(group))
        near = [value for value in others if group[0] - spread <= value <= group[-1] + spread]
        parts.append(around([*group, *near], at, at + length))
        at += length + step * BREAK
    return (
        Axis(tuple(parts))
        if all(a.high < b.low for a, b in pairwise(parts))
        else Axis((around([*points], start, end),))
    )


def _span(group: Sequence[Decimal]) -> Decimal:
    """What counts as near a single value: a twentieth of it."""
    return abs(group[-1]) / 20 if len(group) == 1 else Decimal(0)


def _apart(values: list[Decimal]) -> list[list[Decimal]]:
    """Sorted values in groups; breaks lie between them."""
    whole = values[-1] - values[0]
    gaps = sorted(((b - a, n) for n, (a, b) in enumerate(pairwise(values), 1)), reverse=True)[:_MOST_BREAKS]
    for number in range(1, len(gaps) + 1):
        chosen = gaps[:number]
        ends = [0, *sorted(at for _, at in chosen), len(values)]
        groups = [values[a:b] for a, b in pairwise(ends)]
        # Nothing is gained where no group has values to tell apart, or where a gap is no larger than what remains.
        rest = whole - sum(gap for gap, _ in chosen)
        if sum(gap for gap, _ in chosen) > _GAP * whole and max(map(len, groups)) > 1 and chosen[-1][0] > rest:
            return _further(groups) if number == 1 else groups
    return [values]


def _further(groups: list[list[Decimal]]) -> list[list[Decimal]]:
    """The groups beside one break, with a second one where the larger group needs it."""
    larger = max(range(2), key=lambda n: len(groups[n]))
    group = groups[larger]
    gap, at = max((b - a, n) for n, (a, b) in enumerate(pairwise(group), 1))
    if gap > _GAP * (group[-1] - group[0]) and max(at, len(group) - at) > 1:
        groups[larger : larger + 1] = [group[:at], group[at:]]
    return groups
