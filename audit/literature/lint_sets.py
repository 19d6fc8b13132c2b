"""Linter for set cards; reports file, line, field and remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from audit._util.strict_yaml import Document, load
from audit.errors import InputError
from audit.literature.evidence_items import PLACEHOLDERS, strings
from audit.literature.schema import Problem, problems
from audit.literature.sets import SETS, SetCard, load_set
from audit.literature.works import short
from tasks.task import Task


def lint_sets(tasks: Iterable[Task], folder: str | Path | None = None) -> tuple[dict[str, SetCard], list[Problem]]:
    """Check every set card of a folder (by default `literature/sets`).

    A card must be valid under the schema, load, and be named after its id. The cards that tasks name exist. There are no
    placeholders, and every file of truncated hashes belongs to a card.

    Args:
        tasks: The tasks of the studies.
        folder: The folder of the cards.

    Returns:
        The valid cards by id, and all problems by file.
    """
    place = Path(folder) if folder is not None else short(SETS)
    cards: dict[str, SetCard] = {}
    found: list[Problem] = []
    documents: list[Document] = []
    for path in sorted(place.glob("*.yaml")):
        try:
            document = load(path)
            wrong = list(problems(document, "set"))
            found += wrong
            if wrong:
                continue
            documents.append(document)
            card = load_set(path)
        except InputError as error:
            found.append(Problem(error.where or str(path), error.what, error.fix or "See docs/reference/sets.md."))
            continue
        cards[card.id] = card
    for document in documents:
        found += _names(document)
        found += (
            Problem(
                document.where(field),
                f"placeholder `{match.group()}`",
                "Write what is known, or null.",
            )
            for field, text in strings(document.data, ())
            if (match := PLACEHOLDERS.search(text))
        )
    found += _tasks([str(document.data["id"]) for document in documents], tasks, place)
    found += _strays(documents, place)
    return cards, found


def _names(document: Document) -> Iterator[Problem]:
    name = document.data["id"]
    if document.path.stem != name:
        yield Problem(
            document.where(("id",)),
            f"the id `{name}` differs from the file name",
            f"Rename the file to {name}.yaml, or the card to `{document.path.stem}`.",
        )


def _tasks(cards: Collection[str], tasks: Iterable[Task], place: Path) -> Iterator[Problem]:
    for task in tasks:
        if task.card is not None and task.card not in cards:
            yield Problem(
                str(place),
                f"there is no card `{task.card}`, which the task `{task.id}` names",
                "Add the card; `repro-audit sets make` drafts one. If nothing is known, the card says so.",
            )


def _strays(documents: list[Document], place: Path) -> Iterator[Problem]:
    named = {
        part["units"]
        for document in documents
        for layout in document.data["layouts"]
        for part in layout["texts"]
        if part["units"]
    }
    for path in sorted(place.glob("units/*")):
        if f"units/{path.name}" not in named:
            yield Problem(str(path), "no card names this file", "Name it under `units` of a card, or remove it.")
