"""Resources of a container: GPUs, memory, processes, folders, and the user it runs as."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from audit.container.engine import Engine
from audit.errors import InputError, MissingError
from audit.scoring.prediction_meta import is_rows

# The unprivileged user of distroless images; hosts normally have no account with this id.
UNPRIVILEGED = (65532, 65532)
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
# The driver's device on Linux, and its counterpart in WSL.
_CONTROL_DEVICES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
# An upper limit for the memory of a current machine.
_MOST_MEMORY = 64 << 40
MOST_PIDS = 1 << 22
_ALL_BY_CDI = "nvidia.com/gpu=all"


@dataclass(frozen=True, slots=True)
class Gpus:
    """The GPUs of a container.

    Attributes:
        count: The number of GPUs; -1 for all, 0 for none.
        cdi: Whether to use the Container Device Interface instead of NVIDIA's runtime.
        reason: The reason for the choice, for messages.
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
    """The user of the container's process.

    Attributes:
        uid: The user id inside.
        gid: The group id inside.
        outside: The corresponding ids on this machine; None if unknown.
        keep_id: Whether Podman must map the caller to the same id inside.
        reason: The reason for the choice, for messages; may be empty.
    """

    uid: int
    gid: int
    outside: tuple[int, int] | None
    keep_id: bool = False
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


def choose_gpus(engine: Engine, wish: str) -> Gpus:
    """Parse `auto`, `all`, `none` or a number of GPUs.

    `auto` means all, if the engine can pass them through and this machine has one (not checked for a remote engine).

    Raises:
        InputError: `wish` is invalid.
    """
    runtime, cdi = engine.nvidia_runtime, engine.nvidia_cdi
    # Podman's socket does not report an NVIDIA runtime; it uses CDI.
    by_cdi = engine.podman or (cdi and not runtime)
    if wish == "none":
        return Gpus(0, by_cdi, "--gpus none")
    if wish == "all":
        return Gpus(-1, by_cdi, "--gpus all")
    if wish != "auto":
        if not re.fullmatch(r"[1-9][0-9]{0,2}", wish):
            raise InputError(f"invalid value {wish!r}", where="--gpus", fix="Use auto, all, none or a number.")
        return Gpus(int(wish), by_cdi, f"--gpus {wish}")
    if engine.local and not any(device.exists() for device in _CONTROL_DEVICES):
        return Gpus(0, by_cdi, f"this machine has no {_CONTROL_DEVICES[0]}")
    if runtime:
        return Gpus(-1, by_cdi, "the engine has NVIDIA's runtime")
    if cdi:
        return Gpus(-1, by_cdi, "the engine has NVIDIA devices through CDI")
    return Gpus(0, by_cdi, "the engine has neither NVIDIA's runtime nor CDI (for Podman, use --gpus all)")


def choose_memory(engine: Engine, wish: str | None) -> int | None:
    """The memory limit in bytes; None for no limit.

    The default is 90 % of the memory of the engine's host, so that this container is killed, and not another program, if the
    model needs more.

    Raises:
        InputError: `wish` is invalid, below the engines' minimum of 6 MiB, or unreasonably large.
    """
    if wish is None:
        return engine.memory * 9 // 10 // _UNITS["m"] * _UNITS["m"] if engine.memory else None
    return None if wish == "none" else amount(wish, "--memory", least=6 << 20)


def amount(text: str, option: str, least: int = 1, most: int = _MOST_MEMORY) -> int:
    """Parse `16g`, `512m` or `1048576` as bytes.

    Raises:
        InputError: Not an amount, less than `least` or more than `most`.
    """
    match = re.fullmatch(r"([0-9]{1,15})([bkmgt]?)(?:i?b)?", text.strip().lower())
    value = int(match[1]) * _UNITS[match[2]] if match else 0
    if not least <= value <= most:
        raise InputError(
            f"{text!r} is not an amount from {words(least)} to {words(most)}", where=option, fix="Give 512m, 16g, ..."
        )
    return value


def number(value: int, option: str, least: int, most: int) -> int:
    """Check that a value is from `least` to `most`.

    Raises:
        InputError: The value is out of range.
    """
    if not least <= value <= most:
        raise InputError(f"{value} is not from {least} to {most}", where=option)
    return value


def words(size: int | None) -> str:
    """A number of bytes in human-readable form."""
    if size is None:
        return "no limit"
    for unit, name in (("g", "GiB"), ("m", "MiB"), ("k", "KiB")):
        if size >= _UNITS[unit]:
            return f"{size / _UNITS[unit]:.1f} {name}".replace(".0 ", " ")
    return f"{size} bytes"


