"""Lint rules for evidence: complete citations, full commit ids, lines and steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from audit._util.strict_yaml import Document
from audit.literature.evidence_items import (
    Finding,
    Where,
    inside,
    leaves,
    short_commits,
    whole,
    without_lines,
    without_steps,
)
from audit.literature.grades import Known
from audit.literature.schema import Problem
from audit.literature.works import Entry, Evidence, Work


@dataclass(frozen=True, slots=True)
class Record:
    """A record with its file, for rules that report locations."""

    document: Document
    work: Work


Rule: TypeAlias = Callable[[list[Record], Known], Iterator[Problem]]


def evidence_is_whole(records: list[Record], known: Known) -> Iterator[Problem]:
    """Code has a repository and path, text has a section, and evidence of kind `none` is not verified."""
    del known
    for place, item, evidence, _ in _items(records):
        yield from _problems(place, whole(item, evidence))


def paths_stay_inside(records: list[Record], known: Known) -> Iterator[Problem]:
    """A path is relative to its repository and stays inside it. The schema forbids spaces, so a path cannot hold prose."""
    del known
    for record in records:
        for position, text in enumerate(record.work.code.paths):
            yield from _problems(record.document.where, leaves(("code", "paths", position), text))
        for place, item, _, _ in _items([record]):
            if "path" in item:
                yield from _problems(place, leaves(("path",), item["path"]))


def commits_are_whole(records: list[Record], known: Known) -> Iterator[Problem]:
    """Commits are named by their full id: short ids may become ambiguous and cannot be opened."""
    del known
    for record in records:
        yield from short_commits(record.document)


def code_has_lines(records: list[Record], known: Known) -> Iterator[Problem]:
    """Code that gives a convention grade A, B or C is cited by repository, commit, one file and its lines."""
    del known
    for place, item, evidence, entry in _items(records):
        if entry.conventions:
            yield from _problems(place, without_lines(item, evidence, entry.relation))


def evidence_has_steps(records: list[Record], known: Known) -> Iterator[Problem]:
    """In an entry with conventions, each piece of evidence states which scoring steps it shows."""
    del known
    for place, item, _, entry in _items(records):
        if entry.conventions:
            yield from _problems(place, without_steps(item))


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
