"""Evidence grades: how well a convention is documented, computed from the records, never entered by hand.

| grade | verified evidence that the convention is used by |
|---|---|
| A | the audited paper, its appendix, code or authors |
| B | the source that the paper cites for this metric |
| C | an independent work, in its public code |
| D | an independent work, only in its text |
| E | only the reproduction team or this audit, or nobody |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from audit.literature.works import Entry, Evidence, Work
from audit.schema import Grade

Key: TypeAlias = tuple[str, str, str]
"""(task, metric, convention)."""
Known: TypeAlias = Mapping[tuple[str, str], "frozenset[str] | set[str]"]
"""(task, metric) -> ids of the conventions in tasks/."""


@dataclass(frozen=True, slots=True)
class Support:
    """A work that uses a convention, and the resulting grade.

    Attributes:
        work: The work's id.
        entry: The index of the entry in the work's `tasks`.
        grade: The grade from this support alone; E if its evidence is unverified.
        evidence: The evidence for this grade; None if there is none.
    """

    work: str
    entry: int
    grade: Grade
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Grading:
    """The grade of a convention for a task and metric, with all supporting works, best first."""

    grade: Grade
    support: tuple[Support, ...]


def known_conventions() -> dict[tuple[str, str], frozenset[str]]:
    """(task, metric) -> ids of the conventions in `tasks`."""
    from tasks.registry import tasks

    return {(t.id, m): frozenset(c.id for c in cs) for t in tasks().values() for m, cs in t.conventions.items()}


def grade_of(entry: Entry, evidence: Evidence) -> Grade:
    """The grade that a piece of evidence gives to the conventions of its entry."""
    if not evidence.verified or evidence.kind == "none" or entry.relation in {"reproduction-team", "audit"}:
        return "E"
    if entry.relation == "audited":
        return "A"
    if entry.relation == "cited-metric-source":
        return "B"
    return "C" if evidence.kind == "code" else "D"


def grades(works: Iterable[Work], known: Known) -> dict[Key, Grading]:
    """The grade of every convention in `known`, for each of its tasks and metrics."""
    found: dict[Key, list[Support]] = {
        (task, metric, name): [] for (task, metric), names in known.items() for name in names
    }
    for value in works:
        for index, entry in enumerate(value.tasks):
            best = min(entry.evidence, key=lambda e, entry=entry: grade_of(entry, e), default=None)  # type: ignore[misc]
            grade: Grade = grade_of(entry, best) if best is not None else "E"
            for task in entry.ids:
                for metric in entry.metrics:
                    for name in entry.conventions:
                        if (task, metric, name) in found:
                            found[task, metric, name].append(Support(value.id, index, grade, best))
    return {
        key: Grading(min((s.grade for s in support), default="E"), tuple(sorted(support, key=_order)))
        for key, support in sorted(found.items())
    }


def _order(support: Support) -> tuple[str, str, int]:
    return support.grade, support.work, support.entry
