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
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeAlias

from audit.facts import Grade
from audit.literature.declared_conventions import DeclaredConvention
from audit.literature.known_tasks import known_tasks
from audit.literature.works import Entry, Evidence, Work
from tasks.task import Task

Key: TypeAlias = tuple[str, str, str]
"""(task, metric, convention)."""
Known: TypeAlias = Mapping[tuple[str, str], "frozenset[str] | set[str]"]
"""(task, metric) -> ids of the conventions in tasks/."""
Tasks: TypeAlias = Mapping[str, Task]
SALMONN = "salmonn"


@dataclass(frozen=True, slots=True)
class Support:
    """One evidence item for a convention, and the resulting grade.

    Attributes:
        work: The work's id.
        entry: The index of the entry in the work's `tasks`; None for evidence that stands in the convention's own file.
        grade: The grade of the steps that this item supports; E if it is unverified.
        evidence: The evidence item; None if the entry has none.
    """

    work: str
    entry: int | None
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


def known_conventions(tasks: Tasks | None = None) -> dict[tuple[str, str], frozenset[str]]:
    """(task, metric) -> ids of the conventions, for tasks by id; by default those of all studies at hand."""
    chosen = known_tasks() if tasks is None else tasks
    return {(t.id, m): frozenset(c.id for c in cs) for t in chosen.values() for m, cs in t.conventions.items()}


def grade_of(entry: Entry, evidence: Evidence, study: str = SALMONN, *, own: bool = False) -> Grade:
    """The grade that an evidence item gives to the steps it supports.

    Code counts only if it can be opened and found: repository, full commit, path and lines.

    Args:
        entry: The work's entry.
        evidence: One of its evidence items.
        study: The id of the study.
        own: The work is the paper that the study audits.
    """
    relation = "audited" if own else entry.relation_in(study)
    if not evidence.verified or evidence.kind == "none" or relation in {"reproduction-team", "audit"}:
        return "E"
    if evidence.kind == "code" and not (evidence.repo and evidence.commit and evidence.path and evidence.lines):
        return "E"
    if relation == "audited":
        return "A"
    if relation == "cited-metric-source":
        return "B"
    return _elsewhere(evidence)


def _elsewhere(evidence: Evidence) -> Grade:
    return "C" if evidence.kind == "code" else "D"


def grades(
    works: Iterable[Work],
    known: Known,
    study: str = SALMONN,
    *,
    tasks: Tasks | None = None,
    own: str | None = None,
    declared: Iterable[DeclaredConvention] = (),
) -> dict[Key, Grading]:
    """The grade of every convention in `known` for one study, for each of its tasks and metrics.

    What a work documents for one task also shows that a convention of this family is in use: a convention that no record names
    for a task takes the evidence of its family, at most as grade C.

    Args:
        works: The records.
        known: The conventions, by task and metric.
        study: The id of the study.
        tasks: The tasks by id: those of the study, and those that records name; by default of all studies at hand.
        own: The id of the record of the audited paper, if there is one.
        declared: Conventions in YAML, which cite evidence of their own.
    """
    kinds = known_tasks() if tasks is None else tasks
    works = list(works)
    found: dict[Key, list[Support]] = {
        (task, metric, name): [] for (task, metric), names in known.items() for name in names
    }
    unnamed: dict[tuple[str, str], list[str]] = {}
    for task, metric, name in found.keys() - named_keys(works):
        if task in kinds:
            unnamed.setdefault((metric, name), []).append(task)
    for value in works:
        for index, entry in enumerate(value.tasks):
            mine = value.id == own
            support = [Support(value.id, index, grade_of(entry, e, study, own=mine), e) for e in entry.evidence]
            support = support or [Support(value.id, index, "E", None)]
            for task in entry.ids:
                _add(found, entry, task, support)
            families = {kinds[task].family for task in entry.ids if task in kinds}
            there = support if mine else [_capped(item) for item in support]
            for metric, name in product(set(entry.metrics), set(entry.conventions)):
                for task in unnamed.get((metric, name), ()):
                    if kinds[task].family in families:
                        found[task, metric, name] += there
    for item in declared:
        entry = item.evidence.entry(item.metric, item.id)
        mine = item.evidence.work == own
        support = [Support(item.evidence.work, None, grade_of(entry, e, study, own=mine), e) for e in entry.evidence]
        for name, kind in kinds.items():
            # A task may have another convention of this id.
            if item.convention in kind.conventions.get(item.metric, ()):
                _add(found, entry, name, support or [Support(item.evidence.work, None, "E", None)])
    axes = {(task, metric): _axes(kinds.get(task), metric) for task, metric in known}
    return {key: Grading(axes[key[:2]], tuple(sorted(support, key=_order))) for key, support in sorted(found.items())}


def named_keys(works: Iterable[Work]) -> set[Key]:
    """The conventions that records name, by task and metric."""
    return {
        key for work in works for entry in work.tasks for key in product(entry.ids, entry.metrics, entry.conventions)
    }


def _add(found: dict[Key, list[Support]], entry: Entry, task: str, support: list[Support]) -> None:
    for metric in entry.metrics:
        for name in entry.conventions:
            if (task, metric, name) in found:
                found[task, metric, name] += support


def _capped(item: Support) -> Support:
    if item.grade not in {"A", "B"} or item.evidence is None:
        return item
    return replace(item, grade=_elsewhere(item.evidence))


_SPECIFIED: dict[tuple[str, str, str], tuple[str, ...]] = {}


def _axes(task: Task | None, metric: str) -> tuple[str, ...]:
    """The steps of a convention: the axes of its multiverse but the selection, which is documented by the set itself."""
    from tasks.analysis.specifications import axis_names

    if task is None or metric not in task.conventions:
        return ("convention",)
    # The names of the axes depend on nothing else.
    key = (task.family, repr(sorted(task.parameters.items())), metric)
    if key not in _SPECIFIED:
        _SPECIFIED[key] = tuple(name for name in axis_names(task, metric) if name != "selection") or ("convention",)
    return _SPECIFIED[key]


def _order(support: Support) -> tuple[str, str, int]:
    return support.grade, support.work, -1 if support.entry is None else support.entry
