"""Readings of a printed value: the fewest steps from a convention to pipelines of the multiverse that print it.

A reading is a set of steps. One that holds another is left out: the steps that it has more change nothing that is printed.
Several may be left, as long as their steps differ: the rows and the number alone cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.analysis.multiverse import Outcome, Specification
from tasks.analysis.points import Change, Point, changes, combination, point_of
from tasks.statistics.printed import prints

# Readings that are listed; the first are those with the fewest steps.
MOST = 10


@dataclass(frozen=True, slots=True)
class Reading:
    """A pipeline that prints the value, with the steps that lead to it; none if the convention itself prints it."""

    outcome: Outcome
    point: Point
    steps: tuple[Change, ...]


def readings(spec: Specification, first: Point, outcomes: Sequence[Outcome], printed: str) -> list[Reading]:
    """The smallest sets of steps from a convention to a printed value, fewest steps first.

    Args:
        spec: The axes.
        first: The convention.
        outcomes: Of the pipelines to look among, in the unit of the printed value.
        printed: The string.
    """
    found = []
    for outcome in outcomes:
        if outcome.value is None or not prints(outcome.value, printed):
            continue
        point = _point(spec, outcome)
        found.append(Reading(outcome, point, changes(first, point)))
    kept: list[tuple[frozenset[tuple[tuple[int, ...], str]], Reading]] = []
    for reading in sorted(found, key=_plain_first):
        steps = frozenset((step.where, step.after) for step in reading.steps)
        if not any(fewer <= steps for fewer, _ in kept):
            kept.append((steps, reading))
    return [reading for _, reading in kept]


def _point(spec: Specification, outcome: Outcome) -> Point:
    names = [name for _, name in outcome.pipeline.choices]
    return combination(spec, names) or point_of(spec, outcome.pipeline.convention)


def _plain_first(reading: Reading) -> tuple[int, bool, int, str]:
    pipeline = reading.outcome.pipeline
    return (len(reading.steps), not pipeline.known_as, pipeline.departures, pipeline.id)
