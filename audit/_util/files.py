"""Files are written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def write_atomic(path: str | Path, data: bytes | str, mode: int = 0o644, *, durable: bool = True) -> None:
    """Write `data` to `path` under a temporary name in the same folder, then rename it into place.

    Text is encoded as UTF-8. The folder is made if it is missing. A reader, or a run killed at any moment,
    sees the old file or the new one, never half of either.

    Args:
        path: The file.
        data: All of it.
        mode: Its permissions.
        durable: Whether it must outlive a power cut. It costs a wait for the disk; what carries a checksum and can be
            made again need not.

    Raises:
        OSError: The folder cannot be made or written to; `path` is as it was.
    """
    with open_atomic(path, mode, durable=durable) as handle:
        handle.write(data.encode("utf-8") if isinstance(data, str) else data)


@contextlib.contextmanager
def open_atomic(path: str | Path, mode: int = 0o644, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write that takes its name when the block ends without an error; for what is too large for memory.

    Raises:
        OSError: As of `write_atomic`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            yield handle
            if durable:
                handle.flush()
                os.fsync(handle.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def sha256_file(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, as lower-case hex."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
