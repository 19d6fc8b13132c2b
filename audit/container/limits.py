"""What a container may have: GPUs, memory, processes, folders, and the user it runs as."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from audit.container.engine import Engine
from audit.errors import InputError, MissingError
from audit.scoring.predictions import is_rows

# Debian and distroless images use it for nobody in particular; no account of a host has it.
UNPRIVILEGED = (65532, 65532)
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
# The driver's device; under Windows its place is taken by another.
_CONTROL_DEVICES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
# What a processor of this age addresses, and what Linux counts to.
_MOST_MEMORY = 64 << 40
MOST_PIDS = 1 << 22
_ALL_BY_CDI = "nvidia.com/gpu=all"


@dataclass(frozen=True, slots=True)
class Gpus:
    """Which GPUs the container gets.

    Attributes:
        count: How many, -1 for all, 0 for none.
        cdi: By the Container Device Interface instead of NVIDIA's runtime.
        reason: Why, in words.
    """

    count: int
    cdi: bool
    reason: str

    def devices(self) -> list[str]:
        """The CDI names of the devices."""
        return [_ALL_BY_CDI] if self.count < 0 else [f"nvidia.com/gpu={index}" for index in range(self.count)]

    def __str__(self) -> str:
        return {-1: "all", 0: "none"}.get(self.count, str(self.count))


@dataclass(frozen=True, slots=True)
class User:
    """Who the container's program is.

    Attributes:
        uid: The user's number inside.
        gid: The group's number inside.
        outside: The numbers that files have for this machine; None where they cannot be told.
        keep_id: Whether Podman must map the caller onto the same number inside.
        reason: Why, in words; empty where there is nothing to say.
    """

    uid: int
    gid: int
    outside: tuple[int, int] | None
    keep_id: bool = False
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


def choose_gpus(engine: Engine, wish: str) -> Gpus:
    """`auto`, `all`, `none` or a number, as GPUs.

    `auto` is all of them where the engine can pass them on and this machine has one (a remote engine is believed).

    Raises:
        InputError: `wish` is none of these.
    """
    runtime, cdi = engine.nvidia_runtime, engine.nvidia_cdi
    # Podman knows no NVIDIA runtime by its socket; CDI is its way to GPUs.
    by_cdi = engine.podman or (cdi and not runtime)
    if wish == "none":
        return Gpus(0, by_cdi, "--gpus none")
    if wish == "all":
        return Gpus(-1, by_cdi, "--gpus all")
    if wish != "auto":
        if not re.fullmatch(r"[1-9][0-9]{0,2}", wish):
            raise InputError(f"{wish!r} says nothing", where="--gpus", fix="auto, all, none or a number")
        return Gpus(int(wish), by_cdi, f"--gpus {wish}")
    if engine.local and not any(device.exists() for device in _CONTROL_DEVICES):
        return Gpus(0, by_cdi, f"this machine has no {_CONTROL_DEVICES[0]}")
    if runtime:
        return Gpus(-1, by_cdi, "the engine has NVIDIA's runtime")
    if cdi:
        return Gpus(-1, by_cdi, "the engine has NVIDIA's devices by CDI")
    return Gpus(0, by_cdi, "the engine has neither NVIDIA's runtime nor CDI (for Podman, say --gpus all)")


def choose_memory(engine: Engine, wish: str | None) -> int | None:
    """The limit in bytes; None for no limit.

    Without a wish it is nine tenths of what the engine's machine has: a model may take all it finds, but when it takes
    more, this container is to be killed and not somebody else's program.

    Raises:
        InputError: `wish` is no amount, below the 6 MiB that engines ask for, or more than any machine has.
    """
    if wish is None:
        return engine.memory * 9 // 10 // _UNITS["m"] * _UNITS["m"] if engine.memory else None
    return None if wish == "none" else amount(wish, "--memory", least=6 << 20)


def amount(text: str, option: str, least: int = 1, most: int = _MOST_MEMORY) -> int:
    """`16g`, `512m`, `1048576` in bytes.

    Raises:
        InputError: It is no amount, less than `least` or more than `most`.
    """
    match = re.fullmatch(r"([0-9]{1,15})([bkmgt]?)(?:i?b)?", text.strip().lower())
    value = int(match[1]) * _UNITS[match[2]] if match else 0
    if not least <= value <= most:
        raise InputError(
            f"{text!r} is no amount from {words(least)} to {words(most)}", where=option, fix="Give 512m, 16g, ..."
        )
    return value


def number(value: int, option: str, least: int, most: int) -> int:
    """The value, if it is from `least` to `most`.

    Raises:
        InputError: It is not.
    """
    if not least <= value <= most:
        raise InputError(f"{value} is no number from {least} to {most}", where=option)
    return value


def words(size: int | None) -> str:
    """Bytes for people."""
    if size is None:
        return "no limit"
    for unit, name in (("g", "GiB"), ("m", "MiB"), ("k", "KiB")):
        if size >= _UNITS[unit]:
            return f"{size / _UNITS[unit]:.1f} {name}".replace(".0 ", " ")
    return f"{size} bytes"


def choose_user(engine: Engine, wish: str | None, out: Path) -> User:
    """`UID:GID`, or the caller; the superuser gives way to one without rights.

    Raises:
        InputError: `wish` is no pair of numbers, `out` is no folder, or the user that was chosen may not write to it.
    """
    caller = (os.getuid(), os.getgid())
    if wish is not None:
        match = re.fullmatch(r"([0-9]{1,10}):([0-9]{1,10})", wish)
        if match is None or max(int(match[1]), int(match[2])) > 4294967294:
            raise InputError(f"{wish!r} is no pair of numbers", where="--user", fix="UID:GID, for example 1000:1000")
        chosen = (int(match[1]), int(match[2]))
        user = User(*chosen, outside=None if engine.rootless else chosen)
    elif engine.rootless and engine.podman:
        user = User(*caller, outside=caller, keep_id=True, reason="as outside: Podman keeps the id")
    elif engine.rootless:
        user = User(0, 0, outside=caller, reason="you, as a rootless engine sees you")
    elif caller[0] == 0:
        user = User(*UNPRIVILEGED, outside=UNPRIVILEGED, reason="instead of root; --user chooses another")
    else:
        user = User(*caller, outside=caller)
    if engine.local and os.path.lexists(out):
        _check_out(out, user)
    return user


def _check_out(out: Path, user: User) -> None:
    if not os.path.isdir(out):  # noqa: PTH112  Path's raises where a name is too long
        raise InputError("is no folder", where=f"--out {out}", fix="Name one, or none that is there: it will be made.")
    if not _may(out, user, 0o3):
        raise InputError(
            f"the container's user {user} may not write there",
            where=f"--out {out}",
            fix="Name a folder that is not there: it will be made. Or run as its owner (--user UID:GID), or:\n"
            f"  {_chown(user, out)}",
        )


def _chown(user: User, path: Path) -> str:
    """The command that makes the path the user's."""
    uid, gid = user.outside or (user.uid, user.gid)
    return f"chown {uid}:{gid} {shlex.quote(str(path))}"


