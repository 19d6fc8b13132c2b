"""Exact confidence sequences for a ratio of two totals over a finite set, sampled without replacement.

The value is r = sum(a) / sum(w) over the N units of the set: a share (a right or wrong, w = 1), a mean of bounded row
values (w = 1), or a pooled error rate (a errors, w reference words). That r is the value is the same as: the differences
d = a - r w add up to 0 over the set. After some units were drawn at random, the mean of d over the others is therefore known
under this hypothesis, and a bet on the next unit is fair. A bettor who wins too much refutes the hypothesis (Ville's
inequality), at any moment, however often one looks.

The bets are those of Waudby-Smith, Stark and Ramdas, "RiLACS: Risk-limiting audits via confidence sequences" (E-Vote-ID
2021, section 2), and of Stark, "ALPHA: Audit that learns from previously hand-audited ballots" (Annals of Applied Statistics
2023, section 2.2), in the diversified form (RiLACS, section 3): a fixed mixture of constant fractions of the largest
bet that cannot go bankrupt. Both capitals are monotone in r, so the values that were not refuted are an interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Side: TypeAlias = Literal["low", "high"]

# Fractions of the largest fair bet. Small ones win where the value lies near, large ones where it lies far away.
FRACTIONS: Array = np.array([0.005, 0.015, 0.04, 0.1, 0.2, 0.4, 0.7, 0.99])
# Relative precision of a limit; limits are rounded outwards.
_PRECISION = 1e-9
_STEPS = 60
_GRID = 48


@dataclass(frozen=True, slots=True)
class Population:
    """What is known about the set before sampling.

    Attributes:
        units: Number of units, N.
        largest: No unit's w is larger.
        cap: None: no unit's a exceeds its w (shares, bounded means). Otherwise no unit's a exceeds the larger of its w and
            this (errors: at most the longer of reference and output).
        capped: Whether `a` has an upper bound at all; without one there is no upper limit before the last unit.
        total: The sum of w over the set, if it is known.
    """

    units: int
    largest: float = 1.0
    cap: float | None = None
    capped: bool = True
    total: float | None = None

    def __post_init__(self) -> None:
        if self.units < 1 or not self.largest > 0 or (self.total is not None and not self.total > 0):
            raise ValueError("a set has at least one unit, and a positive total")

    @property
    def most(self) -> float:
        """No unit's a is larger."""
        return self.largest if self.cap is None else max(self.largest, self.cap)

    def deviation(self, r: float) -> float:
        """The largest a - r w that a unit can have."""
        if self.cap is None:
            return max(0.0, 1 - r) * self.largest
        return max(self.cap, (1 - r) * self.largest)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn, in order: one entry per step; a step is a unit, or a block with one unit of every stratum.

    Attributes:
        a: Sums of a over each step, as far as known: the lower of what is possible. (steps,)
        w: Sums of w that go with `a`. (steps,)
        sizes: Units of each step. (steps,)
        a_high, w_high: The same for the upper limit; different only where a drawn unit could not be scored.
    """

    a: Array
    w: Array
    sizes: NDArray[np.int64]
    a_high: Array | None = None
    w_high: Array | None = None

    @property
    def units(self) -> int:
        """Units drawn."""
        return int(self.sizes.sum())

    @property
    def exact(self) -> bool:
        """Whether every drawn unit was scored."""
        return self.a_high is None

    @classmethod
    def of(cls, a: Array, w: Array | None = None) -> Drawn:
        """Units drawn one by one, all scored."""
        a = np.asarray(a, dtype=np.float64)
        return cls(
            a, np.ones_like(a) if w is None else np.asarray(w, dtype=np.float64), np.ones(len(a), dtype=np.int64)
        )

    def side(self, side: Side) -> tuple[Array, Array]:
        """The sums that this side's bettor sees."""
        if side == "low" or self.a_high is None or self.w_high is None:
            return self.a, self.w
        return self.a_high, self.w_high

    def first(self, steps: int) -> Drawn:
        """The first steps alone."""
        if self.a_high is None or self.w_high is None:
            return Drawn(self.a[:steps], self.w[:steps], self.sizes[:steps])
        return Drawn(self.a[:steps], self.w[:steps], self.sizes[:steps], self.a_high[:steps], self.w_high[:steps])


