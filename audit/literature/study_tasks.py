"""The tasks that a study declares: a family, a set card and parameters, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit._util.strict_yaml import Document, Field
from audit.errors import InputError
from tasks.errors import DeclarationError
from tasks.registry import build
from tasks.row import Row
from tasks.task import Declaration, Task, declare


@dataclass(frozen=True, slots=True)
class Subset:
    """A part of a set, by a field of the rows.

    Attributes:
        field: A field of `extra`.
        values: The values that its rows have there.
        units: The number of its rows; None if unknown.
    """

    field: str
    values: frozenset[str]
    units: int | None = None

    def holds(self, row: Row) -> bool:
        """Whether a row belongs to it."""
        return str(row.extra.get(self.field)) in self.values


def declared_tasks(document: Document) -> dict[str, Task]:
    """The tasks of a study, by id.

    Raises:
        InputError: Two tasks have the same id, or a family, parameter or convention is unknown; with file, line and field.
    """
    found: dict[str, Task] = {}
    for index, entry in enumerate(document.data["tasks"]):
        place: Field = ("tasks", index)
        if entry["id"] in found:
            raise InputError(
                f"duplicate task `{entry['id']}`", where=document.where((*place, "id")), fix="Remove one of them."
            )
        try:
            found[entry["id"]] = build(_declaration(entry))
        except DeclarationError as error:
            raise InputError(error.what, where=document.where((*place, *error.field)), fix=error.fix) from None
    return found


def _declaration(entry: Mapping[str, Any]) -> Declaration:
    return declare(
        entry["id"],
        entry["family"],
        entry.get("parameters"),
        name=entry.get("name", ""),
        dataset=entry.get("dataset", ""),
        leave_out=tuple(entry.get("leave_out", ())),
        source=entry.get("source", ""),
        card=entry.get("set"),
        short=tuple(entry.get("short", ())),
    )


def declared_subsets(document: Document) -> dict[str, dict[str, Subset]]:
    """The subsets of every task's set, by task and name."""
    return {
        entry["id"]: {
            name: Subset(part["field"], frozenset(part["values"]), part.get("units"))
            for name, part in entry.get("subsets", {}).items()
        }
        for entry in document.data["tasks"]
    }


def same_counting(one: Task, other: Task) -> bool:
    """Whether two tasks are counted alike: the same family, parameters, conventions and set card."""
    left, right = one.declaration, other.declaration
    if left is None or right is None:
        return one == other
    return (left.family, left.parameters, left.leave_out, left.own, left.card) == (
        right.family,
        right.parameters,
        right.leave_out,
        right.own,
        right.card,
    )
