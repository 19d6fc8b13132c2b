"""Lint rules for evidence: complete citations, full commit ids, lines and steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from audit._util.strict_yaml import Document, Field
from audit.literature.grades import Known
from audit.literature.schema import Problem
from audit.literature.works import Entry, Evidence, Relation, Work

# Placeholders for missing text. Case-sensitive: `xxx` is a label of IEMOCAP.
PLACEHOLDERS = re.compile(
    r"\bTODO\b|\bFIXME\b|\bTBD\b|\bXXX\b|\bREPLACE\b|\?\?\?|\blorem ipsum\b|\bto be (?:written|done|added|filled)\b"
)
# A separate word of 7 to 39 hexadecimal digits with a letter and a number: not a date, a word or a full hash.
SHORT_COMMIT = re.compile(r"(?<![\w.])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,39}(?![\w.]*\w)")
# Relations whose evidence raises no grade.
OF_NOBODY_ELSE = frozenset({"reproduction-team", "audit"})


@dataclass(frozen=True, slots=True)
class Record:
    """A record with its file, for rules that report locations."""

    document: Document
    work: Work


Rule: TypeAlias = Callable[[list[Record], Known], Iterator[Problem]]
Where: TypeAlias = Callable[[Field], str]
"""The location of a field of a record, as `Document.where` gives it."""


def inside(where: Where, *outer: str | int) -> Where:
    """The locations of the fields of a part of a record."""
    return lambda field: where((*outer, *field))


Finding: TypeAlias = tuple[Field, str, str]
"""The field inside the evidence, what is wrong, and the remedy."""


def of_evidence(item: Mapping[str, Any], evidence: Evidence, relation: Relation) -> Iterator[Finding]:
    """All problems of one piece of evidence for a convention.

    Args:
        item: As written.
        evidence: As read, with the repository that it inherits.
        relation: The work's relation to the study's paper.
    """
    yield from _whole(item, evidence)
    if "path" in item:
        yield from _inside(("path",), item["path"])
    yield from _lines(item, evidence, relation)
    yield from _steps(item)


def _whole(item: Mapping[str, Any], evidence: Evidence) -> Iterator[Finding]:
    if item["kind"] == "code" and (evidence.path is None or evidence.repo is None):
        yield (), "code without repository and path", "Name `path`, and `repo` here or under `code`."
    if item["kind"] == "text" and evidence.section is None and evidence.path is None:
        yield (), "text without a section", "Name `section`: the section, table or issue."
    if item["kind"] == "none" and item["verified"]:
        yield (), "verified evidence of kind `none`", "Write `verified: false`."


def _inside(field: Field, path: str) -> Iterator[Finding]:
    if path.startswith(("/", "~")) or "\\" in path or ".." in PurePosixPath(path).parts:
        fix = "Write the path relative to the repository's root, with forward slashes."
        yield field, f"the path {path} leaves its repository", fix


def _lines(item: Mapping[str, Any], evidence: Evidence, relation: Relation) -> Iterator[Finding]:
    # An empty list of steps raises no grade; a missing key is reported by `_steps`.
    idle = item.get("steps") == []
    if evidence.kind != "code" or not evidence.verified or idle or relation in OF_NOBODY_ELSE:
        return
    lacking = [name for name in ("repo", "commit", "path", "lines") if getattr(evidence, name) is None]
    if lacking:
        fix = "Name the lines that show the convention, or write `verified: false` until someone has read them."
        yield (), f"verified code that gives a grade, without {' and '.join(lacking)}", fix
    elif evidence.path is not None and evidence.path.endswith("/"):
        fix = "Name one file per piece of evidence."
        yield ("path",), f"{evidence.path} is a folder, so it has no lines", fix


def _steps(item: Mapping[str, Any]) -> Iterator[Finding]:
    if item["kind"] != "none" and "steps" not in item:
        fix = "Add `steps`: all, the names of the steps it shows, or [] for none."
        yield (), "evidence for a convention without `steps`", fix


def evidence_is_whole(records: list[Record], known: Known) -> Iterator[Problem]:
    """Code has a repository and path, text has a section, and evidence of kind `none` is not verified."""
    del known
    for place, item, evidence, _ in _items(records):
        yield from _problems(place, _whole(item, evidence))


def paths_stay_inside(records: list[Record], known: Known) -> Iterator[Problem]:
    """A path is relative to its repository and stays inside it. The schema forbids spaces, so a path cannot hold prose."""
    del known
    for record in records:
        for position, text in enumerate(record.work.code.paths):
            yield from _problems(record.document.where, _inside(("code", "paths", position), text))
        for place, item, _, _ in _items([record]):
            if "path" in item:
                yield from _problems(place, _inside(("path",), item["path"]))


def commits_are_whole(records: list[Record], known: Known) -> Iterator[Problem]:
    """Commits are named by their full id: short ids may become ambiguous and cannot be opened."""
    del known
    for record in records:
        yield from short_commits(record.document)


def short_commits(document: Document) -> Iterator[Problem]:
    """The abbreviated commit ids in any text of a record."""
    for field, text in strings(document.data, ()):
        for match in SHORT_COMMIT.finditer(text):
            yield Problem(
                document.where(field),
                f"the commit id {match.group()} is abbreviated",
                "Write all 40 hexadecimal digits.",
            )


def placeholders(document: Document) -> Iterator[Problem]:
    """The placeholders in any text of a record."""
    for field, text in strings(document.data, ()):
        match = PLACEHOLDERS.search(text)
        if match:
            yield Problem(document.where(field), f"placeholder `{match.group()}`", "Write what is known, or null.")


def code_has_lines(records: list[Record], known: Known) -> Iterator[Problem]:
    """Code that gives a convention grade A, B or C is cited by repository, commit, one file and its lines."""
    del known
    for place, item, evidence, entry in _items(records):
        if entry.conventions:
            yield from _problems(place, _lines(item, evidence, entry.relation))


def evidence_has_steps(records: list[Record], known: Known) -> Iterator[Problem]:
    """In an entry with conventions, each piece of evidence states which scoring steps it shows."""
    del known
    for place, item, _, entry in _items(records):
        if entry.conventions:
            yield from _problems(place, _steps(item))


def _items(records: list[Record]) -> Iterator[tuple[Where, Mapping[str, Any], Evidence, Entry]]:
    """All evidence of all records: its place, as written, as read, and its entry."""
    for record, index, entry in entries(records):
        value = record.work.tasks[index]
        for number, item in enumerate(entry["evidence"]):
            yield inside(record.document.where, "tasks", index, "evidence", number), item, value.evidence[number], value


def _problems(where: Where, found: Iterable[Finding]) -> Iterator[Problem]:
    yield from (Problem(where(field), what, fix) for field, what, fix in found)


EVIDENCE_RULES: tuple[Rule, ...] = (
    evidence_is_whole,
    paths_stay_inside,
    commits_are_whole,
    code_has_lines,
    evidence_has_steps,
)


def entries(records: list[Record]) -> Iterator[tuple[Record, int, Mapping[str, Any]]]:
    """All entries of all records, with their indices."""
    for record in records:
        for index, entry in enumerate(record.document.data["tasks"]):
            yield record, index, entry


def strings(value: Any, field: Field) -> Iterator[tuple[Field, str]]:
    """All strings in a value, with their fields."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, (*field, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, (*field, index))
