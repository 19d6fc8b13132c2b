"""Tables of Apache Arrow as records: what Parquet files and Hugging Face data sets on disk have in common.

pyarrow is the extra `parquet`; without it, reading is an error that names the extra.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

from audit.errors import InputError, MissingError
from audit.importers.records import MAX_FILE_BYTES, Record

# Columns of sounds and images are structs of these fields; the bytes are not read.
_MEDIA = {"bytes", "path"}


def pyarrow() -> ModuleType:
    """The module, with its readers.

    Raises:
        MissingError: It is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError as error:
        raise MissingError(
            "pyarrow is not installed", where="the extra `parquet`", fix="pip install 'repro-audit[parquet]'"
        ) from error
    module: ModuleType = pa
    return module


@contextmanager
def reading(where: str, what: str) -> Iterator[None]:
    """Turn Arrow's errors into one with the file's name.

    Raises:
        InputError: Arrow could not read the data.
    """
    arrow = pyarrow()
    try:
        yield
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"cannot be read as {what} ({reason})", where=where, fix="Check that the file is complete."
        ) from error


def columns(schema: Any) -> tuple[list[str], list[str]]:
    """The columns to read, as paths of fields, and the columns of sounds or images of which only the path is read.

    Args:
        schema: An Arrow schema.
    """
    wanted, media = [], []
    for field in schema:
        inner = {field.type.field(i).name for i in range(field.type.num_fields)} if _is_struct(field.type) else set()
        if inner == _MEDIA:
            media.append(field.name)
            wanted.append(f"{field.name}.path")
        else:
            wanted.append(field.name)
    return wanted, media


def _is_struct(kind: Any) -> bool:
    return bool(pyarrow().types.is_struct(kind))


def records(table: Any, where: str) -> tuple[list[Record], tuple[str, ...]]:
    """The rows of a table as records, and a note on values that JSON does not have.

    Args:
        table: An Arrow table.
        where: The file, for messages.

    Raises:
        InputError: There are no rows, two columns have the same name, the table is larger than 2 GiB, or a name or a value of
            it does not exist in Python (no UTF-8, a date after the year 9999).
    """
    with reading(where, "a table"):
        names = table.column_names
    copies = sorted({name for name in names if names.count(name) > 1})
    if copies:
        raise InputError(f"duplicate column {copies[0]!r}", where=where, fix="Rename one of the columns.")
    if table.nbytes > MAX_FILE_BYTES:
        raise InputError("larger than 2 GiB in memory", where=where, fix="Split the file, or leave columns out.")
    if not table.num_rows:
        raise InputError("no rows", where=where, fix="Give a file that contains rows.")
    with reading(where, "a table"):
        rows = table.to_pylist()
    lost: dict[str, int] = {}
    found = []
    for index, row in enumerate(rows, 1):
        fields = {name: _plain(value, name, lost) for name, value in row.items()}
        found.append(Record(f"{where}: row {index}", fields))
    notes = tuple(f"{count} values that are not finite numbers in {name} became null" for name, count in lost.items())
    return found, notes


def _plain(value: Any, name: str, lost: dict[str, int]) -> Any:
    """A value as JSON has it: times and exact decimals as texts, bytes in base 64."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one, name, lost) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, name, lost) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        lost[name] = lost.get(name, 0) + 1
        return None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | timedelta):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value
