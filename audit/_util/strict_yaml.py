"""YAML as records need it: plain data, every value traceable to its file, line and field.

YAML 1.1 reads `no` as false, `2406.16020` as a float, `2024-11-25` as a date and `1:30` as ninety; it also
lets a later duplicate of a key win. Records of evidence can afford none of these. Here only `true`, `false`,
`null` and plain decimal integers are anything but strings, and floats, duplicate keys, anchors, aliases, tags
and several documents in one file are errors that name the place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from audit.errors import InputError

Field: TypeAlias = tuple[str | int, ...]

_BASE: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# At most 18 digits: longer rows of digits are identifiers, and identifiers are strings.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
# Whatever YAML 1.1, YAML 1.2 or JSON would read as a float; `.5` and `1e5` included.
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?\Z"
    r"|[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z"
)
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

# Records are a few kilobytes; this keeps a wrong file from being parsed for minutes.
MAX_BYTES = 2_000_000
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file's data, and where each part of it stands.

    Attributes:
        path: The file, as it was named.
        data: Dictionaries, lists, strings, integers, booleans and null.
        lines: Field (keys and indices from the top) -> line, counted from 1.
    """

    path: Path
    data: Any
    lines: Mapping[Field, int]

    def where(self, field: Iterable[str | int] = ()) -> str:
        """`file:line: field`, or the nearest enclosing field that is in the file."""
        wanted = tuple(field)
        known = wanted
        while known and known not in self.lines:
            known = known[:-1]
        line = self.lines.get(known, 1)
        return f"{self.path}:{line}: {name(wanted)}" if wanted else f"{self.path}:{line}"


def name(field: Iterable[str | int]) -> str:
    """A field for people: `claims[3].value`."""
    text = ""
    for part in field:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text


def load(path: str | Path) -> Document:
    """Read one YAML file.

    Raises:
        InputError: The file cannot be read, is not UTF-8, is larger than `MAX_BYTES`, is not YAML, or holds
            something that the module's text rules out. The message names file, line and field.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", where=str(path)) from error
    return parse(raw, path)


def parse(raw: bytes, path: str | Path) -> Document:
    """Read the bytes of one YAML file; `path` is what messages call it.

    Raises:
        InputError: As `load`.
    """
    path = Path(path)
    if len(raw) > MAX_BYTES:
        raise InputError(f"a record of {len(raw)} bytes is larger than any record", where=str(path))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("the file is not UTF-8", where=f"{path}:{line}", fix="Save it as UTF-8.") from error
    try:
        return _Reader(path, yaml.parse(text, Loader=_BASE)).document()
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InputError(f"not YAML: {error.problem or error.context}", where=place) from error
    except yaml.YAMLError as error:
        raise InputError(f"not YAML: {error}", where=str(path)) from error


class _Reader:
    """Builds plain data from the parser's events, which still show tags, anchors, quotes and lines."""

    def __init__(self, path: Path, events: Iterator[Any]) -> None:
        self.path = path
        self.events = events
        self.lines: dict[Field, int] = {}

    def document(self) -> Document:
        next(self.events)  # the stream's start
        if isinstance(next(self.events), yaml.StreamEndEvent):
            raise InputError("the file is empty", where=str(self.path))
        data = self._value(next(self.events), ())
        next(self.events)  # the document's end
        event: Any = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise InputError(
                "a second document begins here", where=self._place(event, ()), fix="Keep one record a file."
            )
        return Document(self.path, data, self.lines)

    def _place(self, event: Any, field: Field) -> str:
        place = f"{self.path}:{_line(event)}"
        return f"{place}: {name(field)}" if field else place

    def _value(self, event: Any, field: Field) -> Any:
        self.lines.setdefault(field, _line(event))
        if len(field) > MAX_DEPTH:
            raise InputError(f"more than {MAX_DEPTH} levels deep", where=self._place(event, field[:3]))
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise InputError(
                "anchors and aliases are not allowed",
                where=self._place(event, field),
                fix="Write the value out where it is needed.",
            )
        if event.tag is not None:
            raise InputError(
                f"the tag {event.tag} is not allowed",
                where=self._place(event, field),
                fix="Write plain YAML without tags.",
            )
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, field)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
                items.append(self._value(event, (*field, len(items))))
            return items
        return self._mapping(field)

    def _mapping(self, field: Field) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise InputError(
                    "a key must be a word",
                    where=self._place(event, field),
                    fix="Put a brace or a bracket in quotes.",
                )
            key: str = event.value
            inner = (*field, key)
            if key == "<<":
                raise InputError(
                    "merge keys are not allowed",
                    where=self._place(event, field),
                    fix="Write the value out where it is needed.",
                )
            if key in result:
                raise InputError(
                    f"the key is there twice; first on line {self.lines[inner]}",
                    where=self._place(event, inner),
                    fix="Remove one of the two.",
                )
            self.lines[inner] = _line(event)
            result[key] = self._value(next(self.events), inner)
        return result

    def _scalar(self, event: Any, field: Field) -> str | int | bool | None:
        text: str = event.value
        if not event.implicit[0]:  # quoted, or a block
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            raise InputError(
                f"{text} is a float; records hold decimal numbers as strings, because trailing zeros count",
                where=self._place(event, field),
                fix=f'Write "{text}" with quotes.',
            )
        return text


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1