def check_readable(engine: Engine, user: User, path: Path, option: str, *, folder: bool) -> None:
    """Refuse a folder or file that is not there, is of the other kind, or that the container's user may not read.

    Only what lies on this machine is looked at. A file is a secret, so nobody is told to open it to more than the user.

    Raises:
        MissingError: It is not there.
        InputError: It is the wrong kind, or closed to the user.
    """
    if not engine.local:
        return
    if not path.exists():
        raise MissingError("is not there", where=f"{option} {path}")
    if path.is_dir() != folder:
        raise InputError(f"is {'no' if folder else 'a'} folder", where=f"{option} {path}")
    if not _may(path, user, 0o5 if folder else 0o4):
        raise InputError(
            f"the container's user {user} may not read it",
            where=f"{option} {path}",
            fix="Run as its owner (--user UID:GID), or let that user read it (chown, chmod or setfacl)."
            if folder
            else _secret(user, path),
        )


def _secret(user: User, path: Path) -> str:
    """How the user comes to read a secret that nobody else may."""
    status = path.stat()
    if user.outside is not None and user.outside[0] == status.st_uid:
        return "It is theirs, but its mode is closed to themselves."
    return f"Run: {_chown(user, path)}   or run as its owner: --user {status.st_uid}:{status.st_gid}"


def check_predictions(engine: Engine, folder: Path) -> None:
    """Refuse a folder without predictions: the program inside would audit the recorded values instead, and succeed.

    Raises:
        InputError: No file in it is named as predictions are.
    """
    if not engine.local:
        return
    if not any(map(is_rows, folder.iterdir())):
        raise InputError(
            "has no predictions", where=f"--predictions {folder}", fix="Give the folder that holds TASK.jsonl files."
        )


def prepare_out(engine: Engine, user: User, out: Path) -> None:
    """Make the folder for the results, the container's user's own, if it is missing.

    Raises:
        InputError: It is a file, or cannot be made.
    """
    if not engine.local or os.path.isdir(out):  # noqa: PTH112  as above
        return
    try:
        out.mkdir(parents=True)
        if user.outside is not None and os.getuid() == 0:
            # Whoever may write beside it could have put a link in its place by now.
            os.chown(out, *user.outside, follow_symlinks=False)
    except OSError as error:
        raise InputError(f"the folder cannot be made ({error.strerror})", where=f"--out {out}") from None


def _may(path: Path, user: User, bits: int) -> bool:
    """Whether the mode lets the user do it; what cannot be told (another name space, access lists) is left to the run."""
    if user.outside is None or user.outside[0] == 0 or _has_list(path):
        return True
    status = path.stat()
    uid, gid = user.outside
    shift = 6 if uid == status.st_uid else 3 if gid == status.st_gid else 0
    return status.st_mode >> shift & bits == bits


def _has_list(path: Path) -> bool:
    """Whether the file has an access list; only Linux tells, and not for every file system."""
    try:
        return "system.posix_acl_access" in os.listxattr(path)
    except (OSError, AttributeError):
        return False
