"""The reply cache: an append-only file to which every reply is written, with fsync, as soon as it arrives.

One JSON object per line. `{"asked": KEY}` is written before a question is sent, `{"key": KEY, "reply": {...},
"check": ...}` when its reply has arrived. A question without a reply was in flight when a run was killed; it is
unknown whether the server processed it. It is sent again under the same idempotency key,
so a server that honours such keys does not process it twice.

A line truncated by a kill has no valid checksum and is removed when the file is next opened for writing.
One process writes at a time; any number may read.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from audit._util import canonical_json, typed_json
from audit._util.strict_json import InvalidJsonError
from audit.errors import InputError, MissingError
from audit.judge.interface import Reply

NAME = "replies.jsonl"


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the file: a reply with its key and checksum, or the key of a question that was asked or ended."""

    asked: str | None = None
    ended: str | None = None
    key: str | None = None
    reply: Reply | None = None
    check: str | None = None


def _check(key: str, reply: dict[str, Any]) -> str:
    return hashlib.sha256(canonical_json.dumps([key, reply])).hexdigest()[:16]


class ReplyCache:
    """Replies by the key of their request; a context manager that threads may share.

    Args:
        folder: The folder of the file `replies.jsonl`, which is created if missing.
        write: Whether replies will be added; takes the folder's lock.

    Raises:
        MissingError: Another process is writing (exit code 3).
        InputError: A line other than the last is damaged, or the folder cannot be used.
    """

    def __init__(self, folder: str | Path, *, write: bool = True) -> None:
        self.path = Path(folder) / NAME
        self._replies: dict[str, Reply] = {}
        self._asked: set[str] = set()
        self._mutex = threading.Lock()
        self._descriptor = -1
        if write:
            self._open()
        if self.path.exists():
            self._load(repair=write)

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise InputError(
                f"cannot open the reply cache: {error.strerror}",
                where=str(self.path),
                fix="Give another folder with --cache.",
            ) from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            self._descriptor = -1
            raise MissingError(
                "another process is writing to this reply cache",
                where=str(self.path),
                fix="Wait until it is done, or give another folder with --cache.",
            ) from None
        # Sync the folder too: the file's name must survive a power failure as well as its contents.
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _load(self, *, repair: bool) -> None:
        raw = self.path.read_bytes()
        end = 0
        for number, line in enumerate(raw.splitlines(keepends=True), start=1):
            if not self._take(line):
                if end + len(line) < len(raw):
                    raise InputError(
                        "damaged line",
                        where=f"{self.path}:{number}",
                        fix="Delete this one line (its reply will be asked for again), or restore the file.",
                    )
                break
            end += len(line)
        if repair and end < len(raw):
            os.ftruncate(self._descriptor, end)
            os.fsync(self._descriptor)

    def _take(self, line: bytes) -> bool:
        if not line.endswith(b"\n"):
            return False
        try:
            record = typed_json.read(_Line, line, exact=True)
        except InvalidJsonError:
            return False
        if record.asked is not None:
            self._asked.add(record.asked)
        elif record.ended is not None:
            self._asked.discard(record.ended)
        elif record.key is None or record.reply is None or record.check != _check(record.key, asdict(record.reply)):
            return False
        else:
            self._replies[record.key] = record.reply
        return True

    def get(self, key: str) -> Reply | None:
        """The reply to a request, or None."""
        return self._replies.get(key)

    def __len__(self) -> int:
        return len(self._replies)

    def __contains__(self, key: str) -> bool:
        return key in self._replies

    @property
    def in_doubt(self) -> frozenset[str]:
        """The keys of requests that were sent but have no reply here."""
        return frozenset(self._asked - self._replies.keys())

    def asking(self, key: str) -> None:
        """Record that a question is about to be sent. The record survives a kill, but not always a power failure."""
        with self._mutex:
            self._asked.add(key)
            self._append(canonical_json.dumps({"asked": key}) + b"\n", sync=False)

    def ended(self, key: str) -> None:
        """Record that a question ended in order without a reply (the server refused it), so it is not in doubt."""
        with self._mutex:
            if key in self._asked:
                self._asked.discard(key)
                self._append(canonical_json.dumps({"ended": key}) + b"\n", sync=False)

    def put(self, key: str, reply: Reply) -> None:
        """Store a reply. When this returns, it is on the disk.

        Raises:
            MissingError: The reply could not be written (the disk is full); partial writes are undone.
        """
        value = asdict(reply)
        line = canonical_json.dumps({"key": key, "reply": value, "check": _check(key, value)}) + b"\n"
        with self._mutex:
            if key in self._replies:
                return
            self._append(line, sync=True)
            self._replies[key] = reply

    def _append(self, line: bytes, *, sync: bool) -> None:
        size = os.fstat(self._descriptor).st_size
        try:
            written = 0
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
            if sync:
                os.fsync(self._descriptor)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, size)
            raise MissingError(
                f"cannot write a reply: {error.strerror}",
                where=str(self.path),
                fix="Free disk space and run the same command again: all replies so far are kept.",
            ) from None

    def items(self) -> Iterator[tuple[str, Reply]]:
        """All replies, in arbitrary order."""
        yield from list(self._replies.items())

    def close(self) -> None:
        """Release the lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
