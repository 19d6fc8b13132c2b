"""The journal of finished batches, from which a killed run resumes.

One line per batch, written with a single call and synced to disk before the next batch is recorded. When the run resumes, a
truncated last line is dropped and only its batch is repeated.
"""

from __future__ import annotations

import errno
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from audit._util import canonical_json, typed_json
from audit._util.strict_json import InvalidJsonError
from audit.errors import InputError, MissingError
from audit.inference.run_records import BatchResult, Identity
from tasks.row import Row

SCHEMA = "repro-audit/journal/1"


@dataclass(frozen=True, slots=True)
class _Header:
    """The first line."""

    schema: str
    run: Identity


def read(path: Path) -> tuple[Identity | None, list[BatchResult], int]:
    """The run of a journal (None without lines), its finished batches, and the offset after the last complete line.

    Raises:
        InputError: The journal is damaged or of a different version.
    """
    raw = path.read_bytes()
    end = raw.rfind(b"\n") + 1
    run = None
    batches = []
    for number, line in enumerate(raw[:end].split(b"\n")[:-1], 1):
        where = f"{path}:{number}"
        try:
            if number > 1:
                batches.append(typed_json.read(BatchResult, line))
                continue
            header = typed_json.read(_Header, line)
        except InvalidJsonError as error:
            if error.problem == "record" and number == 1:
                raise _unknown(where) from None
            fix = "remove the journal; its batches will be repeated"
            raise InputError("the journal is damaged", where=where, fix=fix) from None
        if header.schema != SCHEMA:
            raise _unknown(where)
        run = header.run
    return run, batches, end


def _unknown(where: str) -> InputError:
    return InputError("not a journal of this version", where=where, fix="give another --out")


class Journal:
    """An append-only file of finished batches.

    Args:
        path: The file; created with its folder if missing.
        run: The identity of the run (manifest, model, decoding, plan); the journal of a different run is an error.
    """

    def __init__(self, path: Path, run: Identity) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        found, batches, end = read(path) if path.exists() else (None, [], 0)
        if found is not None and (names := found.differences(run)):
            raise InputError(
                f"the journal is of a run with a different {', '.join(names)}",
                where=f"{path}:1",
                fix="use the settings of that run, or give another --out",
            )
        self.done = {batch.batch: batch for batch in batches}
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._lock()
            os.ftruncate(self._descriptor, end)
            self._end = os.lseek(self._descriptor, 0, os.SEEK_END)
            if end == 0:
                self._append(asdict(_Header(SCHEMA, run)))
        except BaseException:
            os.close(self._descriptor)
            raise

    def _lock(self) -> None:
        import fcntl

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            fix = "wait for it, or give another --out"
            raise InputError("another run is writing this journal", where=str(self.path), fix=fix) from None

    def add(self, batch: BatchResult) -> None:
        """Record a finished batch; when this returns, it is on disk.

        Raises:
            MissingError: The disk is full; earlier batches are safe.
        """
        self._append(batch.as_json())
        self.done[batch.batch] = batch

    def _append(self, entry: dict[str, Any]) -> None:
        data = canonical_json.dumps(entry) + b"\n"
        try:
            written = 0
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, self._end)
            os.lseek(self._descriptor, self._end, os.SEEK_SET)
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise MissingError(
                "the disk is full" if full else f"cannot write the journal: {error.strerror}",
                where=str(self.path),
                fix=f"free disk space and start again: the {len(self.done)} finished batches are kept",
            ) from None
        self._end += len(data)

    def rows(self) -> list[Row]:
        """All finished rows, sorted by id."""
        return sorted((row for batch in self.done.values() for row in batch.rows), key=lambda row: row.id)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
