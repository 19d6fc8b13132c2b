"""The verdict: a closed vocabulary and one table of rules, of which the first that applies decides.

The table reads only reduced measurements (`Candidate`), so that every combination can be tested. Its decisions are data:
the rule, the deciding measurement and the reasons; the report turns them into sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TypeAlias

from audit.facts import Grade
from audit.schema import Agreement, Verdict


@dataclass(frozen=True, slots=True)
class Candidate:
    """One measurement with a value, reduced to what the rules read.

    Attributes:
        measurement: Its id.
        scored: Agreement of the value over the scored units.
        whole: Agreement on the whole set: the same convention without dropping, with bounds for missing units.
        grade: The convention's grade for this claim, the worst over its decisive steps; None if no step decides.
        overall: The worst grade over all steps.
        drops: The convention drops units by an undocumented selection.
        identified: The rows are known to belong to the set, or to a part of it; for a recorded value, its record says so.
        valid: Whether it may justify anything: the same data, references, variant, prompt, judge and protocol.
        recomputed: Computed from predictions, not recorded.
        complete: Every unit of the set was scored or dropped by rule, so no bounds are needed.
        distance: Distance from the reported value, to choose the nearest.
        convention: The convention's id; None if it is not known.
        sure: If a sample stands for the whole set: an exact sequence of a registered plan.
    """

    measurement: str
    scored: Agreement
    whole: Agreement
    grade: Grade | None = None
    overall: Grade = "E"
    drops: bool = False
    identified: bool = True
    valid: bool = True
    recomputed: bool = True
    complete: bool = True
    distance: Fraction = Fraction(0)
    convention: str | None = None
    sure: bool = True

    @property
    def agrees(self) -> bool:
        """Whether the value agrees, over the scored units and on the whole set."""
        return self.scored.agrees and self.whole.agrees

    @property
    def standing(self) -> Grade:
        """The grade that the table reads: A if no step decides; at best C for unidentified rows and unsure samples."""
        return max(self.grade or "A", "A" if self.identified and self.sure else "C")


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known about a claim.

    Attributes:
        candidates: Its measurements.
        impossible: The reported string is impossible.
        left_out: The study, or the plan of a sample, leaves conventions out, so that nobody knows what they give.
    """

    candidates: tuple[Candidate, ...]
    impossible: bool = False
    left_out: bool = False

    @property
    def valid(self) -> list[Candidate]:
        """Measurements that may justify."""
        return [c for c in self.candidates if c.valid]


# Grades that count alike, the best first; E is none of them.
_RANKS = ("AB", "CD")

