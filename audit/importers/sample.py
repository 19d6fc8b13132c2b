"""The beginning of a source, for importers that say whether it is theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from audit._util.files import refuse_pointer
from audit.errors import InputError
from audit.importers.records import STDIN, read_bytes

# Fields may be missing in a single row, so the fields of the first rows are looked at together.
_ROWS = 20
# A JSON document larger than this is recognised by its first bytes alone; an import of it names its format.
_MAX_DOCUMENT = 2**28
_MAX_LINES = 200


@dataclass(frozen=True)
class Sample:
    """A source and what its first bytes, rows and lines look like. Nothing here raises: what cannot be read is empty.

    Attributes:
        path: The file, the folder, or `-`.
        raw: The bytes; empty for a folder.
    """

    path: Path
    raw: bytes

    @cached_property
    def text(self) -> str | None:
        """The text, or None for bytes that are not UTF-8 or contain a NUL."""
        head = self.raw[:_MAX_DOCUMENT]
        if b"\0" in head[:4096]:
            return None
        try:
            return head.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The first lines that are not blank, without line ends."""
        text = (self.text or "")[: 2**20]
        found = [line.rstrip("\r") for line in text.split("\n", _MAX_LINES)[:_MAX_LINES]]
        return tuple(line for line in found if line.strip())

    @cached_property
    def document(self) -> Any:
        """The whole source as one JSON value; None if it is not one, or has several lines with one object each."""
        text = self.text
        if text is None or text.lstrip()[:1] not in ("{", "["):
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def rows(self) -> tuple[Mapping[str, Any], ...]:
        """The first objects of a JSON list or of JSON lines; empty if there is anything else among them."""
        document = self.document
        if isinstance(document, list):
            first = document[:_ROWS]
            return tuple(first) if all(isinstance(row, dict) for row in first) else ()
        found: list[Mapping[str, Any]] = []
        for line in self.lines[:_ROWS]:
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                return ()
            if not isinstance(row, dict):
                return ()
            found.append(row)
        return tuple(found)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The names of the fields of the first rows, together."""
        return frozenset(name for row in self.rows for name in row)

    def has(self, *names: str) -> bool:
        """Whether the first rows have all of these fields."""
        return self.fields.issuperset(names)


def sample(path: Path) -> Sample:
    """The source at a path.

    Raises:
        InputError: It cannot be read, is empty, or is a Git LFS pointer.
    """
    if str(path) != STDIN and path.is_dir():
        return Sample(path, b"")
    raw = read_bytes(path)
    refuse_pointer(raw, path)
    return Sample(path, raw)


def not_recognised(found: Sample, names: str) -> InputError:
    """The error for a source that no importer takes."""
    if found.text is None and found.raw:
        what = "neither text in UTF-8 nor a binary format that is known here"
    elif found.rows:
        what = f"JSON with the fields {', '.join(sorted(found.fields)) or '(none)'}, which fit no known format"
    elif found.document is not None:
        what = "JSON, but of no known format"
    elif not found.raw:
        what = "a folder without a data set"
    else:
        what = "text of no known format"
    return InputError(
        what,
        where=str(found.path),
        fix=f"Name the format (`repro-audit import FORMAT FILE`): {names}. Fields of any names: jsonl or csv with --field.",
    )
