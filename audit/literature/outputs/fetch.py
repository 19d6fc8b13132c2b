"""Fetching public outputs over HTTPS: resumed, checked by size and hash, kept whole or not at all.

Only the address of a record is asked: redirects are refused. A download that ended early stays in the folder as
`.HASH.part` and is gone on with, by a range request, the next time.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit
from urllib.request import getproxies

from audit._util.files import sha256_file
from audit._util.version import project_version
from audit.errors import AuditError, CheckFailedError, InputError, MissingError
from audit.literature.outputs.records import OutputRecord
from audit.literature.outputs.store import State, Store

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

CONNECT_SECONDS = 10.0
# Between two pieces of an answer; a slow server that goes on sending is waited for.
SILENCE_SECONDS = 30.0
# Attempts at a file whose connection ends early; each goes on where the last one stopped.
ATTEMPTS = 3
_BLOCK = 1 << 16
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_REDIRECTS = range(300, 400)


class UnreachableError(MissingError):
    """The server cannot be reached at all (exit code 3)."""


class _CutError(Exception):
    """The connection ended before the last byte."""


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Downloads into a store.

    Attributes:
        store: Where files are kept.
        silence: Seconds without a byte after which a server is given up.
        attempts: See `ATTEMPTS`.
    """

    store: Store
    silence: float = SILENCE_SECONDS
    attempts: int = ATTEMPTS

    def fetch(self, record: OutputRecord, progress: Callable[[int], None] = lambda _: None) -> Path:
        """Download a record's file, unless it is there.

        Args:
            record: The record; it must have a size and a hash.
            progress: Told the number of bytes at hand, whenever more have come.

        Returns:
            The file's path.

        Raises:
            InputError: The record has no hash, its address is not HTTPS, or the folder cannot be written.
            MissingError: The server cannot be reached, does not have the file, or ended the connection early (exit code 3);
                what came is kept, and gone on with the next time.
            CheckFailedError: The server sent, or announced, something else (exit code 1); nothing of it is kept.
        """
        target = self.store.path(record)
        if self.store.state(record) is State.PRESENT:
            return target
        if urlsplit(record.file.address).scheme != "https":
            raise InputError("not an https address", where=record.file.address, fix="Correct the record.")
        try:
            self.store.folder.mkdir(parents=True, exist_ok=True)
            with _partial(self.store.folder / f".{record.file.sha256}.part") as (handle, path):
                self._whole(record, handle, progress)
                _check(record, handle, path)
                handle.flush()
                os.fsync(handle.fileno())
                path.chmod(0o644)
                path.replace(target)
        except OSError as error:
            raise InputError(
                f"cannot be written ({error.strerror or error})",
                where=str(error.filename or self.store.folder),
                fix="Check --cache and the free space.",
            ) from error
        return target

    def _whole(self, record: OutputRecord, handle: BinaryIO, progress: Callable[[int], None]) -> None:
        size = record.file.bytes or 0
        for attempt in range(1, self.attempts + 1):
            try:
                if handle.tell() < size:
                    self._more(record, handle, progress)
                return
            except _CutError:
                if attempt == self.attempts:
                    raise MissingError(
                        f"the connection ended after {handle.tell():,} of {size:,} bytes",
                        where=record.file.address,
                        fix="Run the command again: it goes on from there.",
                    ) from None

    def _more(self, record: OutputRecord, handle: BinaryIO, progress: Callable[[int], None]) -> None:
        """Append what is missing.

        Raises:
            _CutError: The connection ended before the last byte.
        """
        from urllib3 import Timeout
        from urllib3.exceptions import (
            ConnectTimeoutError,
            HTTPError,
            NewConnectionError,
            ProtocolError,
            SSLError,
        )
        from urllib3.exceptions import (
            TimeoutError as HTTPTimeoutError,
        )

        size, have, address = record.file.bytes or 0, handle.tell(), record.file.address
        # Bytes are counted and hashed as stored: compressed transfers are not asked for.
        headers = {"Accept-Encoding": "identity", "User-Agent": f"repro-audit/{project_version()}"}
        if have:
            headers["Range"] = f"bytes={have}-"
        try:
            with _pool() as pool:
                answer = pool.request(
                    "GET", address, headers=headers, redirect=False, retries=False, preload_content=False,
                    decode_content=False, timeout=Timeout(connect=CONNECT_SECONDS, read=self.silence),
                )  # fmt: skip
                try:
                    have = _accepted(record, answer, handle, have)
                    progress(have)
                    for block in answer.stream(_BLOCK):
                        have += len(block)
                        if have > size:
                            _forget(handle)
                            raise CheckFailedError(
                                f"the server sent more than the {size:,} bytes of the record",
                                where=address,
                                fix="Nothing was kept. The file at this address is a different one.",
                            )
                        handle.write(block)
                        progress(have)
                finally:
                    answer.close()
        except SSLError as error:
            raise UnreachableError(
                f"the server's certificate was not accepted ({_short(error)})",
                where=address,
                fix="Name the certificates to trust in SSL_CERT_FILE, if a proxy has one of its own.",
            ) from error
        except (NewConnectionError, HTTPTimeoutError, ProtocolError) as error:
            if handle.tell() and not isinstance(error, NewConnectionError | ConnectTimeoutError):
                raise _CutError from error
            raise UnreachableError(
                f"the server cannot be reached or does not answer ({_short(error)})",
                where=address,
                fix="Check the network; `--from FOLDER` takes files that are on this machine.",
            ) from error
        except HTTPError as error:
            raise MissingError(
                f"the download failed ({_short(error)})", where=address, fix="Try again later."
            ) from error
        if have < size:
            raise _CutError


