"""A folder of clips with a `metadata.csv` or `metadata.jsonl` beside them: the AudioFolder layout of Hugging Face Datasets.

`file_name` names the clip, relative to the folder. The reference is `reference`, `transcription` or `text`; in JSON Lines it
may be of any type. `id` (by default the file's name without its ending) and `query` (what replaces `{}` in an instruction) are
optional; further fields go into `extra`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from tasks.datasets import manifest
from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest
from tasks.datasets.tables import json_text, lines_of, table

FILES = ("metadata.csv", "metadata.jsonl")
REFERENCES = ("reference", "transcription", "text")


def is_audiofolder(root: Path) -> bool:
    """Whether a folder has this layout."""
    return any((root / name).is_file() for name in FILES)


def read(root: Path) -> Manifest:
    """Read the folder.

    Raises:
        DatasetError: It has no metadata or both files, a line lacks a field, or names a file outside the folder.
    """
    found = [root / name for name in FILES if (root / name).is_file()]
    if len(found) != 1:
        what = "both metadata.csv and metadata.jsonl" if found else "neither metadata.csv nor metadata.jsonl"
        raise DatasetError(f"the folder has {what}", where=str(root), fix="keep one, with file_name and reference")
    return manifest.make(root.resolve().name, "all", root, [_item(row, where) for where, row in _rows(found[0])])


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if path.suffix == ".csv":
        for number, row in enumerate(table(path, ["file_name"]), 1):
            yield f"{path}: row {number}", {name: value for name, value in row.items() if name}
        return
    for number, line in lines_of(path):
        yield f"{path}:{number}", json_text(line, f"{path}:{number}")


def _item(row: dict[str, Any], where: str) -> Item:
    rest = dict(row)
    name = rest.pop("file_name", None)
    if not isinstance(name, str) or not name:
        raise DatasetError("no file_name", where=where, fix="name the clip, relative to the folder")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise DatasetError(f"the file {name!r} is outside the folder", where=where, fix="give a path below the folder")
    named = [field for field in REFERENCES if field in rest]
    if len(named) != 1:
        what = f"{' and '.join(named)} are both there" if named else "no reference"
        raise DatasetError(what, where=where, fix=f"give one of {', '.join(REFERENCES)}")
    reference = rest.pop(named[0])
    id_, query = rest.pop("id", None), rest.pop("query", None)
    for field, value in (("id", id_), ("query", query)):
        if value is not None and not isinstance(value, str):
            raise DatasetError(f"{field} is not a text", where=where)
    if "error" in rest:
        raise DatasetError("`error` is a field of error rows", where=where, fix="rename the field")
    item = Item(id_ or path.with_suffix("").as_posix(), (name,), reference, query or None, extra=rest)
    try:
        item.line()
    except (ValueError, RecursionError):
        raise DatasetError("a value that JSON cannot hold, or more levels than it can", where=where) from None
    return item
