"""What installed packages provide by entry points: folders of studies and cards, and of conventions."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from tasks.entry_points import provided

# Each entry point names a package or module beside which the data lie, or a folder inside it.
STUDIES = "repro_audit.studies"
CONVENTIONS = "repro_audit.conventions"


@cache
def folders(group: str) -> tuple[Path, ...]:
    """The folders that entry points of a group name, by the names of the entry points.

    An entry point of `repro_audit.studies` names a folder laid out as `literature/`, one of `repro_audit.conventions` a
    folder of conventions.
    """
    found = []
    for point in provided(group):
        place = Path(str(files(point.module)))
        found.append(place / point.attr if point.attr else place)
    return tuple(found)
