"""Entries of a content-addressed cache: each is a file of its own, with a checksum of its key and its content before that."""

from __future__ import annotations

import hashlib
from pathlib import Path

from audit._util.files import write_atomic
from audit._util.folders import sweep_files

_CHECKSUM = 32


def read_entry(folder: Path, key: str) -> bytes | None:
    """What is stored under a key; None if it is missing, damaged or stored under the wrong name."""
    try:
        raw = entry_path(folder, key).read_bytes()
    except OSError:
        return None
    content = raw[_CHECKSUM:]
    return content if _checksum(key, content) == raw[:_CHECKSUM] else None


def write_entry(folder: Path, key: str, content: bytes) -> None:
    """Store something under a key, as a whole; what writers that were stopped have left behind is removed.

    Raises:
        OSError: It cannot be written.
    """
    path = entry_path(folder, key)
    sweep_files(path.parent, shared=True)
    write_atomic(path, _checksum(key, content) + content, durable=False)


def entry_path(folder: Path, key: str) -> Path:
    """Where an entry is stored."""
    return folder / key[:2] / key


def _checksum(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\n" + content).digest()
