"""Redaction of published run records: no secrets, no user names, no paths of the machine."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit, urlunsplit

NOBODY = frozenset({"debian", "docker", "localhost", "nobody", "root", "runner", "ubuntu", "user"})
WITHHELD = "[withheld]"
PATH = "[path]"
# A path inside an argument: `HOST:/home/x`, `src=/home/x,dst=y`.
_INNER_PATH = re.compile(r"(?<![A-Za-z0-9._/-])(?:/|~/)[^\s:,;=]+")
_SECRET = re.compile(r"pass|secret|token|credential|pin\b|api|auth|private|cookie|signature", re.IGNORECASE)
# Long runs of letters and digits look like keys; 40 and 64 hex digits are commits and digests.
_KEYLIKE = re.compile(
    r"(?<![A-Za-z0-9+/_-])(?![0-9a-f]{40}(?![0-9a-f])|[0-9a-f]{64}(?![0-9a-f]))(?=[A-Za-z+/_-]*[0-9])[A-Za-z0-9+/_-]{28,}={0,2}"
)


def command(arguments: Iterable[str], folder: Path | None = None) -> list[str]:
    """A command line that is safe to publish.

    Values of options that look secret are withheld, paths outside `folder` become `[path]`, URLs lose user,
    password and query, and user and host names are removed.

    Args:
        arguments: The arguments; the first is the program.
        folder: Paths inside it are kept, as relative paths; by default the working folder.
    """
    base = (folder or Path.cwd()).resolve()
    given = list(arguments)
    cleaned = [PurePosixPath(given[0].replace("\\", "/")).name] if given else []
    secret_next = False
    for argument in given[1:]:
        if secret_next and not argument.startswith("--"):
            cleaned.append(WITHHELD)
            secret_next = False
            continue
        option, equals, value = argument.partition("=")
        is_option = option.startswith("-")
        secret = is_option and _SECRET.search(option) is not None
        secret_next = secret and not equals
        if is_option and not equals:
            cleaned.append(text(argument) if argument.startswith("--") else text(_short(argument, base)))
        elif is_option or (equals and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", option)):
            hidden = secret or _SECRET.search(option) is not None
            cleaned.append(f"{text(option)}={WITHHELD if hidden else _value(value, base)}")
        else:
            cleaned.append(_value(argument, base))
    return cleaned


def text(value: str) -> str:
    """A text without the home folder, user and host names, and anything that looks like a key."""
    for name, instead in _own_names():
        value = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", instead, value)
    return _KEYLIKE.sub(WITHHELD, value)


def _short(argument: str, base: Path) -> str:
    """`-ofile`: an option of one letter with its value."""
    return argument[:2] + _value(argument[2:], base) if len(argument) > 2 else argument


def _value(value: str, base: Path) -> str:
    if "://" in value:
        parts = urlsplit(value)
        host = (parts.hostname or "") + (f":{parts.port}" if _has_port(parts.netloc) else "")
        if parts.scheme == "file":
            return PATH
        return text(urlunsplit((parts.scheme, host, parts.path, "", "")))
    if value.startswith(("~", "\\")) or re.match(r"[A-Za-z]:[\\/]", value):
        return PATH
    if value.startswith("/") or ".." in PurePosixPath(value).parts:
        path = Path(os.path.normpath(base / value))
        return text(path.relative_to(base).as_posix()) if path.is_relative_to(base) else PATH
    return text(_INNER_PATH.sub(PATH, value))


def _has_port(netloc: str) -> bool:
    return re.search(r":\d+\Z", netloc) is not None


def _own_names() -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for home in (os.environ.get("HOME"), os.environ.get("USERPROFILE")):
        if home and len(home) > 1:
            found[home] = PATH
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = ""
    host = socket.gethostname()
    names = {user: "[user]", host: "[host]", host.split(".")[0]: "[host]"}
    # Three-letter words occur everywhere, and names like root identify nobody.
    found |= {name: instead for name, instead in names.items() if len(name) > 3 and name not in NOBODY}
    return sorted(found.items(), key=lambda item: -len(item[0]))
