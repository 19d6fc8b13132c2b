"""OpenSSH allowed-signers files, in which the reader of a package lists who may sign.

Format: ssh-keygen(1), ALLOWED SIGNERS. A line with an unknown option never allows anything.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import re

from audit.errors import InputError

_OPTION = re.compile(r'([a-z-]+)(?:="([^"]*)")?')
_KEY_TYPE = re.compile(r"(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[A-Za-z0-9@.-]+\Z")


def principals(text: str, line: str, namespace: str, now: dt.datetime, where: str) -> list[str]:
    """The principals for whom the file allows the key in `line` to sign in `namespace` at time `now`.

    Args:
        text: The file.
        line: The public key: type and base64.
        namespace: The signature's namespace.
        now: A timezone-aware time, against which validity options are checked as in ssh-keygen.
        where: The file's name, for messages.

    Raises:
        InputError: A line is invalid.
    """
    found: list[str] = []
    for number, raw in enumerate(text.split("\n"), 1):
        entry = raw.strip()
        if not entry or entry.startswith("#"):
            continue
        names, options, key = _parse(entry, f"{where}:{number}")
        if key == line and _allows(options, namespace, now, f"{where}:{number}"):
            found.extend(names)
    return found


def matches(patterns: list[str], principal: str) -> bool:
    """Whether a principal matches a list of OpenSSH patterns: `*` and `?`, and `!` to exclude."""
    excluded = any(p.startswith("!") and fnmatch.fnmatchcase(principal, p[1:]) for p in patterns)
    return not excluded and any(fnmatch.fnmatchcase(principal, p) for p in patterns if not p.startswith("!"))


def _parse(entry: str, where: str) -> tuple[list[str], dict[str, str | None], str]:
    broken = InputError(
        "not a line of an allowed-signers file", where=where, fix="PRINCIPALS [OPTIONS] KEY-TYPE BASE64-KEY"
    )
    head = re.match(r'(?:"([^"]+)"|(\S+))\s+', entry)
    if head is None:
        raise broken
    names = (head[1] or head[2]).split(",")
    rest = entry[head.end() :]
    options: dict[str, str | None] = {}
    if not _KEY_TYPE.match(rest.split(None, 1)[0]):
        place = 0
        while True:
            option = _OPTION.match(rest, place)
            if option is None:
                raise broken
            options[option[1].lower()] = option[2]
            place = option.end()
            if rest[place : place + 1] != ",":
                break
            place += 1
        rest = rest[place:].lstrip()
    parts = rest.split()
    if len(parts) < 2 or not _KEY_TYPE.match(parts[0]):
        raise broken
    return names, options, f"{parts[0]} {parts[1]}"


def _allows(options: dict[str, str | None], namespace: str, now: dt.datetime, where: str) -> bool:
    if set(options) - {"namespaces", "valid-after", "valid-before"}:
        return False
    spaces = options.get("namespaces")
    if "namespaces" in options and not matches((spaces or "").split(","), namespace):
        return False
    after, before = options.get("valid-after"), options.get("valid-before")
    return (after is None or _time(after, where) <= now) and (before is None or now < _time(before, where))


def _time(text: str, where: str) -> dt.datetime:
    digits = text.removesuffix("Z")
    layout = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(digits))
    try:
        if layout is None:
            raise ValueError(text)
        value = dt.datetime.strptime(digits, layout)
    except ValueError:
        raise InputError(
            f"invalid time {text!r}", where=where, fix="YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z for UTC"
        ) from None
    return value.replace(tzinfo=dt.UTC) if text.endswith("Z") else value.astimezone()
