"""Lint for declared conventions: each file composes, cites its evidence fully, and names what the literature knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import Document, load
from audit.errors import InputError
from audit.literature.declared_conventions import convention_files, declaration_problems, file_problems
from audit.literature.evidence_items import placeholders, short_commits
from audit.literature.schema import Problem
from audit.literature.works import short


def lint_conventions(
    families: Mapping[str, Collection[str]], works: Collection[str], folder: str | Path | None = None
) -> list[Problem]:
    """Check all declared conventions of a folder (by default `literature/conventions`).

    Args:
        families: Family -> ids of its conventions.
        works: The ids of the records of works.
        folder: The folder of the conventions.

    Returns:
        All problems, by file and line.
    """
    found: list[Problem] = []
    for path in convention_files(folder if folder is not None else short(LITERATURE / "conventions")):
        try:
            document = load(path)
        except InputError as error:
            fix = error.fix or "See docs/how-to/add-a-convention.md."
            found.append(Problem(error.where or str(path), error.what, fix))
            continue
        wrong = [*file_problems(document), *declaration_problems(document.data, document.where)]
        found += wrong
        if not wrong:
            found += [*_names(document, families, works), *placeholders(document), *short_commits(document)]
    return found


def _names(document: Document, families: Mapping[str, Collection[str]], works: Collection[str]) -> list[Problem]:
    data = document.data
    found = []
    if data["family"] not in families:
        what = f"there is no family `{data['family']}`"
        found.append(Problem(document.where(("family",)), what, f"Use one of: {', '.join(families)}."))
    elif data["id"] in families[data["family"]]:
        what = f"the family {data['family']} has a convention `{data['id']}` already"
        found.append(Problem(document.where(("id",)), what, "Choose another id."))
    # Without evidence to look up, a short name says who counts so.
    if data["work"] not in works and any(item.get("verified") for item in data["evidence"]):
        what = f"there is no record of a work `{data['work']}`"
        fix = "Name a file in literature/works, or add it: `repro-audit literature new ID`."
        found.append(Problem(document.where(("work",)), what, fix))
    return found