def log_capital(drawn: Drawn, population: Population, r: float, side: Side) -> Array:
    """The logarithm of the bettor's capital after every step, from 0: (steps,). Infinite where r is impossible.

    Args:
        drawn: The sample in its random order.
        population: The set.
        r: The hypothesis: the value over the whole set.
        side: `low` bets that the value is larger than r, `high` that it is smaller.
    """
    a, w = drawn.side(side)
    total = a - r * w
    seen = np.cumsum(total)
    before = np.concatenate([[0.0], seen[:-1]]) if len(seen) else seen
    after = population.units - np.cumsum(drawn.sizes)
    left = after + drawn.sizes
    expected = -before / left
    mean = total / drawn.sizes
    if side == "low":
        room, gain = expected + r * population.largest, mean - expected
    else:
        if not population.capped:
            return np.zeros(len(seen))
        room, gain = population.deviation(r) - expected, expected - mean
    # What is left must make up for what was seen: too much was seen once even the extremes cannot.
    slack = 1e-9 * (1 + np.abs(seen))
    impossible = room < -slack
    ratio = np.divide(gain, room, out=np.zeros_like(gain), where=room > slack)
    # A gain below -1 would contradict the stated bounds; the bettor loses everything, which is the safe side.
    factors = np.maximum(1 + FRACTIONS[:, None] * ratio[None, :], 0.0)
    with np.errstate(divide="ignore"):
        logs = np.cumsum(np.log(factors), axis=1)
    capital: Array = np.logaddexp.reduce(logs, axis=0) - np.log(len(FRACTIONS))
    capital[np.maximum.accumulate(impossible)] = np.inf
    return capital


def refuted_at(drawn: Drawn, population: Population, r: float, side: Side, risk: float) -> int | None:
    """The first step (from 1) at which this side's bettor refutes r at this risk; None if that did not happen."""
    if not len(drawn.a):
        return None
    hit = log_capital(drawn, population, r, side) >= -np.log(risk)
    return int(hit.argmax()) + 1 if hit.any() else None


def limits(drawn: Drawn, population: Population, risk: float) -> tuple[float, float | None]:
    """The interval for the value over the whole set, from all that was seen so far.

    The chance that it ever misses the value, at any moment from the first unit to the last, is at most `risk`; half of it
    goes to each side. It is the intersection with what is certain: units not yet drawn have at least no errors, and at most
    as many as the population's bounds allow. At the last unit both limits are the value.

    Args:
        drawn: The sample in its random order.
        population: The set.
        risk: Above 0 and below 1.

    Returns:
        The lower and the upper limit of sum(a) / sum(w); None if there is no upper limit.

    Raises:
        ValueError: More units were drawn than the set has.
    """
    if drawn.units > population.units:
        raise ValueError("more units were drawn than the set has")
    floor, ceiling = certain(drawn, population)
    if drawn.units == population.units and drawn.exact:
        return floor, floor if ceiling is None else ceiling

    def refuted(r: float, side: Side) -> bool:
        return refuted_at(drawn, population, r, side, risk / 2) is not None

    top = ceiling if ceiling is not None else _unknown_top(population)
    low = _limit(lambda r: refuted(r, "low"), floor, (_own(drawn, "low"), top))
    if not population.capped:
        return low, None
    high = _limit(lambda r: refuted(r, "high"), top, (_own(drawn, "high"), floor))
    return low, high if ceiling is not None or high < top else None


def _unknown_top(population: Population) -> float:
    """Where the search for an upper limit starts if the total of w is not known."""
    return 1.0 if population.cap is None else max(population.most, 1.0)


