"""Rules for one piece of evidence and for the texts of one record, whatever kind of record it stands in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from audit._util.strict_yaml import Document, Field
from audit.literature.schema import Problem
from audit.literature.works import Evidence, Relation

# Placeholders for missing text. Case-sensitive: `xxx` is a label of IEMOCAP.
PLACEHOLDERS = re.compile(
    r"\bTODO\b|\bFIXME\b|\bFILL IN\b|\bTBD\b|\bXXX\b|\bREPLACE\b|\?\?\?|\blorem ipsum\b"
    r"|\bto be (?:written|done|added|filled)\b"
)
# A separate word of 7 to 39 hexadecimal digits with a letter and a number: not a date, a word or a full hash.
SHORT_COMMIT = re.compile(r"(?<![\w.])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,39}(?![\w.]*\w)")
# Relations whose evidence raises no grade.
OF_NOBODY_ELSE = frozenset({"reproduction-team", "audit"})


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
    yield from whole(item, evidence)
    if "path" in item:
        yield from leaves(("path",), item["path"])
    yield from without_lines(item, evidence, relation)
    yield from without_steps(item)


def whole(item: Mapping[str, Any], evidence: Evidence) -> Iterator[Finding]:
    """Code needs a repository and path, a text a section; evidence of kind `none` is not verified."""
    if item["kind"] == "code" and (evidence.path is None or evidence.repo is None):
        yield (), "code without repository and path", "Name `path`, and `repo` here or under `code`."
    if item["kind"] == "text" and evidence.section is None and evidence.path is None:
        yield (), "text without a section", "Name `section`: the section, table or issue."
    if item["kind"] == "none" and item["verified"]:
        yield (), "verified evidence of kind `none`", "Write `verified: false`."


def leaves(field: Field, path: str) -> Iterator[Finding]:
    """A path is relative to its repository and stays inside it."""
    if path.startswith(("/", "~")) or "\\" in path or ".." in PurePosixPath(path).parts:
        fix = "Write the path relative to the repository's root, with forward slashes."
        yield field, f"the path {path} leaves its repository", fix


def without_lines(item: Mapping[str, Any], evidence: Evidence, relation: Relation) -> Iterator[Finding]:
    """Code that gives a grade is cited by repository, commit, one file and its lines."""
    # An empty list of steps raises no grade; a missing key is reported by `without_steps`.
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


def without_steps(item: Mapping[str, Any]) -> Iterator[Finding]:
    """Evidence states which scoring steps it shows."""
    if item["kind"] != "none" and "steps" not in item:
        fix = "Add `steps`: all, the names of the steps it shows, or [] for none."
        yield (), "evidence for a convention without `steps`", fix


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
