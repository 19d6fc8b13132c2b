"""Strict reading of JSON sources: a list of objects, or one object per line."""

from __future__ import annotations

import hashlib
import json
import sys
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from audit._util.files import refuse_pointer
from audit._util.strict_json import InvalidJsonError, loads
from audit.errors import InputError
from audit.scoring.prediction_meta import MAX_LINE_BYTES

MAX_FILE_BYTES = 2 * 2**30
STDIN = "-"
# Standard input can be read once, but a format is recognised before it is imported.
_READ: weakref.WeakKeyDictionary[TextIO, bytes] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Record:
    """An object of a source and its location, for messages: `x.jsonl:12`, or `x.json: item 12`."""

    where: str
    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """The string value of a required field.

        Raises:
            InputError: The field is missing or not a string.
        """
        value = self.value(name)
        if not isinstance(value, str):
            raise InputError(
                f"must be a string, not {json.dumps(value)[:60]}",
                where=f"{self.where}: {name}",
                fix="Correct the record; nothing was written.",
            )
        return value

    def value(self, name: str) -> Any:
        """The value of a required field.

        Raises:
            InputError: The field is missing.
        """
        if name not in self.fields:
            raise InputError(
                "the field is missing",
                where=f"{self.where}: {name}",
                fix=f"The record has: {', '.join(self.fields) or 'no fields'}.",
            )
        return self.fields[name]

    def others(self, *taken: str) -> dict[str, Any]:
        """All fields except those named."""
        return {name: value for name, value in self.fields.items() if name not in taken}


def read_bytes(path: Path) -> bytes:
    """The bytes of a source; `-` is standard input.

    Raises:
        InputError: The file cannot be read, is empty, a Git LFS pointer, or larger than 2 GiB.
    """
    try:
        if str(path) == STDIN:
            raw = _standard_input()
        else:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise InputError("larger than 2 GiB", where=str(path), fix="Split the file.")
            raw = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read ({reason})", where=str(path), fix="Check the path.") from error
    refuse_pointer(raw, path)
    if not raw.strip():
        raise InputError("empty", where=str(path), fix="Give a file that contains records.")
    return raw


def _standard_input() -> bytes:
    if sys.stdin not in _READ:
        raw = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise InputError("larger than 2 GiB", where="standard input", fix="Split the file.")
        _READ[sys.stdin] = raw
    return _READ[sys.stdin]


def named(kind: str, path: Path, raw: bytes) -> str:
    """A source for the meta file: `open-asr: x.jsonl, sha256 ...`."""
    name = "standard input" if str(path) == STDIN else path.name
    return f"{kind}: {name}, sha256 {hashlib.sha256(raw).hexdigest()}"


def decode(raw: bytes, where: str) -> str:
    """Decode UTF-8, with or without a byte order mark.

    Raises:
        InputError: Invalid UTF-8; the message names the first invalid line and byte.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        place = f"{where}:{line}"
        raise InputError(
            f"invalid UTF-8 (byte {column} of the line)", where=place, fix="Save the file as UTF-8."
        ) from error


def parse(text: str, where: str) -> Any:
    """Parse a JSON value; duplicate fields and NaN are errors.

    Raises:
        InputError: Invalid JSON; the message names the column (and the line, if there are several).
    """
    try:
        return loads(text)
    except InvalidJsonError as error:
        place = f"{where}:{error.line}" if error.line and "\n" in text.strip() else where
        column = f", column {error.column}" if error.column else ""
        raise InputError(f"invalid JSON: {error}{column}", where=place, fix="Correct the file.") from None


def _record(value: Any, where: str) -> Record:
    if not isinstance(value, dict):
        raise InputError("not a JSON object", where=where, fix="Every record must be an object.")
    return Record(where, value)


def items(values: Any, where: str) -> list[Record]:
    """The objects of a JSON list, numbered from 1.

    Raises:
        InputError: The value is not a list or is empty, or an item is not an object.
    """
    if not isinstance(values, list) or not values:
        raise InputError("not a list of records", where=where, fix="Check that this is the right file.")
    return [_record(value, f"{where}: item {index}") for index, value in enumerate(values, 1)]


def json_records(path: Path, raw: bytes) -> list[Record]:
    """The records of a JSON list, or of a file with one object per line, whatever the file's name.

    Raises:
        InputError: Invalid UTF-8 or JSON, or a line exceeds the limit of prediction files.
    """
    text = decode(raw, str(path))
    if text.lstrip().startswith("["):
        return items(parse(text, str(path)), str(path))
    records = []
    # Split at newlines only: a JSON string may contain U+2028 or a form feed.
    for number, line in enumerate(text.rstrip("\r\n").split("\n"), 1):
        where = f"{path}:{number}"
        if not line.strip():
            raise InputError("empty line", where=where, fix="Write one JSON object per line.")
        if len(line) > MAX_LINE_BYTES or len(line.encode("utf-8", "surrogatepass")) > MAX_LINE_BYTES:
            raise InputError(
                f"a line of more than {MAX_LINE_BYTES // 2**20} MiB", where=where, fix="Write one row per line."
            )
        records.append(_record(parse(line, where), where))
    return records
