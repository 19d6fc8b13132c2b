"""Lint rules for evidence: complete citations, full commit ids, lines and steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from audit._util.strict_yaml import Document, Field
from audit.literature.grades import Known
from audit.literature.schema import Problem
from audit.literature.works import Work

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


def evidence_is_whole(records: list[Record], known: Known) -> Iterator[Problem]:
    """Code has a repository and path, text has a section, and evidence of kind `none` is not verified."""
    del known
    for record, index, entry in entries(records):
        for number, item in enumerate(entry["evidence"]):
            where = record.document.where(("tasks", index, "evidence", number))
            evidence = record.work.tasks[index].evidence[number]
            if item["kind"] == "code" and (evidence.path is None or evidence.repo is None):
                yield Problem(
                    where, "code without repository and path", "Name `path`, and `repo` here or under `code`."
                )
            if item["kind"] == "text" and evidence.section is None and evidence.path is None:
                yield Problem(where, "text without a section", "Name `section`: the section, table or issue.")
            if item["kind"] == "none" and item["verified"]:
                yield Problem(where, "verified evidence of kind `none`", "Write `verified: false`.")


def paths_stay_inside(records: list[Record], known: Known) -> Iterator[Problem]:
    """A path is relative to its repository and stays inside it. The schema forbids spaces, so a path cannot hold prose."""
    del known
    for record in records:
        fields: list[tuple[Field, str]] = [
            (("code", "paths", position), text) for position, text in enumerate(record.work.code.paths)
        ]
        for _, index, entry in entries([record]):
            fields += [
                (("tasks", index, "evidence", number, "path"), item["path"])
                for number, item in enumerate(entry["evidence"])
                if "path" in item
            ]
        for field, text in fields:
            if text.startswith(("/", "~")) or "\\" in text or ".." in PurePosixPath(text).parts:
                yield Problem(
                    record.document.where(field),
                    f"the path {text} leaves its repository",
                    "Write the path relative to the repository's root, with forward slashes.",
                )


def commits_are_whole(records: list[Record], known: Known) -> Iterator[Problem]:
    """Commits are named by their full id: short ids may become ambiguous and cannot be opened."""
    del known
    for record in records:
        for field, text in strings(record.document.data, ()):
            for match in SHORT_COMMIT.finditer(text):
                yield Problem(
                    record.document.where(field),
                    f"the commit id {match.group()} is abbreviated",
                    "Write all 40 hexadecimal digits.",
                )


def code_has_lines(records: list[Record], known: Known) -> Iterator[Problem]:
    """Code that gives a convention grade A, B or C is cited by repository, commit, one file and its lines."""
    del known
    for record, index, entry in entries(records):
        if not entry["conventions"]:
            continue
        value = record.work.tasks[index]
        for number, evidence in enumerate(value.evidence):
            # An empty list of steps raises no grade; a missing key is reported by `evidence_has_steps`.
            idle = entry["evidence"][number].get("steps") == []
            if evidence.kind != "code" or not evidence.verified or idle or value.relation in OF_NOBODY_ELSE:
                continue
            lacking = [name for name in ("repo", "commit", "path", "lines") if getattr(evidence, name) is None]
            if lacking:
                yield Problem(
                    record.document.where(("tasks", index, "evidence", number)),
                    f"verified code that gives a grade, without {' and '.join(lacking)}",
                    "Name the lines that show the convention, or write `verified: false` until someone has read them.",
                )
            elif evidence.path is not None and evidence.path.endswith("/"):
                yield Problem(
                    record.document.where(("tasks", index, "evidence", number, "path")),
                    f"{evidence.path} is a folder, so it has no lines",
                    "Name one file per piece of evidence.",
                )


def evidence_has_steps(records: list[Record], known: Known) -> Iterator[Problem]:
    """In an entry with conventions, each piece of evidence states which scoring steps it shows."""
    del known
    for record, index, entry in entries(records):
        for number, item in enumerate(entry["evidence"]):
            if entry["conventions"] and item["kind"] != "none" and "steps" not in item:
                yield Problem(
                    record.document.where(("tasks", index, "evidence", number)),
                    "evidence for a convention without `steps`",
                    "Add `steps`: all, the names of the steps it shows, or [] for none.",
                )


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
