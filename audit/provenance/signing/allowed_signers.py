"""OpenSSH allowed-signers files, in which the reader of a package lists who may sign, read as ssh-keygen reads them.

Format: ssh-keygen(1), ALLOWED SIGNERS, and what `ssh-keygen -Y verify` of OpenSSH 9 does where the page is silent; the tests
compare both on random lines. Bytes are compared, as there. A line that is not valid allows nothing, and the others stand.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import time
from dataclasses import dataclass, field

_SPACE = b" \t\r\n"
# The fields of a time stamp by its length.
_TIMES = {8: (4, 2, 2), 12: (4, 2, 2, 2, 2), 14: (4, 2, 2, 2, 2, 2)}
_LIMITS = ((0, 9999), (1, 12), (1, 31), (0, 23), (0, 59), (0, 61))
_NUMBER = re.compile(rb" *([0-9]+)\Z")
_OPTION = re.compile(rb"(cert-authority)|(namespaces|valid-after|valid-before)=", re.IGNORECASE)
_QUOTED = re.compile(rb'"((?:\\"|[^"])*)"')
# The longest pattern that ssh-keygen compares; with a longer one, the list matches nothing.
_LONGEST = 1023


@dataclass(frozen=True, slots=True)
class Found:
    """What a file says about a key.

    Attributes:
        principals: The lists of patterns of the lines that allow the key, as they stand in the file.
        problems: For each line that is not valid, where it is and why.
    """

    principals: tuple[str, ...]
    problems: tuple[str, ...]


class _InvalidError(Exception):
    """A line is not valid."""


@dataclass(slots=True)
class _Options:
    authority: bool = False
    namespaces: bytes | None = None
    times: dict[bytes, int] = field(default_factory=dict)


def find(text: str, line: str, namespace: str, now: dt.datetime, where: str) -> Found:
    """The principals for whom the file allows the key in `line` to sign in `namespace` at time `now`.

    Args:
        text: The file.
        line: The public key: type and base64.
        namespace: The signature's namespace.
        now: A timezone-aware time, against which validity options are checked.
        where: The file's name, for messages.
    """
    found, problems = [], []
    for number, raw in enumerate(_bytes(text).split(b"\n"), 1):
        # ssh-keygen's strings end at a NUL.
        entry = raw.partition(b"\0")[0].lstrip(b" \t")
        if not entry.strip(_SPACE) or entry.startswith(b"#"):
            continue
        try:
            names, options, same = _parse(entry, _bytes(line))
        except _InvalidError as error:
            problems.append(f"{where}:{number}: {error}")
            continue
        if same and _allows(options, _bytes(namespace), int(now.timestamp())):
            found.append(names.decode("utf-8", "surrogateescape"))
    return Found(tuple(found), tuple(problems))


def matches(patterns: str, principal: str) -> bool:
    """Whether a principal matches a list of OpenSSH patterns: `*` and `?`, `!` to exclude, commas between them."""
    return _matches(_bytes(patterns), _bytes(principal))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _matches(patterns: bytes, name: bytes) -> bool:
    """As `match_pattern_list`: an excluding pattern that matches decides, wherever it stands."""
    listed = patterns.split(b",")
    if not listed[-1]:
        listed.pop()  # nothing follows the last comma
    found = False
    for one in listed:
        excludes = one.startswith(b"!")
        pattern = one.removeprefix(b"!")
        if len(pattern) >= _LONGEST:
            return False
        if _fits(pattern, name):
            if excludes:
                return False
            found = True
    return found


def _fits(pattern: bytes, name: bytes) -> bool:
    """Whether a whole name fits one pattern; in time proportional to the product of the lengths."""
    p = n = 0
    star, tried = -1, 0
    while n < len(name):
        if p < len(pattern) and pattern[p] == ord("*"):
            star, tried = p, n
            p += 1
        elif p < len(pattern) and pattern[p] in (ord("?"), name[n]):
            p, n = p + 1, n + 1
        elif star >= 0:
            tried += 1
            p, n = star + 1, tried
        else:
            return False
    return not pattern[p:].strip(b"*")


def _parse(entry: bytes, line: bytes) -> tuple[bytes, _Options, bool]:
    """The principals of a line, its options, and whether it has this key."""
    names, rest = _first_word(entry)
    if _is_key(rest, line):
        return names, _Options(), True
    options, key = _past_options(rest)
    read = _options(options)
    if len(key.split()) < 2:
        raise _InvalidError("a key is a type and its base64")
    return names, read, _is_key(key, line)


def _first_word(entry: bytes) -> tuple[bytes, bytes]:
    """The first word, of which one part may be quoted, and what follows the white space after it."""
    end = next((at for at, byte in enumerate(entry) if byte in b' \t\r\n"'), None)
    if end is None:
        raise _InvalidError("a line is PRINCIPALS [OPTIONS] KEY-TYPE BASE64-KEY")
    if entry[end] != ord('"'):
        return entry[:end], entry[end + 1 :].lstrip(_SPACE)
    closing = entry.find(b'"', end + 1)
    if closing < 0:
        raise _InvalidError("a quote is not closed")
    return entry[:end] + entry[end + 1 : closing], entry[closing + 1 :].lstrip(_SPACE)


def _is_key(text: bytes, line: bytes) -> bool:
    """Whether a text begins with a key: its type, and its base64, in which white space does not count."""
    kind, _, blob = line.partition(b" ")
    found, rest = re.match(rb"([^ \t]*)[ \t]*(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    return bool(found == kind and b"".join(re.split(rb"[ \t]", rest, maxsplit=1)[0].split()) == blob)


def _past_options(text: bytes) -> tuple[bytes, bytes]:
    """The options, up to white space outside of quotes, and the rest."""
    quoted, at = False, 0
    while at < len(text) and (quoted or text[at] not in b" \t"):
        if text[at : at + 2] == b'\\"':
            at += 1
        elif text[at] == ord('"'):
            quoted = not quoted
        at += 1
    if quoted:
        raise _InvalidError("a quote is not closed")
    return text[:at], text[at:].lstrip(b" \t")


def _options(text: bytes) -> _Options:
    read, at = _Options(), 0
    while at < len(text):
        name = _OPTION.match(text, at)
        if name is not None and name[1]:
            read.authority, at = True, name.end()
        elif name is not None:
            value, at = _quoted(text, name.end())
            _set(read, name[2].lower(), value)
        if at == len(text):
            break
        if text[at] != ord(","):
            raise _InvalidError("an option is unknown; known are cert-authority, namespaces, valid-after, valid-before")
        at += 1
        if at == len(text):
            raise _InvalidError("the options end with a comma")
    if read.times.get(b"valid-before", 1 << 63) <= read.times.get(b"valid-after", 0):
        raise _InvalidError("valid-before is not after valid-after")
    return read


def _quoted(text: bytes, start: int) -> tuple[bytes, int]:
    """The value of an option in quotes, and where it ends."""
    found = _QUOTED.match(text, start)
    if found is None:
        raise _InvalidError("the value of an option stands in quotes")
    return found[1].replace(b'\\"', b'"'), found.end()


def _set(read: _Options, name: bytes, value: bytes) -> None:
    if name == b"namespaces":
        if read.namespaces is not None:
            raise _InvalidError("namespaces is given twice")
        read.namespaces = value
        return
    if name in read.times:
        raise _InvalidError(f"{name.decode()} is given twice")
    read.times[name] = _time(value)


def _time(text: bytes) -> int:
    """A time in seconds since 1970. Days and seconds beyond the end of a month or minute count on, as in C's mktime."""
    invalid = _InvalidError(
        f"{text.decode('latin-1')!a} is not YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z for UTC"
    )
    digits, utc = text, False
    if len(text) > 1 and text[-1:].upper() == b"Z":
        digits, utc = text[:-1], True
    elif len(text) > 3 and text[-3:].upper() == b"UTC":
        digits, utc = text[:-3], True
    if len(digits) not in _TIMES:
        raise invalid
    values, at = [], 0
    for width, (low, high) in zip(_TIMES[len(digits)], _LIMITS, strict=False):
        number = _NUMBER.match(digits[at : at + width])
        if number is None or not low <= int(number[1]) <= high:
            raise invalid
        values.append(int(number[1]))
        at += width
    year, month, day, hour, minute, second = values + [0] * (6 - len(values))
    try:
        # ssh-keygen states that a local time is not daylight saving time.
        found = (
            calendar.timegm((year, month, day, hour, minute, second))
            if utc
            else int(time.mktime((year, month, day, hour, minute, second, 0, 0, 0)))
        )
    except (OverflowError, ValueError):
        raise invalid from None
    if found <= 0:
        raise invalid
    return found


def _allows(options: _Options, namespace: bytes, now: int) -> bool:
    if options.authority:  # the key signs certificates
        return False
    if options.namespaces is not None and not _matches(options.namespaces, namespace):
        return False
    return options.times.get(b"valid-after", 0) <= now <= options.times.get(b"valid-before", now)
