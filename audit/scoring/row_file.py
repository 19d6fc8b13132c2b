"""The rows of a predictions file that is too large to be kept in memory: where they stand, to be read again when needed."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias, overload

from audit.errors import InputError
from tasks.row import Row

# (line, `FILE:LINE`) -> row
Reader: TypeAlias = Callable[[bytes, str], Row]
Stamp: TypeAlias = tuple[int, int, int]
# Bytes read at a time.
_READ = 2**22


def unreadable(path: Path, error: OSError) -> InputError:
    """The error for a file of rows that the system does not give."""
    return InputError(f"cannot be read ({error.strerror})", where=str(path), fix="Check the path.")


def stamp_of(path: Path) -> Stamp:
    """What changes if a file is replaced or written to: inode, size, time of the last change.

    Raises:
        InputError: It cannot be read.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    return found.st_ino, found.st_size, found.st_mtime_ns


@dataclass(frozen=True, slots=True, eq=False)
class RowFile(Sequence[Row]):
    """A sequence of rows that reads its file at each use; a slice is such a sequence too, and small to send to a process.

    The file was checked as a whole before; it must stay as it is while it is used.

    Attributes:
        path: The file, in JSON Lines.
        starts: Where each row begins, in bytes, and where the last one ends: one more than there are rows.
        read: Makes a row of a line.
        stamp: The file's when it was checked.
        first: The number of rows in the file before the first one of these.
        alone: No row names a cluster, and no id a mixture, so each is a unit of its own (`tasks.statistics.clusters`).
    """

    path: Path
    starts: array[int]
    read: Reader
    stamp: Stamp
    first: int = 0
    alone: bool = False

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, key: int) -> Row: ...
    @overload
    def __getitem__(self, key: slice) -> RowFile: ...
    def __getitem__(self, key: int | slice) -> Row | RowFile:
        """A row, or some consecutive ones.

        Raises:
            IndexError: There is no such row.
            ValueError: The slice has a step.
            InputError: The file was changed since it was checked.
        """
        if isinstance(key, slice):
            first, end, step = key.indices(len(self))
            if step != 1:
                raise ValueError("rows of a file are read in their order")
            end = max(first, end)
            return RowFile(
                self.path, self.starts[first : end + 1], self.read, self.stamp, self.first + first, self.alone
            )
        index = key + len(self) if key < 0 else key
        if not 0 <= index < len(self):
            raise IndexError(key)
        return next(iter(self[index : index + 1]))

    def __iter__(self) -> Iterator[Row]:
        """The rows in order.

        Raises:
            InputError: The file was changed since it was checked.
        """
        try:
            if stamp_of(self.path) != self.stamp:
                raise self._changed()
            with self.path.open("rb", _READ) as file:
                file.seek(self.starts[0])
                for number, line in enumerate(islice(file, len(self)), self.first + 1):
                    yield self.read(line, f"{self.path}:{number}")
            if stamp_of(self.path) != self.stamp:
                raise self._changed()
        except OSError as error:
            raise unreadable(self.path, error) from error

    def _changed(self) -> InputError:
        return InputError(
            "was changed while it was used", where=str(self.path), fix="Run again when nothing writes to the file."
        )


@dataclass(frozen=True, slots=True, eq=False)
class KeptIds(Sequence[str]):
    """The ids of some rows of a file, in order, read when they are needed.

    Attributes:
        rows: The rows.
        kept: The indices of those whose ids these are, ascending.
    """

    rows: RowFile
    kept: Sequence[int]

    def __len__(self) -> int:
        return len(self.kept)

    @overload
    def __getitem__(self, key: int) -> str: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[str, ...]: ...
    def __getitem__(self, key: int | slice) -> str | tuple[str, ...]:
        """The id of a row, or of several."""
        if isinstance(key, slice):
            return tuple(self.rows[index].id for index in self.kept[key])
        return self.rows[self.kept[key]].id

    def __iter__(self) -> Iterator[str]:
        wanted = iter(self.kept)
        at = next(wanted, None)
        for index, row in enumerate(self.rows):
            if at is None:
                return
            if index == at:
                yield row.id
                at = next(wanted, None)
