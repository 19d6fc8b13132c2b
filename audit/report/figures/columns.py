"""Columns of a specification curve: one measurement each, or, where there are too many, neighbours drawn as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from audit.report.views import MeasurementView


@dataclass(frozen=True, slots=True)
class Column:
    """Measurements with neighbouring values that are drawn as one.

    Attributes:
        items: In order of their values; at least one.
        places: Their places among all measurements of the figure.
    """

    items: tuple[MeasurementView, ...]
    places: tuple[int, ...]

    @property
    def low(self) -> Decimal:
        """The lowest value."""
        return min(m.position for m in self.items if m.position is not None)

    @property
    def high(self) -> Decimal:
        """The highest value."""
        return max(m.position for m in self.items if m.position is not None)

    @property
    def middle(self) -> MeasurementView:
        """The measurement in the middle, where the mark stands."""
        return self.items[(len(self.items) - 1) // 2]

    @property
    def bounds(self) -> tuple[Decimal, Decimal] | None:
        """The outer ends of all intervals; None if there are none."""
        known = [m.bounds for m in self.items if m.bounds]
        return (min(low for low, _ in known), max(high for _, high in known)) if known else None

    @property
    def deciding(self) -> bool:
        """Whether the verdict rests on it; such a measurement stands alone."""
        return any(m.deciding for m in self.items)

    @property
    def agrees(self) -> bool:
        """Whether its values agree with the reported one; values that agree and others never share a column."""
        return self.items[0].agrees

    @property
    def grade(self) -> str:
        """The grade, or the best and the worst."""
        grades = sorted({m.grade or "?" for m in self.items})
        return grades[0] if len(grades) == 1 else f"{grades[0]}\u2013{grades[-1]}"

    @property
    def numbers(self) -> str:
        """The numbers in the table: `7`, `7-12`."""
        first, last = self.items[0].number, self.items[-1].number
        return str(first) if first == last else f"{first}\u2013{last}"


def columns(items: Sequence[MeasurementView], most: int) -> list[Column]:
    """At most `most` columns, or as few as keep the deciding measurement apart and what agrees from what does not.

    Values that print alike are joined first, then the neighbours that differ least; marks of different shape as late as
    possible.
    """
    found = [Column((item,), (place,)) for place, item in enumerate(items)]
    for alike in (_same_value, _same_mark, _any_mark):
        while len(found) > most:
            pairs = [n for n, (a, b) in enumerate(pairwise(found)) if _joinable(a, b) and alike(a, b)]
            if not pairs:
                break
            n = min(
                pairs,
                key=lambda n: (found[n + 1].high - found[n].low, len(found[n].items) + len(found[n + 1].items), n),
            )
            a, b = found[n : n + 2]
            found[n : n + 2] = [Column((*a.items, *b.items), (*a.places, *b.places))]
    return found


def _joinable(a: Column, b: Column) -> bool:
    """Whether two columns may be joined at all."""
    return not a.deciding and not b.deciding and a.agrees == b.agrees


def _mark(m: MeasurementView) -> tuple[bool, bool, bool]:
    return m.recorded, bool(m.invalid), m.partial


def _same_mark(a: Column, b: Column) -> bool:
    return len({_mark(m) for m in (*a.items, *b.items)}) == 1


def _same_value(a: Column, b: Column) -> bool:
    return _same_mark(a, b) and a.items[0].value == b.items[-1].value


def _any_mark(_a: Column, _b: Column) -> bool:
    return True
