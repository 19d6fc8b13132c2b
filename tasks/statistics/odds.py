"""Look-elsewhere odds: how easily one of many tried conventions meets a reported value by accident.

Definition. K conventions gave values; their spread is the interval from the smallest to the largest. A value that is
printed with a last place of one unit u stands for a cell of width u around it. A convention meets a printed string if
what it accepts meets the string's cell: its own value when agreement is exact; its 95 % interval when noise counts; its
value give or take the tolerance when one is declared. The odds are the share of the spread that is covered by the cells
of all strings that at least one convention meets: the chance that one of the K would have met the reported value, had
that value been anywhere in the spread. It is an exact measure of a union of intervals, no simulation.

The odds near 1 say that an agreement among so many conventions proves nothing; the odds near 0 that it would be a
coincidence. What they cannot know: conventions' values cluster, and a paper's own convention is likelier near a cluster
than in a gap. `crowded` measures that part.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING
from fractions import Fraction
from typing import Any

from tasks.errors import ScoringError
from tasks.statistics.bootstrap import PLACES, decimal, stored
from tasks.statistics.printed import Number, cells, places_of

_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Odds:
    """The odds of one comparison.

    Attributes:
        tried: Conventions with a value.
        distinct: Different values among them.
        low: Lower end of the spread.
        high: Upper end of the spread.
        chance: Of meeting a value anywhere in the spread; None where the spread is a single point.
        crowded: Of the different values, the share whose printed form another one meets too: how often the string could
            not tell apart which of the tried conventions printed it. None with fewer than two.
    """

    tried: int
    distinct: int
    low: Fraction
    high: Fraction
    chance: Fraction | None
    crowded: Fraction | None

    def as_json(self, places: int = PLACES) -> dict[str, Any]:
        """For audit.json: integers and decimal strings; the chance is rounded up to two decimals, never down."""
        return {
            "tried": self.tried,
            "distinct": self.distinct,
            "low": str(stored(self.low, places)),
            "high": str(stored(self.high, places)),
            "chance": None if self.chance is None else str(decimal(self.chance, 2, ROUND_CEILING)),
            "crowded": None if self.crowded is None else str(decimal(self.crowded, 2, ROUND_CEILING)),
        }


def odds(
    values: Sequence[Number],
    printed: str,
    *,
    accepted: Sequence[tuple[Number, Number] | None] | None = None,
    tolerance: Number = 0,
) -> Odds:
    """The look-elsewhere odds of a comparison; see the module's text for the definition.

    Args:
        values: Of the tried conventions, in the unit of the printed value.
        printed: The reported value, for its number of decimals alone: the odds do not depend on where it lies.
        accepted: For every value an interval that counts as agreement (its 95 % interval), or None.
        tolerance: Half the width around a value that counts as agreement too.

    Raises:
        ScoringError: There are no values, or `accepted` is of another length.
    """
    if not values:
        raise ScoringError("no convention has a value")
    if accepted is not None and len(accepted) != len(values):
        raise ScoringError(f"{len(values)} values, but {len(accepted)} intervals")
    exact = [Fraction(v) for v in values]
    around = Fraction(tolerance)
    places = places_of(printed)
    spans: dict[Fraction, tuple[int, int]] = {}
    for index, value in enumerate(exact):
        interval = accepted[index] if accepted is not None else None
        if interval is None and value in spans:
            continue
        low, high = (value - around, value + around) if around else (value, value)
        if interval is not None:
            low, high = min(low, Fraction(interval[0])), max(high, Fraction(interval[1]))
        first, last = cells(low, high, places)
        known = spans.get(value)
        spans[value] = (min(first, known[0]), max(last, known[1])) if known else (first, last)
    low, high = min(exact), max(exact)
    chance = None
    if high > low:
        chance = _covered(sorted(spans.values()), low, high, places) / (high - low)
    return Odds(len(exact), len(spans), low, high, chance, _crowded(spans, places))


def _covered(spans: Sequence[tuple[int, int]], low: Fraction, high: Fraction, places: int) -> Fraction:
    """Measure of the union of the cells of `spans` (sorted by their first string) inside [low, high]."""
    scale = 10**places
    lowest, highest = cells(low, low, places)[1], cells(high, high, places)[0]
    whole, cut = 0, Fraction(0)
    reached: int | None = None
    for span_first, last in spans:
        first = span_first if reached is None else max(span_first, reached + 1)
        if last < first:
            continue
        reached = last
        if lowest < first and last < highest:
            whole += last - first + 1
        else:  # reaches over an end of the spread
            cut += max(Fraction(0), min(high, (last + _HALF) / scale) - max(low, (first - _HALF) / scale))
    return Fraction(whole, scale) + cut


def _crowded(spans: dict[Fraction, tuple[int, int]], places: int) -> Fraction | None:
    if len(spans) < 2:
        return None
    firsts = sorted(first for first, _ in spans.values())
    lasts = sorted(last for _, last in spans.values())
    shared = 0
    for value in spans:
        first, last = cells(value, value, places)
        # Spans that begin at or before the value's last string, less those that end before its first; one is its own.
        shared += bisect_right(firsts, last) - bisect_left(lasts, first) > 1
    return Fraction(shared, len(spans))
