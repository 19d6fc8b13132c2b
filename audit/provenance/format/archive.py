"""Strict reader and writer of packages, as a folder or a zip: a mapping from names to bytes.

A zip is accepted only in the form that `zip_bytes` writes: entries stored and sorted, with a fixed date and mode.
This form does not depend on compression libraries, cannot be a bomb (one byte in the file per byte in the
package), and excludes everything that two zip readers could interpret differently.
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

from audit._util.file_names import is_device
from audit.errors import InputError
from audit.provenance.errors import RejectedError
from audit.provenance.format import layout

# Letters, digits and -_.+@=, in parts that do not start with a dot: safe in every file system, shell and URL.
_PART = re.compile(r"[A-Za-z0-9_+@=-][A-Za-z0-9_.+@=-]*\Z")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def check_name(name: str, container: str) -> str:
    """Check that a name is a plain relative path of safe characters, and return it.

    Raises:
        RejectedError: The name could leave the folder, be hidden, or have a different meaning on another system.
    """
    parts = name.split("/")
    # Windows drops dots at the end, so that `a.` would be `a`, and opens a device where `con.csv` is written.
    safe = all(_PART.match(part) and not part.endswith(".") and not is_device(part) for part in parts)
    if len(name) > 255 or len(parts) > 6 or not safe:
        raise RejectedError(container, "unsafe-name", f"an entry has the unsafe name {name[:80]!r}")
    return name


def check_names(entries: list[str], container: str) -> None:
    """Refuse names that collide on Windows or macOS.

    `check_name` leaves only ASCII, of which no two forms are equal but for case.

    Raises:
        RejectedError: Two names differ only in case.
    """
    folded: dict[str, str] = {}
    for name in entries:
        other = folded.setdefault(name.casefold(), name)
        if other is not name:
            raise RejectedError(container, "unsafe-name", f"{other!r} and {name!r} differ only in case")
    for name in entries:
        parts = name.split("/")
        for depth in range(1, len(parts)):
            if "/".join(parts[:depth]).casefold() in folded:
                raise RejectedError(container, "unsafe-name", f"{'/'.join(parts[:depth])!r} is a file and a folder")


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """The zip of a package; its bytes depend only on the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # Unix, on every system
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def read(path: Path) -> dict[str, bytes]:
    """The files of the package at `path`, a folder or a zip: name in the package -> bytes.

    Raises:
        InputError: `path` is neither a folder nor a file.
        RejectedError: It is not a package (see `read_folder` and `read_zip`).
    """
    if path.is_dir():
        return read_folder(path)
    if not path.is_file():
        raise InputError(
            "no package here", where=str(path), fix="give the folder or the zip made by `repro-audit package`"
        )
    if path.stat().st_size > layout.MAX_PACKAGE_BYTES:
        raise RejectedError(path.name, "too-large", f"more than {layout.MAX_PACKAGE_BYTES} bytes")
    return read_zip(path.read_bytes(), path.name)


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read all regular files below `folder`.

    Raises:
        RejectedError: There is a symbolic link, a device, an unsafe name or an empty folder, or a limit is exceeded.
    """
    files: dict[str, bytes] = {}
    total = 0
    pending = [""]
    while pending:
        inner = pending.pop()
        entries = sorted(os.scandir(folder / inner), key=lambda entry: entry.name)
        if not entries and inner:
            raise RejectedError(inner, "unexpected-file", "an empty folder")
        for entry in entries:
            name = inner + entry.name
            status = entry.stat(follow_symlinks=False)
            check_name(name, folder.name)
            if stat.S_ISLNK(status.st_mode):
                raise RejectedError(name, "symbolic-link", "a symbolic link")
            if stat.S_ISDIR(status.st_mode):
                pending.append(f"{name}/")
                continue
            if not stat.S_ISREG(status.st_mode):
                raise RejectedError(name, "malformed", "not a regular file")
            total += status.st_size
            if total > layout.MAX_PACKAGE_BYTES or len(files) >= layout.MAX_FILES:
                raise RejectedError(name, "too-large", "the package exceeds the size limit")
            files[name] = (folder / name).read_bytes()
    check_names(sorted(files), folder.name)
    return files


def read_zip(raw: bytes, container: str) -> dict[str, bytes]:
    """Read a zip in the form that `zip_bytes` writes.

    Args:
        raw: The bytes of the zip.
        container: The name of the zip in messages.

    Raises:
        RejectedError: It is not a zip, has an entry that is not allowed, or differs in any bit from the zip
            made from its entries. The message names the entry if possible.
    """
    files: dict[str, bytes] = {}
    infos: list[zipfile.ZipInfo] = []
    name = container
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = archive.infolist()
            if len(infos) > layout.MAX_FILES:
                raise RejectedError(container, "too-large", f"more than {layout.MAX_FILES} entries")
            if sum(info.file_size for info in infos if info.compress_type == zipfile.ZIP_STORED) > len(raw):
                raise RejectedError(container, "too-large", "overlapping entries")
            for info in infos:
                _check_entry(info, len(raw), container)
                name = info.filename
                if name in files:
                    raise RejectedError(name, "duplicate-entry", f"{container} has two entries of this name")
                files[name] = archive.read(info)
    except RejectedError:
        raise
    except Exception as error:  # noqa: BLE001  zipfile raises some ten kinds on damaged input, and all mean the same
        raise RejectedError(name, "malformed", f"{container} cannot be read ({error})") from None
    check_names(list(files), container)
    if zip_bytes(files) != raw:
        _blame_strays(files, container)
        place = _entry_at(infos, _first_difference(raw, zip_bytes(files)), container)
        raise RejectedError(
            place,
            "not-canonical",
            f"{container} is not the zip that repro-audit writes for these files; unpack it and verify the folder",
        )
    return files


def _check_entry(info: zipfile.ZipInfo, size: int, container: str) -> None:
    name = info.filename
    # orig_filename includes text after a NUL and foreign path separators.
    check_name(info.orig_filename, container)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise RejectedError(name, "symbolic-link", f"a symbolic link in {container}")
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        raise RejectedError(name, "compressed", f"compressed in {container}; the entries of a package must be stored")
    if info.file_size > size:
        raise RejectedError(name, "too-large", f"declared larger than {container} itself")
    if info.flag_bits & 0x1:
        raise RejectedError(name, "malformed", f"encrypted in {container}")


def _blame_strays(files: Mapping[str, bytes], container: str) -> None:
    """Report added entries: those that are not in the package's list of files.

    The list is not authenticated here, which is safe: the zip is refused anyway. It only improves the message, because
    the first differing byte may belong to a different entry than the added one.

    Raises:
        RejectedError: There are added entries.
    """
    if layout.CHECKSUMS not in files:
        return
    listed = files[layout.CHECKSUMS].decode("ascii", "replace").split("\n")
    known = layout.UNLISTED | {line.partition("  ")[2] for line in listed}
    strays = sorted(name for name in files if name not in known and not name.startswith(layout.COUNTERSIGNATURES))
    if strays:
        more = f", and {len(strays) - 1} more" if strays[1:] else ""
        raise RejectedError(strays[0], "unexpected-file", f"an unsigned entry of {container}{more}")


def _first_difference(left: bytes, right: bytes) -> int:
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[:middle] == right[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _entry_at(infos: list[zipfile.ZipInfo], offset: int, container: str) -> str:
    before = [info for info in infos if info.header_offset <= offset]
    if not before:
        return container
    info = max(before, key=lambda item: item.header_offset)
    # 30 bytes of local header; the zip's central directory follows the last entry.
    end = info.header_offset + 30 + len(info.filename.encode()) + info.compress_size
    return info.filename if offset < end else container
