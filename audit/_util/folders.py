"""Output folders: replaced as a whole, held by one run at a time, and swept of what dead runs left."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from audit._util.files import write_atomic
from audit.errors import MissingError

# Temporary folders beside the folder that they will replace: `.NAME.RANDOM.new`; the one that was replaced: `.NAME.old`.
_NEW, _OLD = ".new", ".old"
# Temporary files older than this, in seconds, were left by a killed run, also where other processes are writing.
_LEFT_BEHIND = 3600
_AT_FDCWD, _EXCHANGE = -100, 2  # fcntl.h and linux/fs.h
_held: dict[str, int] = {}
_mutex = threading.Lock()


@contextlib.contextmanager
def replacing(target: Path, mode: int = 0o755) -> Iterator[Path]:
    """A new folder that takes the place of `target` if the block ends without an error.

    At every moment, also after a kill, `target` is the old folder or the new one, complete. Where the file system can exchange
    two names, it does; elsewhere the old folder is moved aside first, and `recover` moves it back after a kill.

    Args:
        target: Need not exist.
        mode: The permissions of the folder and of the folders in it.

    Raises:
        OSError: The folder cannot be written; `target` is unchanged.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    recover(target)
    new = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=_NEW))
    try:
        yield new
        for folder in [new, *(path for path in new.rglob("*") if path.is_dir())]:
            folder.chmod(mode)
            _sync(folder)
        _swap(new, target)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _swap(new: Path, target: Path) -> None:
    if not target.is_dir():
        new.rename(target)
    elif _exchange(new, target):
        pass  # `new` is the old folder now, and is removed by the caller
    else:
        old = target.with_name(f".{target.name}{_OLD}")
        target.rename(old)
        new.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    _sync(target.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False if the system cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}:
        return False
    raise OSError(number, os.strerror(number), str(other))


def recover(target: Path) -> None:
    """Put back the folder that a killed run had moved aside; remove what killed runs left beside `target`.

    To be called by the run that holds the parent folder, because another run's folders look the same.
    """
    old = target.with_name(f".{target.name}{_OLD}")
    if old.is_dir():
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)
    for left in target.parent.glob(f".{_quoted(target.name)}.*{_NEW}"):
        shutil.rmtree(left, ignore_errors=True)


def sweep_files(folder: Path, *, shared: bool = False) -> None:
    """Remove the temporary files that killed runs left in a folder; to be called by the run that holds it.

    Args:
        folder: The folder.
        shared: Other processes may be writing there, so that only files of an hour ago are removed.
    """
    for left in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):  # another process may have removed it
            if not shared or time.time() - left.stat().st_mtime > _LEFT_BEHIND:
                left.unlink()


def _quoted(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def write_folder(files: Iterable[tuple[str, bytes]], target: Path) -> None:
    """Write files into a folder that is replaced as a whole.

    Raises:
        OSError: The folder cannot be written; the old one is unchanged.
    """
    with replacing(target) as new:
        for name, data in files:
            write_atomic(new / name, data)


def remove(target: Path) -> None:
    """Remove a folder: its name goes first, so that a kill leaves no half of it under that name."""
    gone = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=_NEW))
    target.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold an output folder, which is created if missing: a second run in it says so and stops.

    The lock is the system's, on the folder itself: it leaves no file behind, and ends with the process. A process may hold a
    folder several times. Where the file system has no locks, nothing is held.

    Raises:
        MissingError: Another process holds the folder.
        OSError: The folder cannot be created or opened.
    """
    created = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    name = os.path.realpath(folder)
    with _mutex:
        _held[name] = _held.get(name, 0) + 1
        first = _held[name] == 1
    descriptor = -1
    try:
        if first:
            descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise MissingError(
                    "another run is writing into this folder",
                    where=str(folder),
                    fix="Wait until it is done, or give another folder with --out.",
                ) from None
            except OSError:
                pass  # a network file system without locks on folders
            sweep_files(folder)
        yield
    finally:
        with _mutex:
            _held[name] -= 1
            if not _held[name]:
                del _held[name]
        if created:
            # A run that was refused leaves nothing.
            with contextlib.suppress(OSError):
                folder.rmdir()
        if descriptor >= 0:
            os.close(descriptor)


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
