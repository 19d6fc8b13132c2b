"""The literature in the report: the matrix of works and tasks, the records' texts, disagreements, what can be checked.

Works on audit.json's `literature` as docs/reference/literature.md describes it, every part of which may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from audit.report.views import anchor, convention_anchor
from audit.report.vocabulary import SHORT_TASKS

Json: TypeAlias = Mapping[str, Any]
_SAME = {"yes": "same data", "partly": "partly the same data", "no": "other data", "unknown": "data unknown"}
# How the addresses of works are named.
_ADDRESSES = {"https://doi.org/": "doi:", "https://arxiv.org/abs/": "arXiv:", "https://github.com/": "", "https://": ""}


@dataclass(frozen=True, slots=True)
class Cell:
    """What a work does on a task; `href` leads to the first of its entries on it."""

    same: str
    treatment: str
    href: str
    label: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What a work does on one or several tasks, with its evidence as (text, address, verified)."""

    anchor: str
    data: Json
    conventions: tuple[tuple[str, str], ...]
    evidence: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Work:
    """A record as the matrix and the list of records show it."""

    anchor: str
    name: str
    data: Json
    byline: str
    links: tuple[tuple[str, str], ...]
    code: str
    cells: Mapping[str, Cell]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """The whole chapter.

    Attributes:
        works: All records, by name.
        rows: Those of the matrix that have something to say on a claimed task.
        others: Those of the matrix that have not.
        tasks: (id, first line, second line) of the matrix's columns.
        disagreements: (work, what is said and found).
        steps: How many works can be checked, step by step; each narrows the one before.
        bibliography: (reference, addresses), as the audit sorts them.
        fraction: The share of citing works that can be checked, in percent; empty where unknown.
    """

    works: tuple[Work, ...]
    rows: tuple[Work, ...]
    others: tuple[Work, ...]
    tasks: tuple[tuple[str, str, str], ...]
    disagreements: tuple[tuple[Work | None, Json], ...]
    steps: tuple[tuple[str, int], ...]
    fraction: str
    unknown: int
    bibliography: tuple[tuple[str, tuple[str, ...]], ...]


def survey(audit: Json) -> Survey:
    """The chapter of an audit."""
    literature = audit.get("literature") or {}
    known = {(c["task"], c["metric"], c["id"]) for c in audit.get("conventions") or ()}
    matrix = {row["work"]: row.get("cells") or () for row in literature.get("matrix") or ()}
    found = [_work(w, matrix.get(w["id"], ()), known) for w in literature.get("works") or () if w.get("title")]
    works = tuple(sorted(found, key=lambda w: (w.name.casefold(), w.anchor)))
    by_id = {w.data["id"]: w for w in works}
    shown = [w for w in works if w.data["id"] in matrix]
    checkable = literature.get("checkable") or {}
    return Survey(
        works,
        tuple(w for w in shown if w.cells),
        tuple(w for w in shown if not w.cells),
        tuple((t["id"], *SHORT_TASKS.get(t["id"], (t["id"], ""))) for t in literature.get("tasks") or ()),
        tuple((by_id.get(d.get("work", "")), d) for d in literature.get("disagreements") or ()),
        tuple((s["text"], s["count"]) for s in checkable.get("steps") or ()),
        str(checkable.get("fraction") or ""),
        len(checkable.get("unknown") or ()),
        tuple((str(b["text"]), _https(b.get("links") or ())) for b in literature.get("bibliography") or ()),
    )


def short_names(audit: Json) -> dict[str, str]:
    """A short name for every work that has a record, by id."""
    return {w["id"]: _name(w) for w in (audit.get("literature") or {}).get("works") or () if w.get("title")}


def _name(data: Json) -> str:
    """The record's name for tables; without one the title up to its colon, a short title, or the record's id."""
    if data.get("name"):
        return str(data["name"])
    title = str(data["title"])
    head, colon, _ = title.partition(":")
    if colon and len(head) <= 28:
        return head
    return title if len(title) <= 34 else str(data["id"])


def _work(data: Json, cells: Sequence[Json], known: set[tuple[str, str, str]]) -> Work:
    own = anchor("work", data["id"])
    entries = tuple(_entry(e, f"{own}.{n}", known) for n, e in enumerate(data.get("entries") or (), 1))
    return Work(
        own,
        _name(data),
        data,
        _byline(data),
        tuple((_address(url), url) for url in _https(data.get("links") or ())),
        (data.get("code") or {}).get("available") or "no",
        {c["task"]: _cell(c, entries, own) for c in cells},
        entries,
    )


def _cell(data: Json, entries: Sequence[Entry], own: str) -> Cell:
    indices = [n for n in data.get("entries") or () if 0 <= n < len(entries)]
    same, treatment = data.get("same_data") or "unknown", data.get("treatment") or "unknown"
    values = [str(v) for n in indices if (v := entries[n].data.get("value"))]
    label = f"{_SAME.get(same, same)}, {treatment}{f', prints {values[0]}' if values else ''}"
    return Cell(same, treatment, f"#{entries[indices[0]].anchor}" if indices else f"#{own}", label)


def _entry(data: Json, place: str, known: set[tuple[str, str, str]]) -> Entry:
    conventions = []
    for name in data.get("conventions") or ():
        pairs = ((t, m) for t in data.get("tasks") or () for m in data.get("metrics") or ())
        where = next((pair for pair in pairs if (*pair, name) in known), None)
        conventions.append((name, f"#{convention_anchor(*where, name)}" if where else ""))
    evidence = []
    for item in data.get("evidence") or ():
        links = _https(item.get("links") or ())
        text = str(item.get("text") or "").removesuffix(", unverified")
        evidence.append((text, links[0] if links else "", bool(item.get("verified", True))))
    return Entry(place, data, tuple(conventions), tuple(evidence))


def _byline(data: Json) -> str:
    authors = [str(a) for a in data.get("authors") or ()]
    more = " et al." if authors and (len(authors) > 3 or not data.get("authors_complete", True)) else ""
    venue, year = str(data.get("venue") or ""), str(data.get("year") or "")
    when = venue if year in venue else f"{venue} {year}".strip()
    return ". ".join(part.rstrip(".") for part in (", ".join(authors[:3]) + more, when) if part)


def _https(links: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(link) for link in links if str(link).startswith("https://"))


def _address(url: str) -> str:
    prefix, label = next((p, n) for p, n in _ADDRESSES.items() if url.startswith(p))
    text = url.removeprefix(prefix)
    repository, tree, commit = text.partition("/tree/")
    return f"{repository}@{commit[:8]}" if tree else f"{label}{text}"
