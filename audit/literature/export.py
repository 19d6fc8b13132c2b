"""Exports of the literature records: BibTeX, CSV, and tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from audit._util.csv_cells import csv_text
from audit.literature.grades import Grading, Key
from audit.literature.survey import cells
from audit.literature.works import Entry, Work
from audit.schema import Survey

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}

CSV_FIELDS = (
    "work",
    "title",
    "year",
    "venue",
    "arxiv",
    "doi",
    "relation",
    "treatment",
    "variant",
    "tasks",
    "metric",
    "data",
    "split",
    "same_data",
    "same_data_reason",
    "value",
    "conventions",
    "evidence",
    "code",
    "repo",
    "commit",
    "unverified",
)

_SAME = {"yes": "Y", "partly": "p", "unknown": "?", "no": "n"}
_TREATMENT = {"evaluated": "e", "copied": "c", "mentioned": "m", "unknown": "?", "none": "-"}
_CODE = {"yes": "+", "partial": "~", "no": " "}

# The field of each entry type that names where a work appeared.
_VENUE = {"article": "journal", "inproceedings": "booktitle", "techreport": "institution", "misc": "howpublished"}

LEGEND = """\
cell: same data as the table (Y yes, p partly, ? unknown, n no),
      SALMONN (e evaluated, c copied, m mentioned, ? unknown, - not run), scoring code (+ public, ~ partly public)"""


def bibtex(works: Iterable[Work]) -> str:
    """One BibTeX entry per work; the key is the record's id."""
    return "\n".join(_entry(work) for work in works)


def _entry(work: Work) -> str:
    authors = " and ".join(_escape(a) for a in work.authors) + ("" if work.authors_complete else " and others")
    fields = {"author": authors} if work.authors else {}
    fields |= {
        "title": "{" + _escape(work.title) + "}",
        "year": str(work.year),
        _VENUE[work.entry_type]: _escape(work.venue),
    }
    if work.arxiv:
        fields |= {"eprint": work.arxiv, "archiveprefix": "arXiv"}
    if work.doi:
        fields["doi"] = work.doi
    links = work.links()
    if links:
        fields["url"] = links[0]
    if work.code.repo and work.code.commit:
        fields["note"] = _escape(f"Code: {work.code.repo} at {work.code.commit}")
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{work.entry_type}{{{work.id},\n{body}\n}}\n"


