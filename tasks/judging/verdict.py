"""Parsed judgements, grading scales, and integer counts under a failure rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Status = Literal["ok", "off-scale", "ambiguous", "unparsed", "empty", "error"]
Failure = Literal["zero", "excluded", "wrong"]
FAILURES: tuple[Failure, ...] = ("zero", "excluded", "wrong")


@dataclass(frozen=True, slots=True)
class JudgeVerdict:
    """A parsed reply.

    Attributes:
        grade: On the convention's scale (1 for correct, 0 for wrong); None if the reply has none.
        status: `ok`; `off-scale` (a number outside the scale, kept because the source keeps it);
            `ambiguous` (the reply contradicts itself); `unparsed`; `empty`; `error` (there is no reply).
        label: Other content of the reply: a letter, an orientation.
    """

    grade: Fraction | None
    status: Status = "ok"
    label: str = ""

    @property
    def failed(self) -> bool:
        """Whether the failure rule applies."""
        return self.grade is None


def graded(value: int | Fraction, label: str = "") -> JudgeVerdict:
    """The verdict of a reply that was parsed."""
    return JudgeVerdict(Fraction(value), "ok", label)


@dataclass(frozen=True, slots=True)
class Scale:
    """Grades from `lowest` to `highest`, counted in units of 1/`unit` so that counts are integers."""

    lowest: int
    highest: int
    unit: int = 1


BINARY = Scale(0, 1)


@dataclass(frozen=True, slots=True)
class JudgedCounts:
    """Integer counts that can be added.

    `points` of `possible` (both in units of 1/unit of the scale) over `kept` items; `excluded` items are in
    neither; `failed` is the number of items, kept or excluded, to which the failure rule was applied.
    The mean grade is points / (kept * unit), the share points / possible.
    """

    points: int = 0
    possible: int = 0
    kept: int = 0
    excluded: int = 0
    failed: int = 0

    def __add__(self, other: JudgedCounts) -> JudgedCounts:
        return JudgedCounts(
            self.points + other.points,
            self.possible + other.possible,
            self.kept + other.kept,
            self.excluded + other.excluded,
            self.failed + other.failed,
        )


def count(verdict: JudgeVerdict, scale: Scale, failure: Failure) -> JudgedCounts:
    """The counts of one item.

    A failed judgement scores no points (`zero`), is removed from the denominator (`excluded`) or counts as the
    scale's lowest grade (`wrong`); `zero` and `wrong` differ only on a scale that does not start at 0.
    """
    possible = scale.highest * scale.unit
    if verdict.grade is None:
        if failure == "excluded":
            return JudgedCounts(excluded=1, failed=1)
        points = scale.lowest * scale.unit if failure == "wrong" else 0
        return JudgedCounts(points, possible, 1, 0, 1)
    return JudgedCounts(round(verdict.grade * scale.unit), possible, 1)


def total(counts: Iterable[JudgedCounts]) -> JudgedCounts:
    """The sum of the counts."""
    result = JudgedCounts()
    for item in counts:
        result += item
    return result


def best(verdicts: Sequence[JudgeVerdict]) -> JudgeVerdict:
    """The highest grade of several judgements of one item; a failure only if all of them failed.

    For grades 0 and 1 this means "correct if correct for any answer", for graded items "the best of its prompts".
    """
    if not verdicts:
        return JudgeVerdict(None, "error")
    known = [verdict for verdict in verdicts if verdict.grade is not None]
    if not known:
        return verdicts[0]
    return max(known, key=lambda verdict: verdict.grade or Fraction(0))
