"""Where public outputs are kept: a folder of files that are named by their hash, and are read only if it still holds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from audit._util.files import open_atomic, sha256_file
from audit._util.paths import user_cache
from audit.errors import CheckFailedError, InputError
from audit.literature.outputs.records import OutputRecord

# The folder of the store, where it is not the user's cache folder; a container gets it by a mount.
VARIABLE = "REPRO_AUDIT_OUTPUTS"
_BLOCK = 1 << 20


class State(StrEnum):
    """Whether the store has a file."""

    PRESENT = "present"
    MISSING = "missing"
    DAMAGED = "damaged"
    # Its record has no size and no hash, so that no file can be recognised.
    UNIDENTIFIED = "unidentified"


def default_folder() -> Path:
    """`$REPRO_AUDIT_OUTPUTS`, or the folder `repro-audit/outputs` in the user's cache folder."""
    stated = os.environ.get(VARIABLE)
    return Path(stated) if stated else user_cache("outputs")


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits.

    Raises:
        InputError: It cannot be read.
    """
    try:
        return sha256_file(path)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), fix="Check the file.") from error


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of public outputs."""

    folder: Path

    def path(self, record: OutputRecord) -> Path:
        """Where a record's file is kept; the name starts with its hash.

        Raises:
            InputError: The record has no hash.
        """
        if record.file.sha256 is None or record.file.bytes is None:
            raise InputError(
                "size and hash are unknown, so no file can be recognised",
                where=record.id,
                fix=f"The source is {record.file.place}.",
            )
        return self.folder / f"{record.file.sha256[:16]}-{record.file.name}"

    def state(self, record: OutputRecord) -> State:
        """Whether the file is there, and is the record's by size and hash."""
        if record.file.sha256 is None or record.file.bytes is None:
            return State.UNIDENTIFIED
        path = self.path(record)
        if not path.is_file():
            return State.MISSING
        same = path.stat().st_size == record.file.bytes and digest(path) == record.file.sha256
        return State.PRESENT if same else State.DAMAGED

    def has(self, record: OutputRecord) -> bool:
        """Whether a file of the record's name and size is there, without hashing it; `read` does."""
        if record.file.sha256 is None or record.file.bytes is None:
            return False
        path = self.path(record)
        return path.is_file() and path.stat().st_size == record.file.bytes

    def read(self, record: OutputRecord) -> Path:
        """The path of a record's file, which was hashed.

        Raises:
            InputError: It is missing.
            CheckFailedError: It is not the file that was fetched (exit code 1).
        """
        state = self.state(record)
        if state is State.PRESENT:
            return self.path(record)
        if state is State.DAMAGED:
            raise CheckFailedError(
                "differs from its record in size or hash",
                where=str(self.path(record)),
                fix=f"Remove it, and run `repro-audit outputs fetch {record.id}`.",
            )
        raise InputError(
            "the public outputs are missing", where=record.id, fix=f"Run `repro-audit outputs fetch {record.id}`."
        )

    def take(self, record: OutputRecord, source: Path) -> Path:
        """Copy a file into the store; it is hashed while it is copied.

        Raises:
            InputError: It cannot be read or written, or has another size or hash; nothing is kept.
        """
        target, found, size = self.path(record), hashlib.sha256(), 0
        try:
            with source.open("rb") as handle, open_atomic(target) as kept:
                while block := handle.read(_BLOCK):
                    found.update(block)
                    size += len(block)
                    kept.write(block)
                if (size, found.hexdigest()) != (record.file.bytes, record.file.sha256):
                    raise InputError(
                        "changed while it was copied", where=str(source), fix="Copy it again when nothing writes to it."
                    )
        except OSError as error:
            raise InputError(
                f"cannot be copied to {target} ({error.strerror})", where=str(source), fix="Check --cache and the disk."
            ) from error
        return target


def found_in(folder: Path, records: Iterable[OutputRecord]) -> Mapping[str, Path]:
    """The files of a folder, and of the folders in it, that are those of records: by size and hash, whatever their names.

    Args:
        folder: Links in it are not followed out of it; hidden folders are not searched.
        records: Those without a hash are found nowhere.

    Returns:
        Record's id -> file.

    Raises:
        InputError: There is no such folder.
    """
    if not folder.is_dir():
        raise InputError("there is no such folder", where=f"--from {folder}", fix="Give a folder of downloaded files.")
    wanted: dict[int, dict[str, list[str]]] = {}
    for one in records:
        if one.file.bytes is not None and one.file.sha256 is not None:
            wanted.setdefault(one.file.bytes, {}).setdefault(one.file.sha256, []).append(one.id)
    found: dict[str, Path] = {}
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if path.is_symlink() or not path.is_file():
                continue
            hashes = wanted.get(path.stat().st_size)
            # Only files of a wanted size are hashed.
            for identifier in hashes.get(digest(path), ()) if hashes else ():
                found.setdefault(identifier, path)
    return found
