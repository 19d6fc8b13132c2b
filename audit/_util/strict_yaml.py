"""Strict YAML reader for records: plain data, with file, line and field for every value.

YAML 1.1 parses `no` as false, `2406.16020` as a float, `2024-11-25` as a date and `1:30` as ninety, and
accepts duplicate keys. For records of evidence this is unacceptable. Here every scalar except `true`, `false`,
`null` and plain decimal integers is a string, and floats, duplicate keys, anchors, aliases, tags
and several documents in one file are errors that give their location.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from audit._util.files import refuse_pointer
from audit.errors import InputError

Field: TypeAlias = tuple[str | int, ...]

_BASE: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# At most 18 digits: longer digit sequences are identifiers, and therefore strings.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
# Everything that YAML 1.1, YAML 1.2 or JSON parses as a float, including `.5` and `1e5`.
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?\Z"
    r"|[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z"
)
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

# Records have a few kilobytes; the limit avoids parsing a wrong file for minutes.
MAX_BYTES = 2_000_000
MAX_DEPTH = 20


@dataclass(frozen=True)
class Document:
    """The data of a YAML file, with the location of each part.

    Attributes:
        path: The file, as given by the caller.
        data: Dictionaries, lists, strings, integers, booleans and null.
        text: What was read.
    """

    path: Path
    data: Any
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> Mapping[Field, int]:
        """Field (keys and indices from the top) -> line, counted from 1."""
        # Few documents are asked, and places take a third of the reader's time.
        lines: dict[Field, int] = {}
        _read(self.text, self.path, lines)
        return lines

    def where(self, field: Iterable[str | int] = ()) -> str:
        """`file:line: field`, for the field or the nearest enclosing field in the file."""
        wanted = tuple(field)
        known = wanted
        while known and known not in self.lines:
            known = known[:-1]
        line = self.lines.get(known, 1)
        return f"{self.path}:{line}: {name(wanted)}" if wanted else f"{self.path}:{line}"


def name(field: Iterable[str | int]) -> str:
    """The name of a field in messages: `claims[3].value`."""
    text = ""
    for part in field:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text


def load(path: str | Path) -> Document:
    """Read one YAML file.

    Raises:
        InputError: The file cannot be read, is larger than `MAX_BYTES`, is invalid UTF-8 or YAML, or contains
            something that this module does not allow. The message names file, line and field.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror}", where=str(path)) from error
    refuse_pointer(raw, path)
    return parse(raw, path)


def parse(raw: bytes, path: str | Path) -> Document:
    """Parse the bytes of a YAML file; `path` is its name in messages.

    Raises:
        InputError: See `load`.
    """
    path = Path(path)
    if len(raw) > MAX_BYTES:
        raise InputError(f"{len(raw)} bytes are too many for a record", where=str(path))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("invalid UTF-8", where=f"{path}:{line}", fix="Save it as UTF-8.") from error
    try:
        return Document(path, _read(text, path, None), text)
    except InputError:
        return Document(path, _read(text, path, {}), text)  # the error with its places


def _read(text: str, path: Path, lines: dict[Field, int] | None) -> Any:
    """The data of a text; `lines` takes the lines of its fields, which errors name."""
    try:
        with ExitStack() as end:
            loader = _BASE(text)
            end.callback(loader.dispose)
            return _Reader(path, loader.get_event, lines).data()
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InputError(f"invalid YAML: {error.problem or error.context}", where=place) from error
    except yaml.YAMLError as error:
        raise InputError(f"invalid YAML: {error}", where=str(path)) from error


class _Reader:
    """Builds plain data from the parser's events, which include tags, anchors, quoting and lines."""

    def __init__(self, path: Path, following: Callable[[], Any], lines: dict[Field, int] | None) -> None:
        self.path = path
        self.following = following
        self.lines = lines
        self.field: list[str | int] = []  # where the reader is

    def data(self) -> Any:
        self.following()  # the stream's start
        if isinstance(self.following(), yaml.StreamEndEvent):
            raise InputError("the file is empty", where=str(self.path))
        data = self._value(self.following())
        self.following()  # the document's end
        event: Any = self.following()
        if not isinstance(event, yaml.StreamEndEvent):
            raise InputError("a second document begins here", where=self._place(event), fix="Use one file per record.")
        return data

    def _place(self, event: Any, *key: str) -> str:
        field = (*self.field, *key)
        place = f"{self.path}:{_line(event)}"
        return f"{place}: {name(field)}" if field else place

    def _value(self, event: Any) -> Any:
        if self.lines is not None:
            self.lines.setdefault(tuple(self.field), _line(event))
        if len(self.field) > MAX_DEPTH:
            del self.field[3:]
            raise InputError(f"more than {MAX_DEPTH} levels deep", where=self._place(event))
        kind = type(event)
        if kind is yaml.AliasEvent or event.anchor is not None:
            raise InputError(
                "anchors and aliases are not allowed",
                where=self._place(event),
                fix="Write the value out where it is needed.",
            )
        if event.tag is not None:
            raise InputError(
                f"the tag {event.tag} is not allowed",
                where=self._place(event),
                fix="Write plain YAML without tags.",
            )
        if kind is yaml.ScalarEvent:
            return self._scalar(event)
        return self._sequence() if kind is yaml.SequenceStartEvent else self._mapping()

    def _sequence(self) -> list[Any]:
        items: list[Any] = []
        self.field.append(0)
        while type(event := self.following()) is not yaml.SequenceEndEvent:
            self.field[-1] = len(items)
            items.append(self._value(event))
        self.field.pop()
        return items

    def _mapping(self) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while type(event := self.following()) is not yaml.MappingEndEvent:
            if type(event) is not yaml.ScalarEvent:
                raise InputError(
                    "a key must be a word",
                    where=self._place(event),
                    fix="Put a brace or a bracket in quotes.",
                )
            key: str = event.value
            if key == "<<":
                raise InputError(
                    "merge keys are not allowed",
                    where=self._place(event),
                    fix="Write the value out where it is needed.",
                )
            if key in result:
                first = self.lines[*self.field, key] if self.lines is not None else None
                raise InputError(
                    f"duplicate key, first on line {first}",
                    where=self._place(event, key),
                    fix="Remove one of the two.",
                )
            self.field.append(key)
            if self.lines is not None:
                self.lines[tuple(self.field)] = _line(event)
            result[key] = self._value(self.following())
            self.field.pop()
        return result

    def _scalar(self, event: Any) -> str | int | bool | None:
        text: str = event.value
        if not event.implicit[0]:  # quoted, or a block
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            raise InputError(
                f"{text} is a float; records store decimal numbers as strings, because trailing zeros are significant",
                where=self._place(event),
                fix=f'Write "{text}" with quotes.',
            )
        return text


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1