def _escape(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def table_csv(works: Iterable[Work]) -> str:
    """One line per entry, and one for a work without entries; RFC 4180 with a header; formulas are escaped."""
    lines = _csv_lines(works)
    return csv_text(CSV_FIELDS, ([line.get(name) for name in CSV_FIELDS] for line in lines), line_end="\r\n")


def _csv_lines(works: Iterable[Work]) -> Iterator[dict[str, str | int | None]]:
    for work in works:
        head: dict[str, str | int | None] = {
            "work": work.id,
            "title": work.title,
            "year": work.year,
            "venue": work.venue,
            "arxiv": work.arxiv,
            "doi": work.doi,
            "relation": work.relation,
            "treatment": work.treatment,
            "variant": work.variant,
            "code": work.code.available,
            "repo": work.code.repo,
            "commit": work.code.commit,
            "unverified": " | ".join(work.unverified),
        }
        if not work.tasks:
            yield head
        for entry in work.tasks:
            yield head | {
                "relation": entry.relation,
                "treatment": entry.treatment,
                "tasks": " ".join(entry.ids),
                "metric": entry.metric_as_named,
                "data": entry.data,
                "split": entry.split,
                "same_data": entry.same_data,
                "same_data_reason": entry.same_data_reason,
                "value": entry.value,
                "conventions": " ".join(entry.conventions),
                "evidence": " | ".join(e.text() for e in entry.evidence),
                "unverified": " | ".join((*work.unverified, *entry.unverified)),
            }


def matrix(data: Survey) -> str:
    """The works x tasks matrix of `audit.literature.survey.survey` as letters, with a legend."""
    tasks = data.tasks
    found = cells(data)
    rows = [row.work for row in data.matrix if row.cells]
    width = max(map(len, rows), default=0)
    lines = [f"{number:>2}  {task.id} ({task.row})" for number, task in enumerate(tasks, 1)]
    lines += ["", " " * width + "".join(f" {number:>3}" for number in range(1, len(tasks) + 1))]
    for work in rows:
        line = f"{work:<{width}}"
        for task in tasks:
            cell = found.get((work, task.id))
            text = "  ." if cell is None else _SAME[cell.same_data] + _TREATMENT[cell.treatment] + _CODE[cell.code]
            line += f" {text}"
        lines.append(line.rstrip())
    return "\n".join([*lines, "", LEGEND, ""])


def conventions_table(data: Survey) -> str:
    """The conventions by task and metric, with grade and supporting works."""
    lines: list[str] = []
    place = ("", "")
    for row in data.conventions:
        if (row.task, row.metric) != place:
            place = (row.task, row.metric)
            lines += ["", f"{row.task}, {row.metric}"]
        works = ", ".join(dict.fromkeys(w.work for w in row.works)) or "no record"
        lines.append(f"  {row.grade}  {row.convention}: {works}")
    return "\n".join([*lines, ""])


def steps(data: Survey) -> str:
    """How many of the citing works can be checked, step by step."""
    found = data.checkable
    lines = [f"{step.count:>4}  {step.text}" for step in found.steps]
    lines.append(f"{len(found.unknown):>4}  (not known whether they cite SALMONN)")
    lines.append(f"{found.fraction or '-'} % of the citing works can be checked at all.")
    return "\n".join([*lines, ""])


def record_text(work: Work, grades: Mapping[Key, Grading]) -> str:
    """A record as text for the terminal, with unverified statements and disagreements marked."""
    lines = [f"{work.id}: {work.title}", f"  {', '.join(work.authors)}; {work.venue}, {work.year}"]
    lines += [f"  {link}" for link in work.links()]
    lines.append(f"  {work.kind}, {work.relation}; SALMONN: {work.treatment}" + _also(work.variant))
    lines.append(f"  scoring code: {work.code.available}" + _also(work.code.licence) + _also(work.code.note))
    for label, text in (("note", work.treatment_note), ("outputs", work.outputs), ("notes", work.notes)):
        if text:
            lines.append(f"  {label}: {text}")
    lines += ["", f"  {work.summary}"]
    for entry in work.tasks:
        lines += ["", *_entry_lines(entry, grades)]
    for item in work.disagreements:
        lines += ["", f"  Disagreement on {item.about}:"]
        lines += [f"    {item.said_by}: {item.said}", f"    {item.found_in}: {item.found}", f"    so: {item.effect}"]
    if work.unverified:
        lines += ["", "  Unverified:", *(f"    {text}" for text in work.unverified)]
    return "\n".join([*lines, ""])


def _also(text: str | None) -> str:
    return f"; {text}" if text else ""


def _entry_lines(entry: Entry, grades: Mapping[Key, Grading]) -> list[str]:
    tasks = ", ".join(entry.ids) or "outside the table"
    lines = [f"  {tasks}: {entry.metric_as_named} on {entry.data}" + (f" ({entry.split})" if entry.split else "")]
    lines.append(f"    same data: {entry.same_data}. {entry.same_data_reason}")
    if entry.value:
        lines.append(f"    value: {entry.value}")
    if entry.counting:
        lines.append(f"    counting: {entry.counting}")
    if entry.unusable:
        lines.append(f"    unusable outputs: {entry.unusable.outcome}. {entry.unusable.rule}")
    for name in entry.conventions:
        found = sorted(
            {
                grades[task, metric, name].grade
                for task in entry.ids
                for metric in entry.metrics
                if (task, metric, name) in grades
            }
        )
        lines.append(f"    convention: {name}, grade {'/'.join(found)}")
    lines += [f"    evidence: {item.kind}: {item.text()}" for item in entry.evidence]
    lines += [f"    unverified: {text}" for text in entry.unverified]
    return lines