Finder: TypeAlias = Callable[[Situation], Sequence[Candidate] | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table: the verdict, and when it applies, in words and as a function.

    `when` returns None if the rule does not apply, otherwise the measurements that make it apply (possibly none).
    """

    verdict: Verdict
    words: str
    when: Finder


def _nothing(situation: Situation) -> Sequence[Candidate] | None:
    return None if situation.candidates else ()


def _none_usable(situation: Situation) -> Sequence[Candidate] | None:
    """Without a comparable measurement, none leads the row."""
    return None if situation.valid else ()


def _agreeing(grades: str, situation: Situation) -> Sequence[Candidate] | None:
    return [c for c in situation.valid if c.agrees and c.standing in grades] or None


def _by_dropping(situation: Situation) -> Sequence[Candidate] | None:
    """A partly scored set with units dropped as well counts only if its bounds decide the agreement."""
    dropping = [c for c in situation.valid if c.drops and c.scored.agrees]
    return [c for c in dropping if c.complete or c.whole is not Agreement.UNDECIDED] or None


def _undecided(situation: Situation) -> Sequence[Candidate] | None:
    """Only parts were scored, and one leaves the agreement open; a part never overturns a value on the whole set."""
    if any(c.complete for c in situation.valid):
        return None
    return [c for c in situation.valid if c.whole is Agreement.UNDECIDED] or None


def _exceeding(situation: Situation) -> Sequence[Candidate] | None:
    """Better under every convention of the best grade at hand, of which a study may leave none out; grade E does not count.

    A part that settles nothing does not count. If a part settles one convention by its bounds, all its conventions count, and
    one that it leaves undecided is not better: a convention that disagrees must not vanish because outputs do.
    """
    if situation.left_out:
        return None
    known = [c for c in situation.valid if c.identified and c.overall != "E"]
    whole = [c for c in known if c.complete]
    parts = [c for c in known if not c.complete]
    if any(c.whole is not Agreement.UNDECIDED for c in parts):
        at_hand = {c.convention for c in whole}
        whole += [c for c in parts if c.whole is not Agreement.UNDECIDED or c.convention not in at_hand]
    for grades in _RANKS:
        best = [c for c in whole if c.overall in grades]
        if best:
            return best if all(c.whole is Agreement.BETTER for c in best) else None
    return None


def _impossible(situation: Situation) -> Sequence[Candidate] | None:
    return situation.valid if situation.impossible else None


def _otherwise(situation: Situation) -> Sequence[Candidate]:
    return situation.valid


RULES: tuple[Rule, ...] = (
    Rule(Verdict.NOT_RUN, "nothing was computed and nothing was recorded", _nothing),
    Rule(
        Verdict.NOT_COMPARABLE,
        "every measurement is invalid: different data, references, variant, prompt or judge, or a broken protocol",
        _none_usable,
    ),
    Rule(
        Verdict.REPRODUCED,
        "agrees on the whole set, or is settled to agree by a registered sample at its stated risk, and the steps that "
        "decide have evidence of grade A or B, or no step decides",
        partial(_agreeing, "AB"),
    ),
    Rule(
        Verdict.JUSTIFIED,
        "agrees on the whole set, or by a sample, and the worst evidence for a step that decides has grade C or D, or the "
        "rows could not be identified, or the sample's plan was not registered, or its bounds are approximate",
        partial(_agreeing, "CD"),
    ),
    Rule(
        Verdict.UNDOCUMENTED,
        "agrees on the whole set, or by a sample, but a step that decides is documented only by the reproduction team",
        partial(_agreeing, "E"),
    ),
    Rule(Verdict.SELECTIVE, "agrees only when units of the set are dropped", _by_dropping),
    Rule(
        Verdict.UNDECIDED,
        "the scored part of the set can neither confirm nor exclude the printed value",
        _undecided,
    ),
    Rule(
        Verdict.EXCEEDS,
        "better than printed, beyond the margin, under every convention of the best grade at hand (A or B, otherwise C or D)",
        _exceeding,
    ),
    Rule(
        Verdict.INFEASIBLE,
        "nothing agrees, and no integer counts over the set can print the reported string",
        _impossible,
    ),
    Rule(
        Verdict.NOT_REPRODUCED,
        "nothing agrees; the nearest convention, the gap and its direction are given",
        _otherwise,
    ),
)

_STRENGTH = {Agreement.EXACT: 0, Agreement.WITHIN_MARGIN: 1}


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, with the rule that gave it.

    Attributes:
        verdict: The verdict.
        rule: The rule's number in the table, from 1.
        deciding: The measurement that supports it best, or the nearest comparable one; None if none.
        supporting: All measurements by which the rule applies, best first.
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
            best = [c.measurement for c in _ordered(found)]
            return Ruling(rule.verdict, number, best[0] if best else None, tuple(best))
    raise AssertionError("the last rule always applies")


def _ordered(found: Iterable[Candidate]) -> list[Candidate]:
    """Best first: agreement on the whole set, grade, the whole set before a part, recomputed, nearer, then by id."""
    return sorted(
        found,
        key=lambda c: (
            _STRENGTH[c.whole] if c.agrees else len(_STRENGTH),
            c.standing if c.agrees else "",
            not c.complete,
            not c.recomputed,
            c.distance,
            c.measurement,
        ),
    )
