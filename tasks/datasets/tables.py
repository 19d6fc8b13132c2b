"""Strict readers of label files: a missing file or unexpected columns are errors that name the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tasks.datasets.errors import DatasetError


def text_of(path: Path, fix: str | None = None) -> str:
    """The contents of a text file.

    Raises:
        DatasetError: The file is missing or not UTF-8.
    """
    if not path.is_file():
        raise DatasetError("no such file", where=str(path), fix=fix)
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise DatasetError("not UTF-8", where=str(path)) from None


def table(path: Path, columns: Sequence[str], *, tab: bool = False, fix: str | None = None) -> Iterator[dict[str, str]]:
    """The rows of a CSV file (with `tab`, a TSV file without quoting) that has at least these columns.

    Raises:
        DatasetError: The file is missing or lacks a column, or a line has the wrong number of fields.
    """
    lines = text_of(path, fix).split("\n")
    if tab:
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        reader = csv.DictReader((line + "\n" for line in lines), strict=True)
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        raise DatasetError(f"missing columns: {', '.join(missing)}", where=f"{path}:1", fix=fix)
    try:
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
    for number, line in enumerate(text_of(path, fix).split("\n"), 1):
        if line.strip():
            yield number, _object(line, f"{path}:{number}")


def json_object(path: Path, fix: str | None = None) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        DatasetError: The file is missing or does not contain a JSON object.
    """
    return _object(text_of(path, fix), str(path))


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise DatasetError(f"invalid JSON: {error}", where=where) from None
    if not isinstance(data, dict):
        raise DatasetError("not a JSON object", where=where)
    return data


def field(data: dict[str, Any], name: str, kind: type, where: str) -> Any:
    """A field of an object, checked to be of type `kind`.

    Raises:
        DatasetError: The field is missing or of a different type.
    """
    if not isinstance(data.get(name), kind):
        raise DatasetError(f"the field {name} is missing or not a {kind.__name__}", where=where)
    return data[name]
