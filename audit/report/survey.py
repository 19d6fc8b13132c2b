"""The literature chapter: the matrix of works and tasks, the records, disagreements, how many works can be checked.

Reads `literature` in audit.json, described in docs/reference/literature.md; any part may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.report import vocabulary
from audit.report.language import marked, tr
from audit.report.views import anchor, convention_anchor
from audit.report.vocabulary import short_tasks
from audit.schema import AuditDocument, MatrixCell, SurveyDisagreement, SurveyEntry, SurveyWork

# What a record says after the place of its evidence.
OPENED = ", opened by "
_SAME = {
    "yes": marked("same data"),
    "partly": marked("partly the same data"),
    "no": marked("other data"),
    "unknown": marked("data unknown"),
}
# Short forms of the addresses of works.
_ADDRESSES = {"https://doi.org/": "doi:", "https://arxiv.org/abs/": "arXiv:", "https://github.com/": "", "https://": ""}


@dataclass(frozen=True, slots=True)
class CellView:
    """What a work does on a task; `href` links to its first entry on that task."""

    same: str
    treatment: str
    href: str
    label: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """What a work does on one or more tasks, with its evidence as (text, address, verified)."""

    anchor: str
    data: SurveyEntry
    conventions: tuple[tuple[str, str], ...]
    evidence: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class WorkView:
    """A record, as shown in the matrix and in the list of records."""

    anchor: str
    name: str
    data: SurveyWork
    byline: str
    links: tuple[tuple[str, str], ...]
    code: str
    cells: Mapping[str, CellView]
    entries: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True)
class SurveyChapter:
    """The whole chapter.

    Attributes:
        works: All records, by name.
        rows: Records in the matrix with an entry on a claimed task.
        others: Records in the matrix without one.
        tasks: (id, first line, second line) of the matrix's columns.
        disagreements: (work, what is said and found).
        steps: How many works can be checked, step by step; each narrows the previous one.
        bibliography: (reference, addresses), in the order of the audit.
        fraction: The share of citing works that can be checked, in percent; empty if unknown.
    """

    works: tuple[WorkView, ...]
    rows: tuple[WorkView, ...]
    others: tuple[WorkView, ...]
    tasks: tuple[tuple[str, str, str], ...]
    disagreements: tuple[tuple[WorkView | None, SurveyDisagreement], ...]
    steps: tuple[tuple[str, int], ...]
    fraction: str
    unknown: int
    bibliography: tuple[tuple[str, tuple[str, ...]], ...]


def survey(audit: AuditDocument) -> SurveyChapter:
    """The chapter of an audit."""
    literature, short = audit.literature, short_tasks(audit)
    known = {(c.task, c.metric, c.id) for c in audit.conventions}
    matrix = {row.work: row.cells for row in literature.matrix}
    found = [_work(w, matrix.get(w.id, ()), known) for w in literature.works]
    works = tuple(sorted(found, key=lambda w: (w.name.casefold(), w.anchor)))
    by_id = {w.data.id: w for w in works}
    shown = [w for w in works if w.data.id in matrix]
    checkable = literature.checkable
    return SurveyChapter(
        works,
        tuple(w for w in shown if w.cells),
        tuple(w for w in shown if not w.cells),
        tuple((t.id, *short.get(t.id, (t.id, ""))) for t in literature.tasks),
        tuple((by_id.get(d.work), d) for d in literature.disagreements),
        tuple((s.text, s.count) for s in checkable.steps),
        checkable.fraction or "",
        len(checkable.unknown),
        tuple((b.text, _https(b.links)) for b in literature.bibliography),
    )


def short_names(audit: AuditDocument) -> dict[str, str]:
    """A short name for every recorded work, by id."""
    return {w.id: _name(w) for w in audit.literature.works}


def _name(data: SurveyWork) -> str:
    """The record's short name; otherwise the title up to its colon, a short title, or the record's id."""
    if data.name:
        return data.name
    head, colon, _ = data.title.partition(":")
    if colon and len(head) <= 28:
        return head
    return data.title if len(data.title) <= 34 else data.id


def _work(data: SurveyWork, cells: Sequence[MatrixCell], known: set[tuple[str, str, str]]) -> WorkView:
    own = anchor("work", data.id)
    entries = tuple(_entry(e, f"{own}.{n}", known) for n, e in enumerate(data.entries, 1))
    return WorkView(
        own,
        _name(data),
        data,
        _byline(data),
        tuple((_address(url), url) for url in _https(data.links)),
        data.code.available,
        {c.task: _cell(c, entries, own) for c in cells},
        entries,
    )


def _cell(data: MatrixCell, entries: Sequence[EntryView], own: str) -> CellView:
    indices = [n for n in data.entries if 0 <= n < len(entries)]
    values = [v for n in indices if (v := entries[n].data.value)]
    same, treatment = tr(_SAME.get(data.same_data, data.same_data)), vocabulary.treatment(data.treatment)
    label = f"{same}, {treatment}"
    if values:
        label = tr("{data}, {treatment}, prints {value}", data=same, treatment=treatment, value=values[0])
    return CellView(data.same_data, data.treatment, f"#{entries[indices[0]].anchor}" if indices else f"#{own}", label)


def _entry(data: SurveyEntry, place: str, known: set[tuple[str, str, str]]) -> EntryView:
    conventions = []
    for name in data.conventions:
        pairs = ((t, m) for t in data.tasks for m in data.metrics)
        where = next((pair for pair in pairs if (*pair, name) in known), None)
        conventions.append((name, f"#{convention_anchor(*where, name)}" if where else ""))
    evidence = []
    for item in data.evidence:
        links = _https(item.links)
        evidence.append((_place(item.text), links[0] if links else "", item.verified))
    return EntryView(place, data, tuple(conventions), tuple(evidence))


def _place(text: str) -> str:
    """Where a piece of evidence is, and who opened it when; whether it was verified stands beside it."""
    place, opened, who = text.removesuffix(", unverified").partition(OPENED)
    return tr("{place}, opened by {who}", place=place, who=who) if opened else place


def _byline(data: SurveyWork) -> str:
    names = ", ".join(data.authors[:3])
    if data.authors and (len(data.authors) > 3 or not data.authors_complete):
        names = tr("{names} et al.", names=names)
    year = str(data.year or "")
    when = data.venue if year in data.venue else f"{data.venue} {year}".strip()
    return ". ".join(part.rstrip(".") for part in (names, when) if part)


def _https(links: Sequence[str]) -> tuple[str, ...]:
    return tuple(link for link in links if link.startswith("https://"))


def _address(url: str) -> str:
    prefix, label = next((p, n) for p, n in _ADDRESSES.items() if url.startswith(p))
    text = url.removeprefix(prefix)
    repository, tree, commit = text.partition("/tree/")
    return f"{repository}@{commit[:8]}" if tree else f"{label}{text}"
