"""Interface of importers: read a source into rows and account for every record."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.errors import InputError
from audit.importers.sample import Sample
from audit.importers.stored_totals import StoredTotal
from tasks.row import Row
from tasks.steps.clean import with_finished

if TYPE_CHECKING:
    from tasks.task import Task

__all__ = ["Imported", "Importer", "Refused", "position_ids", "with_finished"]


@dataclass(frozen=True, slots=True)
class Refused:
    """A valid record of the source that is not a row of the task: its location, and why it is left out."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import.

    Attributes:
        rows: In any order.
        read: The number of records in the source.
        used: The number of records that produced at least one row.
        refused: Records that produced no row, each with its reason.
        source: The source, for the meta file: `audiobench: x.json, sha256 ...`.
        unit: The word for a record: `line`, `item`, `hash`.
        notes: Caveats for the user.
        normalised: The convention whose normaliser the source applied before it stored the texts; None if it stored them raw.
        stated: The scores that the source states about itself.
        models: The models that the source names; empty if it names none.
    """

    rows: tuple[Row, ...]
    read: int
    used: int
    refused: tuple[Refused, ...]
    source: str
    unit: str
    notes: tuple[str, ...] = ()
    normalised: str | None = None
    stated: tuple[StoredTotal, ...] = ()
    models: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that every record is accounted for.

        Raises:
            InputError: The counts do not add up.
        """
        if self.read != self.used + len(self.refused) or len(self.rows) < self.used:
            raise InputError(
                f"read {self.read}, used {self.used}, refused {len(self.refused)}, rows {len(self.rows)}: "
                "the counts do not add up",
                where=self.source,
                fix="This is a bug in the importer; please report it.",
            )


class Importer(ABC):
    """A type of source.

    Attributes:
        name: The name on the command line.
        help: The help text, one line.
        example: The arguments of a typical import, for `--help`.
        generic: Whether it reads any file of a kind (JSON lines, CSV), so that a specific format comes first.
    """

    name: str
    help: str
    example: str = "FILE"
    generic: bool = False

    def recognises(self, source: Sample) -> bool:  # noqa: ARG002  # the importers' argument
        """Whether a source looks like this format; False where it cannot be told."""
        return False

    @abstractmethod
    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Arguments of this kind of source, besides the common ones."""

    @abstractmethod
    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """Read the source that the options name.

        Raises:
            InputError: A record is malformed; the message names file, line and field. Nothing is repaired.
            MissingError: A required program or library is not installed.
        """


def position_ids(count: int) -> list[str]:
    """Ids for records without one: their position, zero-padded so that the ids sort in the order of the source."""
    width = max(6, len(str(max(count - 1, 0))))
    return [f"{index:0{width}d}" for index in range(count)]
