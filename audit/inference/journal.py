"""The journal of finished batches, from which a killed run resumes.

One line per batch, written with a single call and synced to disk before the next batch is recorded. When the run resumes, a
truncated last line is dropped and only its batch is repeated.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from audit._util import canonical_json
from audit.errors import InputError, MissingError

SCHEMA = "repro-audit/journal/1"


class Journal:
    """An append-only file of finished batches.

    Args:
        path: The file; created with its folder if missing.
        run: The identity of the run (manifest, model, decoding, plan); the journal of a different run is an error.
    """

    def __init__(self, path: Path, run: Mapping[str, Any]) -> None:
        self.path = path
        self.done: dict[int, dict[str, Any]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        header = {"schema": SCHEMA, "run": dict(run)}
        end = self._read(header) if path.exists() else 0
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._lock()
            os.ftruncate(self._descriptor, end)
            self._end = os.lseek(self._descriptor, 0, os.SEEK_END)
            if end == 0:
                self._append(header)
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

    def _read(self, header: dict[str, Any]) -> int:
        """Read existing lines; returns the offset after the last complete line."""
        raw = self.path.read_bytes()
        end = raw.rfind(b"\n") + 1
        for number, line in enumerate(raw[:end].splitlines(), 1):
            where = f"{self.path}:{number}"
            try:
                entry = json.loads(line)
            except ValueError:
                raise InputError(
                    "the journal is damaged", where=where, fix="remove the journal; its batches will be repeated"
                ) from None
            if number == 1:
                _same_run(entry, header, where)
            else:
                self.done[int(entry["batch"])] = entry
        return end

    def add(self, batch: int, rows: list[dict[str, Any]], events: list[dict[str, Any]]) -> None:
        """Record a finished batch; when this returns, it is on disk.

        Raises:
            MissingError: The disk is full; earlier batches are safe.
        """
        entry = {"batch": batch, "rows": rows, "events": events}
        self._append(entry)
        self.done[batch] = entry

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

    def rows(self) -> list[dict[str, Any]]:
        """All finished rows, sorted by id."""
        return sorted((row for entry in self.done.values() for row in entry["rows"]), key=lambda row: str(row["id"]))

    def events(self) -> list[dict[str, Any]]:
        """Events by batch: halved batches, lost workers."""
        return [event for number in sorted(self.done) for event in self.done[number]["events"]]

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


def _same_run(found: Any, header: dict[str, Any], where: str) -> None:
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise InputError("not a journal of this version", where=where, fix="give another --out")
    run, wanted = found["run"], header["run"]
    names = [name for name in sorted({*run, *wanted}) if run.get(name) != wanted.get(name)]
    if names:
        raise InputError(
            f"the journal is of a run with a different {', '.join(names)}",
            where=where,
            fix="use the settings of that run, or give another --out",
        )