def _pool() -> PoolManager:
    """Verified HTTPS with the system's certificates, through the proxy that the environment names, if any."""
    from urllib3 import PoolManager, ProxyManager

    proxy = getproxies().get("https")
    return ProxyManager(proxy) if proxy else PoolManager()


def _accepted(record: OutputRecord, answer: BaseHTTPResponse, handle: BinaryIO, have: int) -> int:
    """Check status and headers; the offset at which the body starts, to which the file is cut."""
    address, size = record.file.address, record.file.bytes or 0
    if answer.status in _REDIRECTS:
        raise CheckFailedError(
            f"the server redirects (status {answer.status})",
            where=address,
            fix="Only the record's address is asked; correct the record if the file has moved.",
        )
    if answer.status == 416:  # the partial file is not the beginning of this one
        _forget(handle)
        raise _CutError
    if answer.status not in {200, 206}:
        raise MissingError(
            f"the server answers with status {answer.status}", where=address, fix="Try later, or `--from FOLDER`."
        )
    start = 0
    if answer.status == 206:
        match = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != have:
            _forget(handle)
            raise CheckFailedError(
                f"the server sent another range than {have:,} onwards",
                where=address,
                fix="Nothing was kept; try again.",
            )
        start = have
        _announced(record, handle, match[3], "a file")
    else:
        _forget(handle)
    encoding = answer.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise CheckFailedError(
            f"the server sent the file in the encoding {encoding!r}, which was not asked for", where=address,
            fix="Nothing was kept.",
        )  # fmt: skip
    length = answer.headers.get("Content-Length")
    if length is not None and length.isdecimal():
        _announced(record, handle, str(start + int(length)), "a file")
    return min(start, size)


def _announced(record: OutputRecord, handle: BinaryIO, total: str, what: str) -> None:
    if total != "*" and int(total) != record.file.bytes:
        _forget(handle)
        raise CheckFailedError(
            f"the server announces {what} of {int(total):,} bytes; the record has {record.file.bytes or 0:,}",
            where=record.file.address,
            fix="Nothing was kept. The file at this address is a different one, or the answer is wrong.",
        )


def _forget(handle: BinaryIO) -> None:
    handle.seek(0)
    handle.truncate()


def _check(record: OutputRecord, handle: BinaryIO, path: Path) -> None:
    handle.flush()
    found = sha256_file(path)
    if found != record.file.sha256:
        path.unlink()
        raise CheckFailedError(
            f"the server sent other bytes: SHA-256 {found}, the record has {record.file.sha256}",
            where=record.file.address,
            fix="Nothing was kept.",
        )


@contextmanager
def _partial(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """The partial file of a download, open at its end and locked; an empty one is removed afterwards."""
    handle = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise InputError("is being downloaded by another process", where=str(path), fix="Wait for it to end.") from None
    try:
        handle.seek(0, os.SEEK_END)
        yield handle, path
    finally:
        handle.flush()
        if handle.tell() == 0 and path.exists() and path.stat().st_size == 0:
            path.unlink()
        handle.close()


def _short(error: Exception) -> str:
    """The last clause of a library's message, which may repeat itself."""
    return str(error).rpartition(": ")[2].strip("() \"'") or type(error).__name__


def told(error: AuditError) -> str:
    """An error in one line, for a list of files of which some could not be had."""
    return f"{error.what}. {error.fix}" if error.fix else error.what
