"""Registry of tasks. A new family is one module and one entry in `FAMILIES`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from tasks.convention import Convention
from tasks.task import Task

FAMILIES = (
    "asr",
    "translation",
    "captioning",
    "phones",
    "emotion",
    "music",
    "overlap",
    "verification",
    "keywords",
    "spoken_qa",
    "slots",
    "story",
    "coreasoning",
    "sakura",
)


def family(name: str) -> tuple[Task, ...]:
    """The tasks of a family, in the order of its module."""
    found: tuple[Task, ...] = import_module(f"tasks.families.{name}").TASKS
    return found


@cache
def tasks() -> Mapping[str, Task]:
    """All tasks by id, in the order of the paper's table."""
    found: dict[str, Task] = {}
    for name in FAMILIES:
        for task in family(name):
            if task.id in found:
                raise ValueError(f"duplicate task id {task.id}")
            found[task.id] = task
    return MappingProxyType(found)


def conventions() -> dict[tuple[str, str, str], Convention]:
    """All conventions by (task, metric, id)."""
    return {
        (task.id, metric, convention.id): convention
        for task in tasks().values()
        for metric, items in task.conventions.items()
        for convention in items
    }
