"""The verdict: one closed vocabulary, one table, the first row that applies.

The table looks at reduced measurements alone (`Candidate`), so that it can be tested for every combination. What it
decides is data: the rule, the measurement that decided, and the reasons; the report makes sentences of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from audit.schema import ENOUGH, Agreement, Verdict

_SHARE = f"{ENOUGH * 100} %"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One measurement with a value, reduced to what the rules look at.

    Attributes:
        measurement: Its id.
        agreement: With the claim.
        grade: Of its convention, `A` to `E`; `E` where the convention is not known.
        coverage: The share of the set that was scored.
        valid: Whether it may justify anything: the same data, references, variant, prompt, judge and protocol.
        recomputed: From predictions, not only recorded.
        distance: How far the value lies from the reported one, to choose the nearest.
    """

    measurement: str
    agreement: Agreement
    grade: str
    coverage: Fraction
    valid: bool = True
    recomputed: bool = True
    distance: Fraction = Fraction(0)

    @property
    def enough(self) -> bool:
        """Enough of the set is scored for an agreement to count."""
        return self.coverage >= ENOUGH


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known on a claim: its measurements, and whether the reported string is impossible."""

    candidates: tuple[Candidate, ...]
    impossible: bool = False

    def valid(self) -> Iterable[Candidate]:
        """Measurements that may justify."""
        return (e for e in self.candidates if e.valid)


Finder: TypeAlias = Callable[[Situation], Iterable[Candidate] | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table: the verdict, when it applies, in words and as a function.

    `when` gives None if the rule does not apply, else the measurements that make it apply (there may be none).
    """

    verdict: Verdict
    words: str
    when: Finder


def _agreeing(grades: str, *, enough: bool) -> Finder:
    def find(situation: Situation) -> list[Candidate] | None:
        found = [
            e
            for e in situation.valid()
            if e.agreement.agrees and e.enough is enough and (e.grade in grades or not enough)
        ]
        return found or None

    return find


def _none_usable(situation: Situation) -> list[Candidate] | None:
    return None if any(situation.valid()) else list(situation.candidates)


def _nothing_there(situation: Situation) -> list[Candidate] | None:
    return None if situation.candidates else []


def _impossible(situation: Situation) -> list[Candidate] | None:
    return list(situation.valid()) if situation.impossible else None


def _otherwise(situation: Situation) -> list[Candidate]:
    return list(situation.valid())


RULES: tuple[Rule, ...] = (
    Rule(Verdict.NOT_RUN, "no predictions and nothing recorded", _nothing_there),
    Rule(
        Verdict.NOT_COMPARABLE,
        "every measurement is invalid: other data, other references, another judge, a broken protocol",
        _none_usable,
    ),
    Rule(
        Verdict.REPRODUCED,
        f"agrees under a convention of grade A or B, at least {_SHARE} of the set scored",
        _agreeing("AB", enough=True),
    ),
    Rule(
        Verdict.JUSTIFIED,
        f"agrees under a convention of grade C or D, at least {_SHARE} of the set scored",
        _agreeing("CD", enough=True),
    ),
    Rule(
        Verdict.UNDOCUMENTED,
        f"agrees, at least {_SHARE} of the set scored, but only under a convention of grade E",
        _agreeing("E", enough=True),
    ),
    Rule(
        Verdict.SELECTIVE,
        f"agrees only when outputs are dropped (less than {_SHARE} of the set scored)",
        _agreeing("ABCDE", enough=False),
    ),
    Rule(
        Verdict.INFEASIBLE,
        "nothing agrees, and no integer counts over the stated set can print the reported string",
        _impossible,
    ),
    Rule(Verdict.NOT_REPRODUCED, "nothing agrees; the nearest convention and the gap are named", _otherwise),
)

_STRENGTH = {a: n for n, a in enumerate((Agreement.EXACT, Agreement.WITHIN_NOISE, Agreement.NEAR, Agreement.OFF))}


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict with the rule that gave it.

    Attributes:
        verdict: The verdict.
        rule: The rule's number in the table, from 1.
        deciding: The measurement that speaks for it best, or the nearest one; None where there is none.
        supporting: All measurements that made the rule apply, best first.
    """

    verdict: Verdict
    rule: int
    deciding: str | None
    supporting: tuple[str, ...]


def decide(situation: Situation) -> Ruling:
    """The first rule of the table that applies."""
    for number, rule in enumerate(RULES, start=1):
        found = rule.when(situation)
        if found is not None:
            best = [e.measurement for e in sorted(found, key=_order)]
            return Ruling(rule.verdict, number, best[0] if best else None, tuple(best))
    raise AssertionError("the last rule always applies")


def _order(candidate: Candidate) -> tuple[object, ...]:
    """Best first: stronger agreement, better grade, recomputed before recorded, nearer, then by id."""
    return (
        _STRENGTH.get(candidate.agreement, len(_STRENGTH)),
        candidate.grade if candidate.agreement.agrees else "",
        not candidate.recomputed,
        candidate.distance,
        candidate.measurement,
    )
