"""Atomic file writing and file hashes."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from audit.errors import InputError
from tasks.datasets.lfs import FIX, WHAT, is_pointer
from tasks.step import file_digest


def write_atomic(path: str | Path, data: bytes | str, mode: int = 0o644, *, durable: bool = True) -> None:
    """Write `data` to `path` under a temporary name in the same folder, then rename it into place.

    Text is encoded as UTF-8. The folder is created if missing. Readers, and runs killed at any moment,
    see either the old file or the new one, never a partial file.

    Args:
        path: The file.
        data: The complete contents.
        mode: The permissions.
        durable: Whether to sync to disk, so that the file survives a power failure. Not needed for files with a checksum
            that can be created again.

    Raises:
        OSError: The folder cannot be created or written to; `path` is unchanged.
    """
    with open_atomic(path, mode, durable=durable) as handle:
        handle.write(data.encode("utf-8") if isinstance(data, str) else data)


@contextlib.contextmanager
def open_atomic(path: str | Path, mode: int = 0o644, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A writable file that is renamed into place if the block ends without an error; for large contents.

    Raises:
        OSError: See `write_atomic`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            yield handle
            # By descriptor: in a folder that others can write to, the name may stand for another file by now.
            os.fchmod(handle.fileno(), mode)
            if durable:
                handle.flush()
                os.fsync(handle.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def refuse_pointer(head: bytes, path: str | Path) -> None:
    """Refuse the contents of a Git LFS pointer.

    Args:
        head: The file's first bytes, at least 64 if it has them.
        path: The file, for the message.

    Raises:
        InputError: They are a pointer's.
    """
    if is_pointer(head):
        raise InputError(WHAT, where=str(path), fix=f"{FIX[0].upper()}{FIX[1:]}.")


def refuse_pointer_file(path: str | Path) -> None:
    """As `refuse_pointer`, for a file; one that cannot be read is left to whoever reads it.

    Raises:
        InputError: The file is a Git LFS pointer.
    """
    with contextlib.suppress(OSError), Path(path).open("rb") as handle:
        refuse_pointer(handle.read(64), path)


def read_limited(path: Path, limit: int, kind: str, fix: str) -> bytes:
    """The bytes of a file.

    Args:
        path: The file.
        limit: The most bytes that it may have.
        kind: What it should be, in the plural or with an article, for the message.
        fix: What to do about a larger one.

    Raises:
        InputError: It cannot be read, is a Git LFS pointer, or is larger.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror}", where=str(path), fix="Check the path.") from error
    refuse_pointer(raw, path)
    if len(raw) > limit:
        raise InputError(f"{len(raw)} bytes are too many for {kind}", where=str(path), fix=fix)
    return raw


def sha256_file(path: str | Path) -> str:
    """The SHA-256 of a file, as lower-case hex."""
    return file_digest(Path(path))
