"""The tasks that a study declares: a family, a set card and parameters, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit._util.strict_yaml import Document, Field
from audit.errors import InputError
from audit.literature.declared_conventions import (
    DeclaredConvention,
    convention_files,
    convention_folders,
    conventions_of,
    find_convention,
)
from audit.literature.evidence_items import Where, inside
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

    def sentence(self, name: str) -> str:
        """What the part is, for readers."""
        return f"The part {name}: rows with {self.field} {' or '.join(sorted(self.values))}."

    def stated(self, row: Row) -> bool:
        """Whether a row has the field."""
        return row.extra.get(self.field) is not None

    def holds(self, row: Row) -> bool:
        """Whether a row belongs to it; a row without the field belongs to no part."""
        return self.stated(row) and str(row.extra[self.field]) in self.values


def declared_tasks(document: Document) -> tuple[dict[str, Task], tuple[DeclaredConvention, ...]]:
    """The tasks of a study, by id, and the conventions in YAML that they use.

    Raises:
        InputError: Two tasks have the same id; a family, parameter or convention is unknown; or no task names a convention
            that the study declares; with file, line and field.
    """
    found: dict[str, Task] = {}
    inline = conventions_of(document)
    used: dict[str, DeclaredConvention] = {}
    for index, entry in enumerate(document.data["tasks"]):
        place: Field = ("tasks", index)
        if entry["id"] in found:
            raise InputError(
                f"duplicate task `{entry['id']}`", where=document.where((*place, "id")), fix="Remove one of them."
            )
        own = _own(entry, inline, inside(document.where, *place), document.path)
        used |= {one.id: one for one in own}
        try:
            found[entry["id"]] = build(_declaration(entry, own))
        except DeclarationError as error:
            raise InputError(error.what, where=document.where((*place, *error.field)), fix=error.fix) from None
    for index, name in enumerate(inline):
        if name not in used:
            raise InputError(
                f"no task uses the convention `{name}`",
                where=document.where(("conventions", index)),
                fix=f"Add `conventions: [{name}]` to the tasks that it scores.",
            )
    return found, tuple(used.values())


def _own(
    entry: Mapping[str, Any], inline: Mapping[str, DeclaredConvention], where: Where, study: Path
) -> list[DeclaredConvention]:
    """The conventions in YAML that a task names: the study's own, or files."""
    found = []
    for index, name in enumerate(entry.get("conventions", ())):
        one = inline.get(name) or find_convention(name, study)
        place = where(("conventions", index))
        if one is None:
            known = sorted({*inline, *(p.stem for f in convention_folders(study) for p in convention_files(f))})
            raise InputError(
                f"there is no convention in YAML `{name}`", where=place, fix=f"Known: {', '.join(known) or 'none'}."
            )
        if one.family != entry["family"]:
            raise InputError(
                f"the convention `{name}` is one of the family {one.family}",
                where=place,
                fix=f"Leave it out of tasks of the family {entry['family']}.",
            )
        found.append(one)
    return found


def _declaration(entry: Mapping[str, Any], own: Sequence[DeclaredConvention]) -> Declaration:
    return declare(
        entry["id"],
        entry["family"],
        entry.get("parameters"),
        own=[one.data for one in own],
        name=entry.get("name", ""),
        dataset=entry.get("dataset", ""),
        leave_out=tuple(entry.get("leave_out", ())),
        source=entry.get("source", ""),
        card=entry.get("set"),
        short=tuple(entry.get("short", ())),
        fields=tuple(entry.get("fields", {}).items()),
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