def choose_user(engine: Engine, wish: str | None, out: Path) -> User:
    """Parse `UID:GID`; by default the caller, or an unprivileged user if the caller is root.

    Raises:
        InputError: `wish` is not UID:GID, `out` is not a folder, or the chosen user may not write to it.
    """
    caller = (os.getuid(), os.getgid())
    if wish is not None:
        match = re.fullmatch(r"([0-9]{1,10}):([0-9]{1,10})", wish)
        if match is None or max(int(match[1]), int(match[2])) > 4294967294:
            raise InputError(f"{wish!r} is not UID:GID", where="--user", fix="For example 1000:1000")
        chosen = (int(match[1]), int(match[2]))
        user = User(*chosen, outside=None if engine.rootless else chosen)
    elif engine.rootless and engine.podman:
        user = User(*caller, outside=caller, keep_id=True, reason="the same as outside: Podman keeps the id")
    elif engine.rootless:
        user = User(0, 0, outside=caller, reason="you, as a rootless engine sees you")
    elif caller[0] == 0:
        user = User(*UNPRIVILEGED, outside=UNPRIVILEGED, reason="instead of root; change with --user")
    else:
        user = User(*caller, outside=caller)
    if engine.local and os.path.lexists(out):
        _check_out(out, user)
    return user


def _check_out(out: Path, user: User) -> None:
    if not os.path.isdir(out):  # noqa: PTH112  Path's raises where a name is too long
        raise InputError(
            "is not a folder", where=f"--out {out}", fix="Give a folder, or a new name: it will be created."
        )
    if not _may(out, user, 0o3):
        raise InputError(
            f"the container's user {user} may not write to it",
            where=f"--out {out}",
            fix="Give a new name: the folder will be created. Or run as its owner (--user UID:GID), or:\n"
            f"  {_chown(user, out)}",
        )


def _chown(user: User, path: Path) -> str:
    """The command that gives the path to the user."""
    uid, gid = user.outside or (user.uid, user.gid)
    return f"chown {uid}:{gid} {shlex.quote(str(path))}"


def check_readable(engine: Engine, user: User, path: Path, option: str, *, folder: bool) -> None:
    """Check that a folder or file exists, is of the right kind, and is readable for the container's user.

    Only checked for an engine on this machine. A file is a secret, so the remedy never opens it to other users.

    Raises:
        MissingError: The path does not exist.
        InputError: The path is of the wrong kind, or the user may not read it.
    """
    if not engine.local:
        return
    if not path.exists():
        raise MissingError("does not exist", where=f"{option} {path}")
    if path.is_dir() != folder:
        raise InputError(f"is {'not a' if folder else 'a'} folder", where=f"{option} {path}")
    if not _may(path, user, 0o5 if folder else 0o4):
        raise InputError(
            f"the container's user {user} may not read it",
            where=f"{option} {path}",
            fix="Run as its owner (--user UID:GID), or let that user read it (chown, chmod or setfacl)."
            if folder
            else _secret(user, path),
        )


def _secret(user: User, path: Path) -> str:
    """How to make a secret readable for this user only."""
    status = path.stat()
    if user.outside is not None and user.outside[0] == status.st_uid:
        return "The user owns it, but its mode does not let the owner read it."
    return f"Run: {_chown(user, path)}   or run as its owner: --user {status.st_uid}:{status.st_gid}"


def check_predictions(engine: Engine, folder: Path) -> None:
    """Refuse a folder without predictions, because the program inside would silently audit only the recorded values.

    Raises:
        InputError: No file has the name of a predictions file.
    """
    if not engine.local:
        return
    if not any(map(is_rows, folder.iterdir())):
        raise InputError(
            "has no predictions", where=f"--predictions {folder}", fix="Give the folder with the TASK.jsonl files."
        )


def prepare_out(engine: Engine, user: User, out: Path) -> None:
    """Create the output folder, owned by the container's user, if it is missing.

    Raises:
        InputError: It is a file, or cannot be created.
    """
    if not engine.local or os.path.isdir(out):  # noqa: PTH112  as above
        return
    try:
        out.mkdir(parents=True)
        if user.outside is not None and os.getuid() == 0:
            # Do not follow symbolic links: another user might have replaced the folder by one.
            os.chown(out, *user.outside, follow_symlinks=False)
    except OSError as error:
        raise InputError(f"cannot create the folder ({error.strerror})", where=f"--out {out}") from None


def _may(path: Path, user: User, bits: int) -> bool:
    """Whether the mode permits the access; True if unknown (other namespaces, access lists): the run will show."""
    if user.outside is None or user.outside[0] == 0 or _has_list(path):
        return True
    status = path.stat()
    uid, gid = user.outside
    shift = 6 if uid == status.st_uid else 3 if gid == status.st_gid else 0
    return status.st_mode >> shift & bits == bits


def _has_list(path: Path) -> bool:
    """Whether the file has an access control list; known only on Linux, and not for all file systems."""
    try:
        return "system.posix_acl_access" in os.listxattr(path)
    except (OSError, AttributeError):
        return False
