"""Registry of families, and the tasks built from declarations. A new family is one module and one entry in `MODULES`.

Installed packages add families by entry points of the group `repro_audit.families`, each naming a `Family`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from tasks.convention import Convention
from tasks.entry_points import provided
from tasks.errors import DeclarationError
from tasks.family import Conventions, Family
from tasks.task import Declaration, Task

MODULES = (
    "asr",
    "translation",
    "captioning",
    "phones",
    "classification",
    "multiple_choice",
    "overlapped_speech",
    "verification",
    "keyphrases",
    "spoken_qa",
    "slots",
    "story",
    "co_reasoning",
    "open_answers",
)
ENTRY_POINTS = "repro_audit.families"


@cache
def families() -> Mapping[str, Family]:
    """All families by id: those of `tasks.families`, then those of installed packages by name.

    Raises:
        ValueError: Two families have the same id, or an entry point names something else.
    """
    found: dict[str, Family] = {}
    built_in: list[Family] = [import_module(f"tasks.families.{name}").FAMILY for name in MODULES]
    for point in provided(ENTRY_POINTS):
        loaded = point.load()
        if not isinstance(loaded, Family):
            raise ValueError(f"the entry point {point.name} = {point.value} names no Family")  # noqa: TRY004
        built_in.append(loaded)
    for item in built_in:
        if item.id in found:
            raise ValueError(f"duplicate family {item.id}")
        found[item.id] = item
    return MappingProxyType(found)


def family(name: str) -> Family:
    """The family with this id.

    Raises:
        DeclarationError: There is none.
    """
    known = families()
    if name not in known:
        raise DeclarationError(f"there is no family `{name}`", field=("family",), fix=f"Families: {', '.join(known)}.")
    return known[name]


@cache
def build(declaration: Declaration) -> Task:
    """The task that a declaration describes.

    Raises:
        DeclarationError: The family is unknown, a parameter is invalid, `leave_out` names an unknown convention, or one of the
            study's own cannot be composed or has the id of another.
    """
    kind = family(declaration.family)
    parameters = kind.checked(json.loads(declaration.parameters))
    conventions = _chosen(kind.build(parameters), declaration)
    return Task(
        declaration.id,
        declaration.name or declaration.id,
        declaration.dataset or declaration.name or declaration.id,
        kind.reference_type(parameters),
        conventions,
        source=declaration.source,
        family=kind.id,
        parameters=MappingProxyType(parameters),
        declaration=declaration,
    )


def _chosen(found: Conventions, declaration: Declaration) -> dict[str, tuple[Convention, ...]]:
    known = {item.id for items in found.values() for item in items}
    for index, name in enumerate(declaration.leave_out):
        if name not in known:
            raise DeclarationError(
                f"the family {declaration.family} has no convention `{name}`",
                field=("leave_out", index),
                fix=f"Its conventions: {', '.join(sorted(known))}.",
            )
    kept = {
        metric: tuple(item for item in items if item.id not in declaration.leave_out) for metric, items in found.items()
    }
    for index, one in enumerate(declaration.own):
        from tasks.declared import convention  # takes a while, and few tasks need it

        item = convention(json.loads(one))
        # Also if the task leaves that one out: records of works name conventions by id, and their evidence is for that one.
        if any(other.id == item.id for other in (*found.get(item.metric.id, ()), *kept.get(item.metric.id, ()))):
            raise DeclarationError(
                f"the family {declaration.family} has a convention `{item.id}` for {item.metric.id} already",
                field=("conventions", index),
                fix="Rename yours: the records of works give evidence for conventions by their ids.",
            )
        kept[item.metric.id] = (*kept.get(item.metric.id, ()), item)
    return {metric: items for metric, items in kept.items() if items}
