"""Whether a document's verdicts, agreements, grades and odds follow from its own counts and the literature beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.schema import AuditDocument


class Derived(Protocol):
    """What deriving a document again has shown; see `audit.pipeline.deriving`."""

    @property
    def verdicts(self) -> int:
        """The number of verdicts that were derived."""

    @property
    def departures(self) -> tuple[str, ...]:
        """Statements that do not follow."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be derived."""


# Takes audit.json and the files of the literature by their names below `literature/`.
Deriver = Callable[[AuditDocument, Mapping[str, bytes]], Derived]


def carried(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of the literature in a package, by their names below `literature/`."""
    return {
        name.removeprefix(layout.LITERATURE): data for name, data in files.items() if name.startswith(layout.LITERATURE)
    }


def following(files: Mapping[str, bytes], audit: AuditDocument, deriver: Deriver) -> Derived:
    """What was derived of a document that follows from its counts and the literature.

    Raises:
        RejectedError: It does not follow.
    """
    found = deriver(audit, carried(files))
    if found.departures:
        more = len(found.departures) - 1
        also = f" (and {more} more)" if more else ""
        raise RejectedError(layout.AUDIT, "does-not-follow", f"{found.departures[0]}{also}")
    return found
