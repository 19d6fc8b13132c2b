"""Explaining a number: the pipelines of a multiverse whose value on given outputs prints as a given string.

The set is exact: every pipeline of the specification is computed, and a pipeline is in the set if and only if its value can
be printed as the string, whichever way ties are rounded. The set does not prove that one of its pipelines was used. The odds
say how likely some pipeline would have met the number by chance; `shared` lists the choices common to the whole set.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tasks.analysis.multiverse import Outcome
from tasks.errors import ScoringError
from tasks.statistics.bootstrap import stored
from tasks.statistics.odds import Odds, odds
from tasks.statistics.printed import parse, prints


@dataclass(frozen=True, slots=True)
class Explanation:
    """The pipelines that print a string.

    Attributes:
        printed: The string.
        matches: Pipelines that print it: registered conventions first, then by number of departures from the plainest one.
        nearest: Near misses, nearest first; for each value only the plainest pipeline.
        odds: Look-elsewhere odds: the probability that some pipeline meets a value anywhere in the spread.
        shared: (axis, option) common to all matching combinations, for axes on which the tried pipelines differ.
        tried: The number of pipelines with a value.
        undefined: The number of pipelines without a value (no rows left).
    """

    printed: str
    matches: tuple[Outcome, ...]
    nearest: tuple[Outcome, ...]
    odds: Odds
    shared: tuple[tuple[str, str], ...]
    tried: int
    undefined: int

    def as_json(self) -> dict[str, Any]:
        """As JSON with only integers and decimal strings."""
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
    """A pipeline and its value as JSON."""
    pipeline = outcome.pipeline
    return {
        "pipeline": pipeline.id,
        "choices": dict(pipeline.choices),
        "signature": pipeline.convention.signature,
        "known_as": list(pipeline.known_as),
        "value": None if outcome.value is None else str(stored(outcome.value)),
        "interval": outcome.interval
        and {
            "low": str(stored(outcome.interval[0])),
            "high": str(stored(outcome.interval[1])),
            "level": "95",
            "method": "bootstrap",
        },
        "scored": outcome.scored,
        "of": outcome.of,
    }


def _gap(outcome: Outcome, printed: str) -> str:
    assert outcome.value is not None
    gap = stored(Fraction(outcome.value) - Fraction(printed))
    return f"{gap:+f}"


def explain(outcomes: Sequence[Outcome], printed: str, *, nearest: int = 10) -> Explanation:
    """Find the pipelines that print a string.

    Args:
        outcomes: The outcomes of all pipelines of a specification on one set of rows.
        printed: A plain decimal number in the metric's scale; trailing zeros are significant.
        nearest: The maximum number of near misses to list.

    Raises:
        ScoringError: The string is not a plain decimal number, or no pipeline has a value.
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
    """Axes on which all matching combinations have the same option, although the tried pipelines differ."""
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
