"""Which importer reads a source: the one whose format it has, specific formats before general ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit.errors import InputError
from audit.importers.interface import Importer
from audit.importers.sample import Sample, not_recognised, sample


def recognise(path: Path, known: Sequence[Importer]) -> Importer:
    """The importer that reads a file, a folder or standard input (`-`).

    Raises:
        InputError: The source cannot be read, is of no known format, or is of several.
    """
    found = sample(path)
    matching = matches(found, known)
    if not matching:
        raise not_recognised(found, ", ".join(importer.name for importer in known))
    if len(matching) > 1:
        names = [importer.name for importer in matching]
        raise InputError(
            f"may be {', '.join(names[:-1])} or {names[-1]}", where=str(path), fix="Name the format instead of `auto`."
        )
    return matching[0]


def matches(found: Sample, known: Sequence[Importer]) -> list[Importer]:
    """The importers whose format a source has; the general ones only if no specific one has."""
    matching = [importer for importer in known if importer.recognises(found)]
    return [importer for importer in matching if not importer.generic] or matching
