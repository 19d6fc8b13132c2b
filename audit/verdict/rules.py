"""The verdict: one closed vocabulary, one table, the first row that applies.

The table looks at reduced measurements alone (`Evidence`), so that it can be tested for every combination. What it
decides is data: the rule, the measurement that decided, and the reasons; the report makes sentences of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from audit.verdict.agreement import Agreement

# The share of the set that must be scored for an agreement to count.
ENOUGH = Fraction(99, 100)


class Verdict(Enum):
    """What the audit says of a claim."""

    NOT_RUN = "not-run"
    NOT_COMPARABLE = "not-comparable"
    REPRODUCED = "reproduced"
    JUSTIFIED = "justified"
    UNDOCUMENTED = "undocumented"
    SELECTIVE = "selective"
    INFEASIBLE = "infeasible"
    NOT_REPRODUCED = "not-reproduced"


@dataclass(frozen=True, slots=True)
class Evidence:
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
        """At least 99 % of the set scored."""
        return self.coverage >= ENOUGH


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known on a claim: its measurements, and whether the reported string is impossible."""

    evidence: tuple[Evidence, ...]
    impossible: bool = False

    def valid(self) -> Iterable[Evidence]:
        """Measurements that may justify."""
        return (e for e in self.evidence if e.valid)


Finder: TypeAlias = Callable[[Situation], Iterable[Evidence] | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table: the verdict, when it applies, in words and as a function.

    `when` gives None if the rule does not apply, else the measurements that make it apply (there may be none).
    """

    verdict: Verdict
    words: str
    when: Finder


def _agreeing(grades: str, *, enough: bool) -> Finder:
    def find(situation: Situation) -> list[Evidence] | None:
        found = [
            e
            for e in situation.valid()
            if e.agreement.agrees and e.enough is enough and (e.grade in grades or not enough)
        ]
        return found or None

    return find


def _none_usable(situation: Situation) -> list[Evidence] | None:
    return None if any(situation.valid()) else list(situation.evidence)


def _nothing_there(situation: Situation) -> list[Evidence] | None:
    return None if situation.evidence else []


def _impossible(situation: Situation) -> list[Evidence] | None:
    return list(situation.valid()) if situation.impossible else None


def _otherwise(situation: Situation) -> list[Evidence]:
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
        "agrees under a convention of grade A or B, at least 99 % of the set scored",
        _agreeing("AB", enough=True),
    ),
    Rule(
        Verdict.JUSTIFIED,
        "agrees under a convention of grade C or D, at least 99 % of the set scored",
        _agreeing("CD", enough=True),
    ),
    Rule(
        Verdict.UNDOCUMENTED,
        "agrees, at least 99 % of the set scored, but only under a convention of grade E",
        _agreeing("E", enough=True),
    ),
    Rule(
        Verdict.SELECTIVE,
        "agrees only when outputs are dropped (less than 99 % of the set scored)",
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
class Decision:
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


def decide(situation: Situation) -> Decision:
    """The first rule of the table that applies."""
    for number, rule in enumerate(RULES, start=1):
        found = rule.when(situation)
        if found is not None:
            best = [e.measurement for e in sorted(found, key=_order)]
            return Decision(rule.verdict, number, best[0] if best else None, tuple(best))
    raise AssertionError("the last rule always applies")


def _order(evidence: Evidence) -> tuple[object, ...]:
    """Best first: stronger agreement, better grade, recomputed before recorded, nearer, then by id."""
    return (
        _STRENGTH.get(evidence.agreement, len(_STRENGTH)),
        evidence.grade if evidence.agreement.agrees else "",
        not evidence.recomputed,
        evidence.distance,
        evidence.measurement,
    )
