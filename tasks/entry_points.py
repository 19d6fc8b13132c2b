"""What installed packages provide for this project, by entry points."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any


def provided(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group, by name."""
    return tuple(sorted(_all().select(group=group), key=lambda point: point.name))


@cache
def _all() -> Any:  # its type is another one since Python 3.12
    """Those of every group: each question of its own would read the files of all installed packages again."""
    return entry_points()
