"""Name the convention from the number: the pipelines of a multiverse that print a given string on given outputs.

The set is exact: every pipeline of the specification is computed, and a pipeline is in the set if and only if its value can
be printed as the string, whichever way ties are rounded. A set is no proof that one of its pipelines was used. The odds
beside it say how likely some pipeline would have met the number by accident; `shared` says what the whole set agrees on.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tasks.analysis.multiverse import Outcome
from tasks.errors import ScoringError
from tasks.statistics.bootstrap import decimal
from tasks.statistics.odds import Odds, odds
from tasks.statistics.printed import parse, prints

_PLACES = 6


@dataclass(frozen=True, slots=True)
class Explanation:
    """Which pipelines print a string.

    Attributes:
        printed: The string.
        matches: Pipelines that print it: registered conventions first, then those that depart least from the plain one.
        nearest: Those that do not, nearest first, for each value only the plainest that has it.
        odds: Of any pipeline meeting a value anywhere in the spread.
        shared: (axis, option) on which all matches of the axes agree, of axes with more than one option among all.
        tried: Pipelines with a value.
        undefined: Pipelines without one (nothing is left of the rows).
    """

    printed: str
    matches: tuple[Outcome, ...]
    nearest: tuple[Outcome, ...]
    odds: Odds
    shared: tuple[tuple[str, str], ...]
    tried: int
    undefined: int

    def as_json(self) -> dict[str, Any]:
        """Integers and decimal strings alone."""
        return {
            "value": self.printed,
            "tried": self.tried,
            "undefined": self.undefined,
            "matches": [outcome_json(o) for o in self.matches],
            "nearest": [{**outcome_json(o), "gap": _gap(o, self.printed)} for o in self.nearest],
            "shared": dict(self.shared),
            "odds": self.odds.as_json(),
        }


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """A pipeline's value as it stands in JSON."""
    pipeline = outcome.pipeline
    return {
        "pipeline": pipeline.id,
        "choices": dict(pipeline.choices),
        "signature": pipeline.convention.signature,
        "known_as": list(pipeline.known_as),
        "value": None if outcome.value is None else str(decimal(outcome.value, _PLACES)),
        "interval": outcome.interval
        and {
            "low": str(decimal(outcome.interval[0], _PLACES)),
            "high": str(decimal(outcome.interval[1], _PLACES)),
            "level": "95",
            "method": "bootstrap",
        },
        "scored": outcome.scored,
        "of": outcome.of,
    }


def _gap(outcome: Outcome, printed: str) -> str:
    assert outcome.value is not None
    gap = decimal(Fraction(outcome.value) - Fraction(printed), _PLACES)
    return f"{gap:+f}"


def explain(outcomes: Sequence[Outcome], printed: str, *, nearest: int = 10) -> Explanation:
    """Find the pipelines that print a string.

    Args:
        outcomes: Of all pipelines of a specification on one set of rows.
        printed: A plain decimal number in the metric's scale; its trailing zeros count.
        nearest: How many values that are near misses are named.

    Raises:
        ScoringError: The string is no plain decimal number, or no pipeline has a value.
    """
    parse(printed, "fraction")
    known = [o for o in outcomes if o.value is not None]
    if not known:
        raise ScoringError("no pipeline has a value on these rows")
    values = [o.value for o in known if o.value is not None]
    met = {value: prints(value, printed) for value in set(values)}
    matches = [o for o, value in zip(known, values, strict=True) if met[value]]
    plainest: dict[Fraction | float, Outcome] = {}
    for outcome, value in zip(known, values, strict=True):
        if not met[value] and (value not in plainest or _plain_first(outcome) < _plain_first(plainest[value])):
            plainest[value] = outcome
    misses = [(abs(float(value) - float(printed)), outcome) for value, outcome in plainest.items()]
    return Explanation(
        printed,
        tuple(sorted(matches, key=_plain_first)),
        tuple(o for _, o in heapq.nsmallest(nearest, misses, key=lambda m: (m[0], _plain_first(m[1])))),
        odds(values, printed),
        _shared(matches, known),
        len(known),
        len(outcomes) - len(known),
    )


def _plain_first(outcome: Outcome) -> tuple[bool, int, str]:
    pipeline = outcome.pipeline
    return (not pipeline.known_as, pipeline.departures, pipeline.id)


def _shared(matches: Sequence[Outcome], known: Sequence[Outcome]) -> tuple[tuple[str, str], ...]:
    """Axes on which every match of the axes has the same option, though the tried pipelines differ there."""
    composed = [dict(o.pipeline.choices) for o in matches if o.pipeline.choices[0][0] != "convention"]
    tried: dict[str, set[str]] = {}
    for outcome in known:
        for axis, option in outcome.pipeline.choices:
            tried.setdefault(axis, set()).add(option)
    if not composed:
        return ()
    return tuple(
        (axis, option)
        for axis, option in composed[0].items()
        if len(tried[axis]) > 1 and all(choices.get(axis) == option for choices in composed)
    )
