"""What an importer is: it reads a source into rows and says what became of every record of it."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace

from audit.errors import InputError
from tasks.row import Row
from tasks.steps.clean import ends_with_eos
from tasks.task import Task


@dataclass(frozen=True, slots=True)
class Refused:
    """A sound record of the source that is no row of the task: where it stands, and why it is left out."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an importer read.

    Attributes:
        rows: In any order.
        read: Records in the source.
        used: Records that gave at least one row.
        refused: Records that gave none, each with its reason.
        source: What was read, for the meta file: `audiobench: x.json, sha256 ...`.
        unit: What a record is called: `line`, `item`, `hash`.
        notes: What a user should know besides the counts.
    """

    rows: tuple[Row, ...]
    read: int
    used: int
    refused: tuple[Refused, ...]
    source: str
    unit: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """The sum check.

        Raises:
            InputError: A record is unaccounted for.
        """
        if self.read != self.used + len(self.refused) or len(self.rows) < self.used:
            raise InputError(
                f"read {self.read}, used {self.used}, refused {len(self.refused)}, rows {len(self.rows)}: "
                "the numbers do not add up",
                where=self.source,
                fix="This is a fault of the importer; please report it.",
            )


class Importer(ABC):
    """One kind of source.

    Attributes:
        name: As on the command line.
        help: One line.
    """

    name: str
    help: str

    @abstractmethod
    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Arguments of this kind of source, besides the common ones."""

    @abstractmethod
    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """Read the source that the options name.

        Raises:
            InputError: A record is broken, with file, line and field; nothing is repaired.
            MissingError: A program or a library that is needed is not there.
        """


def with_finished(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Fill in `finished` where the source does not say it, from the end token.

    If any output of the set ends in `</s>`, special tokens were kept when it was decoded, and an output without one hit
    the cap on its length. If none does, they may have been skipped, and nothing is known.
    """
    rows = tuple(rows)
    kept = any(row.hypothesis is not None and ends_with_eos(row.hypothesis) for row in rows)
    if not kept:
        return rows
    return tuple(
        replace(row, finished=ends_with_eos(row.hypothesis))
        if row.finished is None and row.hypothesis is not None
        else row
        for row in rows
    )


def position_ids(count: int) -> list[str]:
    """Ids for records without one: their position, padded with zeros so that the order of ids is the source's."""
    width = max(6, len(str(max(count - 1, 0))))
    return [f"{index:0{width}d}" for index in range(count)]
