"""Lint rules for evidence: whole citations, whole commits, lines and steps."""

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

# 7 to 39 hexadecimal digits with a letter and a number among them, standing alone: no date, no word, no whole hash.
SHORT_COMMIT = re.compile(r"(?<![\w.])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,39}(?![\w.]*\w)")
# Relations whose evidence lifts no grade.
OF_NOBODY_ELSE = frozenset({"reproduction-team", "audit"})


@dataclass(frozen=True, slots=True)
class Record:
    """A record with its file, for rules that report locations."""

    document: Document
    work: Work


Rule: TypeAlias = Callable[[list[Record], Known], Iterator[Problem]]


def evidence_is_whole(records: list[Record], known: Known) -> Iterator[Problem]:
    """Code has a repository and path, a text has a section, and evidence of kind `none` is not verified."""
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
                yield Problem(where, "a text without its section", "Name `section`: the section, table or issue.")
            if item["kind"] == "none" and item["verified"]:
                yield Problem(where, "verified evidence of kind `none`", "Write `verified: false`.")


def paths_stay_inside(records: list[Record], known: Known) -> Iterator[Problem]:
    """A path is relative to its repository and does not leave it; the schema forbids spaces, so it cannot hold prose."""
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
    """No text names a commit by a short id: it is not unique for ever, and nothing can be opened by it."""
    del known
    for record in records:
        for field, text in strings(record.document.data, ()):
            for match in SHORT_COMMIT.finditer(text):
                yield Problem(
                    record.document.where(field),
                    f"the commit {match.group()} is cut short",
                    "Write all 40 hexadecimal digits.",
                )


def code_has_lines(records: list[Record], known: Known) -> Iterator[Problem]:
    """Code that gives a convention the grade A, B or C is named by repository, commit, one file and its lines."""
    del known
    for record, index, entry in entries(records):
        if not entry["conventions"]:
            continue
        value = record.work.tasks[index]
        for number, evidence in enumerate(value.evidence):
            # An empty list of steps lifts nothing; without the key it is another rule's problem.
            idle = entry["evidence"][number].get("steps") == []
            if evidence.kind != "code" or not evidence.verified or idle or value.relation in OF_NOBODY_ELSE:
                continue
            lacking = [name for name in ("repo", "commit", "path", "lines") if getattr(evidence, name) is None]
            if lacking:
                yield Problem(
                    record.document.where(("tasks", index, "evidence", number)),
                    f"verified code that gives a grade, without {' and '.join(lacking)}",
                    "Name the lines that show the convention, or write `verified: false` until somebody has read them.",
                )
            elif evidence.path is not None and evidence.path.endswith("/"):
                yield Problem(
                    record.document.where(("tasks", index, "evidence", number, "path")),
                    f"{evidence.path} is a folder, so it has no lines",
                    "Name one file for each piece of evidence.",
                )


def evidence_has_steps(records: list[Record], known: Known) -> Iterator[Problem]:
    """In an entry with conventions, each piece of evidence says which steps of scoring it shows."""
    del known
    for record, index, entry in entries(records):
        for number, item in enumerate(entry["evidence"]):
            if entry["conventions"] and item["kind"] != "none" and "steps" not in item:
                yield Problem(
                    record.document.where(("tasks", index, "evidence", number)),
                    "evidence for a convention, without its steps",
                    "Add `steps`: all, the names of the steps that it shows, or [] for none.",
                )


EVIDENCE_RULES: tuple[Rule, ...] = (
    evidence_is_whole,
    paths_stay_inside,
    commits_are_whole,
    code_has_lines,
    evidence_has_steps,
)


def entries(records: list[Record]) -> Iterator[tuple[Record, int, Mapping[str, Any]]]:
    """Every entry of every record, with its index."""
    for record in records:
        for index, entry in enumerate(record.document.data["tasks"]):
            yield record, index, entry


def strings(value: Any, field: Field) -> Iterator[tuple[Field, str]]:
    """Every text in a value, with its field."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, (*field, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, (*field, index))
