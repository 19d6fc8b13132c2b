"""Data of the survey chapter: which work evaluated which task, how, and what can be checked.

The data are values of `audit.schema` in a fixed order, so that they can be part of `audit.json`.
docs/reference/literature.md describes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from audit.facts import Claim
from audit.literature.grades import Grading, Key, Known, grades
from audit.literature.works import Entry, Work
from audit.schema import (
    Checkable,
    CheckableStep,
    GradedConvention,
    MatrixCell,
    MatrixRow,
    Reference,
    Survey,
    SurveyCode,
    SurveyDisagreement,
    SurveyEntry,
    SurveyEvidence,
    SurveyList,
    SurveySupport,
    SurveyTask,
    SurveyWork,
)
from tasks.phrase import phrase

CITING = frozenset({"evaluated", "copied", "mentioned"})
# Priority of several entries in a cell.
SAME_DATA = ("yes", "partly", "unknown", "no")
TREATMENTS = ("evaluated", "copied", "mentioned", "unknown", "none")


def survey(
    works: Sequence[Work],
    claims: Iterable[Claim],
    known: Known | None = None,
    gradings: Mapping[Key, Grading] | None = None,
) -> Survey:
    """The data of the survey chapter.

    Args:
        works: All records, from `audit.literature.works.load_works`.
        claims: The claims of the study; their tasks are the columns of the matrix, in the claims' order.
        known: (task, metric) -> conventions of tasks/; by default the conventions named by records are graded.
        gradings: The grades of the study's conventions, if they are known already; they count instead of `known`.
    """
    columns = _columns(claims)
    shown = [w for w in works if w.relation != "audit"]
    return Survey(
        tasks=columns,
        works=tuple(_work(w) for w in works),
        matrix=tuple(MatrixRow(w.id, _cells(w, [c.id for c in columns])) for w in shown),
        conventions=_conventions(
            grades(works, named(works) if known is None else known) if gradings is None else gradings
        ),
        checkable=checkable(shown),
        disagreements=tuple(
            SurveyDisagreement(w.id, d.about, d.said, d.said_by, d.found, d.found_in, d.effect)
            for w in works
            for d in w.disagreements
        ),
        bibliography=tuple(Reference(w.id, reference(w), tuple(w.links())) for w in sorted(shown, key=_by_author)),
    )


def named(works: Iterable[Work]) -> dict[tuple[str, str], set[str]]:
    """The conventions named by records, as a `Known` mapping."""
    found: dict[tuple[str, str], set[str]] = {}
    for work in works:
        for entry in work.tasks:
            for task in entry.ids:
                for metric in entry.metrics:
                    found.setdefault((task, metric), set()).update(entry.conventions)
    return found


def _columns(claims: Iterable[Claim]) -> tuple[SurveyTask, ...]:
    found: dict[str, SurveyTask] = {}
    for claim in claims:
        column = found.get(claim.task, SurveyTask(claim.task, claim.locator.row))
        found[claim.task] = replace(column, metrics=(*column.metrics, claim.metric))
    return tuple(found.values())


def _work(work: Work) -> SurveyWork:
    return SurveyWork(
        id=work.id,
        name=work.name,
        title=work.title,
        authors=work.authors,
        authors_complete=work.authors_complete,
        year=work.year,
        venue=work.venue,
        identity_source=work.identity_source,
        kind=work.kind,
        relation=work.relation,
        treatment=work.treatment,
        variant=work.variant,
        treatment_note=work.treatment_note,
        code=SurveyCode(
            available=work.code.available,
            repo=work.code.repo,
            commit=work.code.commit,
            licence=work.code.licence,
            note=work.code.note,
        ),
        outputs=work.outputs,
        summary=work.summary,
        survey_items=work.survey_items,
        unverified=work.unverified,
        notes=work.notes,
        links=tuple(work.links()),
        record=f"literature/works/{work.path.name}",
        entries=tuple(_entry(e) for e in work.tasks),
    )


def _cells(work: Work, tasks: Sequence[str]) -> tuple[MatrixCell, ...]:
    cells = []
    for task in tasks:
        indices = tuple(index for index, entry in enumerate(work.tasks) if task in entry.ids)
        entries = [work.tasks[index] for index in indices]
        if entries:
            same_data = min((e.same_data for e in entries), key=SAME_DATA.index)
            treatment = min((e.treatment for e in entries), key=TREATMENTS.index)
            cells.append(MatrixCell(task, same_data, treatment, work.code.available, indices))
    return tuple(cells)


def _entry(entry: Entry) -> SurveyEntry:
    return SurveyEntry(
        tasks=entry.ids,
        metrics=entry.metrics,
        metric_as_named=entry.metric_as_named,
        data=entry.data,
        split=entry.split,
        same_data=entry.same_data,
        same_data_reason=entry.same_data_reason,
        treatment=entry.treatment,
        value=entry.value,
        conventions=entry.conventions,
        counting=entry.counting,
        evidence=tuple(SurveyEvidence(e.text(), e.kind, e.verified, tuple(e.urls()), e.steps) for e in entry.evidence),
        unverified=entry.unverified,
        unusable=entry.unusable,
    )


def _conventions(gradings: Mapping[Key, Grading]) -> tuple[GradedConvention, ...]:
    return tuple(
        GradedConvention(task, metric, name, grading.grade, _support(grading))
        for (task, metric, name), grading in gradings.items()
    )


def _support(grading: Grading) -> tuple[SurveySupport, ...]:
    """Each entry once, with the grade of its best evidence."""
    best: dict[tuple[str, int], SurveySupport] = {}
    for s in grading.support:
        if s.entry is not None:
            best.setdefault((s.work, s.entry), SurveySupport(s.work, s.entry, s.grade))
    return tuple(best.values())


def checkable(works: Sequence[Work]) -> Checkable:
    """How many of the citing works can be checked.

    A work is *citing* if it is independent and evaluates, copies or mentions SALMONN (works for which this is unknown are
    counted separately). It is *checkable* if it ran SALMONN on data that overlap with those of the audited table
    and its scoring code is public; *recomputable* if the raw outputs are public too.
    """
    independent = [w for w in works if w.relation == "independent"]
    citing = [w for w in independent if w.treatment in CITING]
    steps: list[tuple[str, str, list[Work]]] = [("citing", phrase("evaluate, copy or mention SALMONN"), citing)]

    def narrow(name: str, text: str, kept: list[Work]) -> None:
        steps.append((name, text, [w for w in steps[-1][2] if w in kept]))

    narrow("evaluated", phrase("ran a SALMONN themselves"), [w for w in citing if w.treatment == "evaluated"])
    narrow("same_data", phrase("on data at least partly those of the table"), [w for w in citing if _overlaps(w)])
    narrow("checkable", phrase("and publish the code that scores"), [w for w in citing if w.code.available == "yes"])
    narrow("recomputable", phrase("and the raw outputs"), [w for w in citing if w.outputs is not None])
    listed = {name: [w for w in kept if w.survey_items] for name, _, kept in steps}
    return Checkable(
        steps=tuple(CheckableStep(name, text, len(kept), tuple(w.id for w in kept)) for name, text, kept in steps),
        unknown=tuple(w.id for w in independent if w.treatment == "unknown"),
        fraction=_fraction(len(_step(steps, "checkable")), len(citing)),
        survey_list=SurveyList(
            records=sum(1 for w in works if w.survey_items),
            citing=len(listed["citing"]),
            checkable=len(listed["checkable"]),
            fraction=_fraction(len(listed["checkable"]), len(listed["citing"])),
        ),
    )


def _step(steps: Sequence[tuple[str, str, list[Work]]], name: str) -> list[Work]:
    return next(kept for step, _, kept in steps if step == name)


def _overlaps(work: Work) -> bool:
    return any(e.ids and e.treatment == "evaluated" and e.same_data in {"yes", "partly"} for e in work.tasks)


def _fraction(part: int, whole: int) -> str | None:
    """A percentage with one decimal, as a string; None if `whole` is 0."""
    if whole == 0:
        return None
    return str((Decimal(100 * part) / whole).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))


def _by_author(work: Work) -> tuple[str, int, str]:
    first = work.authors[0] if work.authors else work.title
    return first.split()[-1].casefold(), work.year, work.id


def reference(work: Work) -> str:
    """A work as a bibliography entry."""
    names = ", ".join(work.authors) + ("" if work.authors_complete or not work.authors else " et al.")
    stop = "" if work.title.endswith((".", "?", "!")) else "."
    venue = work.venue if str(work.year) in work.venue else f"{work.venue}, {work.year}"
    parts = [f"{names}: {work.title}{stop} {venue}." if names else f"{work.title}{stop} {venue}."]
    if work.arxiv:
        parts.append(f"arXiv:{work.arxiv}.")
    if work.doi:
        parts.append(f"doi:{work.doi}.")
    if work.code.repo:
        at = f" at {work.code.commit}" if work.code.commit else ""
        parts.append(f"Code: {work.code.repo}{at}.")
    return " ".join(parts)


def cells(data: Survey) -> dict[tuple[str, str], MatrixCell]:
    """The matrix by (work, task)."""
    return {(row.work, cell.task): cell for row in data.matrix for cell in row.cells}