def certain(drawn: Drawn, population: Population) -> tuple[float, float | None]:
    """What is certain without chance: the units that were not drawn have the least, or the most, that they can."""
    a, w = (float(x.sum()) for x in drawn.side("low"))
    a_high, w_high = (float(x.sum()) for x in drawn.side("high"))
    left = population.units - drawn.units
    if not left and drawn.exact:
        value = a / w if w > 0 else 0.0
        return value, value
    total = population.total
    if total is None:
        return (0.0, 1.0 if population.cap is None and population.capped else None)
    if not population.capped:
        return a / total, None
    if population.cap is None:
        return a / total, min(1.0, (a_high + max(0.0, total - w_high)) / total)
    return a / total, (a_high + left * population.most) / total


def _own(drawn: Drawn, side: Side) -> float:
    """The sample's own value, which it seldom speaks against."""
    a, w = (float(x.sum()) for x in drawn.side(side))
    return a / w if w > 0 else 0.0


def _limit(refuted: Callable[[float], bool], start: float, others: tuple[float, float]) -> float:
    """The refuted value that is farthest from `start`; `start` itself, which is certain, if not even that is refuted.

    By bisection; the end that is returned was refuted, so the interval is never too narrow.

    Args:
        refuted: Monotone from `start` on: true, then false.
        start: Where the search starts.
        others: Values on the other side, of which the first that is not refuted ends the search.
    """
    if not refuted(start):
        return start
    inside = start
    for end in others:
        if (end - start) * (others[-1] - start) <= 0:
            continue
        if refuted(end):
            inside = end
            continue
        outside = end
        for _ in range(_STEPS):
            if abs(outside - inside) <= _PRECISION * max(abs(inside), abs(outside)):
                break
            middle = (inside + outside) / 2
            if refuted(middle):
                inside = middle
            else:
                outside = middle
        break
    return float(inside)


@dataclass(frozen=True, slots=True)
class Point:
    """The interval after some units; `high` is None if there is no upper limit."""

    units: int
    low: float
    high: float | None


def path(drawn: Drawn, population: Population, risk: float, moments: int = 60) -> tuple[Point, ...]:
    """The interval at some moments of the sample, from the first to the last step; each contains the next one.

    Limits are rounded outwards to a grid between the first and the last limit, so the path costs as much as the grid.

    Args:
        drawn: The sample in its random order.
        population: The set.
        risk: Above 0 and below 1.
        moments: At most this many.
    """
    steps = len(drawn.a)
    if not steps:
        return ()
    at = np.unique(np.rint(np.geomspace(1, steps, min(moments, steps))).astype(int))
    units = np.cumsum(drawn.sizes)
    last_low, last_high = limits(drawn, population, risk)
    sides: dict[Side, list[tuple[float, int]]] = {"low": [], "high": []}
    ends: dict[Side, tuple[float, float] | None] = {"low": (0.0, last_low), "high": None}
    top = certain(drawn.first(0), population)[1] if population.capped else None
    if population.capped and last_high is not None:
        ends["high"] = (top if top is not None else _unknown_top(population), last_high)
    for side, pair in ends.items():
        if pair is None:
            continue
        # Denser near the last limit, where the path ends.
        for r in pair[1] + (pair[0] - pair[1]) * np.linspace(0, 1, _GRID) ** 3:
            step = refuted_at(drawn, population, float(r), side, risk / 2)
            if step is not None:
                sides[side].append((float(r), step))
    found: list[Point] = []
    for step in at:
        floor, ceiling = certain(drawn.first(int(step)), population)
        low = max([floor, *(r for r, when in sides["low"] if when <= step)])
        highs = [r for r, when in sides["high"] if when <= step]
        high = min([*highs, *([] if ceiling is None else [ceiling])], default=None)
        if int(step) == steps:
            low, high = last_low, last_high
        found.append(Point(int(units[step - 1]), low, high))
    return tuple(found)
