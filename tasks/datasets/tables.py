"""Strict readers of label files: a missing file or unexpected columns are errors that name the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from tasks.datasets import lfs
from tasks.datasets.errors import DatasetError

# How cells that contain the delimiter or a quotation mark are written: `quotes` as in RFC 4180; `escapes` without quotes,
# where a backslash makes the next character literal and drops out; `plain` with neither.
Form = Literal["quotes", "escapes", "plain"]
# No label file nests deeper than a few levels. Python's own limit differs between its versions.
_DEEPEST = 64


def text_of(path: Path, fix: str | None = None) -> str:
    """The contents of a text file; CRLF becomes LF, other line separators (U+2028, form feed) stay.

    Raises:
        DatasetError: The file is missing, cannot be read, is a Git LFS pointer, or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DatasetError("no such file", where=str(path), fix=fix) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(f"cannot be read ({reason})", where=str(path), fix=fix) from None
    if lfs.is_pointer(raw):
        raise DatasetError(lfs.WHAT, where=str(path), fix=lfs.FIX)
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DatasetError("not UTF-8", where=f"{path}:{line}") from None


def lines_of(path: Path, fix: str | None = None) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers, without empty ones.

    Lines end at LF or CRLF alone: `str.splitlines` would also split at U+2028, U+0085 and form feeds, which are text.

    Raises:
        DatasetError: As `text_of`.
    """
    for number, line in enumerate(text_of(path, fix).split("\n"), 1):
        if line.strip():
            yield number, line


def table(
    path: Path, columns: Sequence[str], form: Form = "quotes", fix: str | None = None
) -> Iterator[dict[str, str]]:
    """The rows of a table that has at least these columns: a CSV file (`quotes`), or a TSV file (other forms).

    Raises:
        DatasetError: The file is missing or lacks a column, or a line has the wrong number of fields.
    """
    lines = (f"{line}\n" for line in text_of(path, fix).split("\n"))
    if form == "quotes":
        reader = csv.DictReader(lines, strict=True)
    else:
        escape = "\\" if form == "escapes" else None
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, escapechar=escape)
    try:
        names = reader.fieldnames or ()
        missing = [name for name in columns if name not in names]
        if missing:
            raise DatasetError(f"missing columns: {', '.join(missing)}", where=f"{path}:1", fix=fix)
        twice = [name for name in columns if names.count(name) > 1]
        if twice:
            raise DatasetError(f"duplicate column {twice[0]}", where=f"{path}:1", fix=fix)
        for row in reader:
            if None in row or any(row[name] is None for name in columns):
                raise DatasetError("wrong number of fields", where=f"{path}:{reader.line_num}")
            yield row
    except csv.Error as error:
        raise DatasetError(f"not a table: {error}", where=f"{path}:{reader.line_num}") from None


def json_lines(path: Path, fix: str | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON Lines file with their line numbers.

    Raises:
        DatasetError: The file is missing, or a line is not a JSON object.
    """
    for number, line in lines_of(path, fix):
        yield number, json_text(line, f"{path}:{number}")


def json_object(path: Path, fix: str | None = None) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        DatasetError: The file is missing or does not contain a JSON object.
    """
    return json_text(text_of(path, fix), str(path))


def json_text(text: str, where: str) -> dict[str, Any]:
    """The object in a JSON text.

    Raises:
        DatasetError: The text is not a JSON object, nests deeper than 64 levels, or an object in it names a field twice.
    """
    try:
        data = json.loads(text, object_pairs_hook=_no_copies)
        if text.count("[") + text.count("{") > _DEEPEST and _deep(data):
            raise RecursionError
    except DatasetError as error:
        raise DatasetError(error.what, where=where) from None
    except RecursionError:
        raise DatasetError("invalid JSON: nested too deeply", where=where) from None
    except ValueError as error:
        raise DatasetError(f"invalid JSON: {error}", where=where) from None
    if not isinstance(data, dict):
        raise DatasetError("not a JSON object", where=where)
    return data


def _deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return any(isinstance(item, dict | list) for item in level)


def _no_copies(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise DatasetError(f"invalid JSON: duplicate field {twice!r}")
    return found


def field(data: dict[str, Any], name: str, kind: type, where: str) -> Any:
    """A field of an object, checked to be of type `kind`.

    Raises:
        DatasetError: The field is missing or of a different type.
    """
    if not isinstance(data.get(name), kind):
        raise DatasetError(f"the field {name} is missing or not a {kind.__name__}", where=where)
    return data[name]
