"""Evidence grades: how well each step of a convention is documented for one study, computed from the records.

| grade | verified evidence that the step is used by |
|---|---|
| A | the audited paper, its appendix, code or authors |
| B | the source that the paper cites for this metric |
| C | an independent work, in its public code |
| D | an independent work, only in its text |
| E | only the reproduction team or this audit, or nobody |

Grades A and B hold only for the study of that paper. Each evidence item names the steps that it supports; the grade of a
convention is the worst grade of the steps in question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from audit.literature.works import Entry, Evidence, Work
from audit.schema import Grade

Key: TypeAlias = tuple[str, str, str]
"""(task, metric, convention)."""
Known: TypeAlias = Mapping[tuple[str, str], "frozenset[str] | set[str]"]
"""(task, metric) -> ids of the conventions in tasks/."""
SALMONN = "salmonn"


@dataclass(frozen=True, slots=True)
class Support:
    """One evidence item for a convention, and the resulting grade.

    Attributes:
        work: The work's id.
        entry: The index of the entry in the work's `tasks`.
        grade: The grade of the steps that this item supports; E if it is unverified.
        evidence: The evidence item; None if the entry has none.
    """

    work: str
    entry: int
    grade: Grade
    evidence: Evidence | None

    def speaks_for(self, axis: str) -> bool:
        """Whether it supports this step."""
        return self.evidence is not None and self.evidence.supports(axis)


@dataclass(frozen=True, slots=True)
class Grading:
    """The evidence for a convention of one task and metric, best first.

    Attributes:
        axes: The steps that the convention is made of, by the axes of its multiverse.
        support: All evidence of all works that name the convention.
    """

    axes: tuple[str, ...]
    support: tuple[Support, ...]

    @property
    def grade(self) -> Grade:
        """Of the convention as a whole: the worst over all its steps."""
        return max((self.of_step(axis)[0] for axis in self.axes), default="E")

    def of_step(self, axis: str) -> tuple[Grade, str | None]:
        """The grade of the best evidence for one step, and the work that it is of."""
        best = min((s for s in self.support if s.speaks_for(axis)), key=_order, default=None)
        return ("E", None) if best is None or best.grade == "E" else (best.grade, best.work)


def known_conventions() -> dict[tuple[str, str], frozenset[str]]:
    """(task, metric) -> ids of the conventions in `tasks`."""
    from tasks.registry import tasks

    return {(t.id, m): frozenset(c.id for c in cs) for t in tasks().values() for m, cs in t.conventions.items()}


def grade_of(entry: Entry, evidence: Evidence, study: str = SALMONN) -> Grade:
    """The grade that an evidence item gives to the steps it supports.

    Code counts only if it can be opened and found: repository, full commit, path and lines.
    """
    relation = entry.relation_in(study)
    if not evidence.verified or evidence.kind == "none" or relation in {"reproduction-team", "audit"}:
        return "E"
    if evidence.kind == "code" and not (evidence.repo and evidence.commit and evidence.path and evidence.lines):
        return "E"
    if relation == "audited":
        return "A"
    if relation == "cited-metric-source":
        return "B"
    return "C" if evidence.kind == "code" else "D"


def grades(works: Iterable[Work], known: Known, study: str = SALMONN) -> dict[Key, Grading]:
    """The grade of every convention in `known` for one study, for each of its tasks and metrics."""
    found: dict[Key, list[Support]] = {
        (task, metric, name): [] for (task, metric), names in known.items() for name in names
    }
    for value in works:
        for index, entry in enumerate(value.tasks):
            support = [Support(value.id, index, grade_of(entry, e, study), e) for e in entry.evidence]
            for key in ((t, m, n) for t in entry.ids for m in entry.metrics for n in entry.conventions):
                if key in found:
                    found[key] += support or [Support(value.id, index, "E", None)]
    return {
        key: Grading(_axes(key[0], key[1]), tuple(sorted(support, key=_order)))
        for key, support in sorted(found.items())
    }


@cache
def _axes(task: str, metric: str) -> tuple[str, ...]:
    """The steps of a convention: the axes of its multiverse but the selection, which is documented by the set itself."""
    from tasks.analysis.specifications import specification
    from tasks.registry import tasks

    known = tasks()
    if task not in known or metric not in known[task].conventions:
        return ("convention",)
    axes = tuple(axis.name for axis in specification(known[task], metric).axes)
    return tuple(name for name in axes if name != "selection") or ("convention",)


def _order(support: Support) -> tuple[str, str, int]:
    return support.grade, support.work, support.entry
