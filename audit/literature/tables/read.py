"""Reads a file of tables by its extension."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from audit._util.files import refuse_pointer
from audit.errors import InputError
from audit.literature.tables import delimited, latex, markdown
from audit.literature.tables.grid import RawTable, build
from audit.literature.tables.table import Table

# A paper's source has some hundred kilobytes.
MAX_BYTES = 5_000_000
_READERS: Mapping[str, Callable[[str, str], list[RawTable]]] = {
    ".tex": latex.tables,
    ".md": markdown.tables,
    ".markdown": markdown.tables,
    ".csv": delimited.tables,
    ".tsv": delimited.tables,
}


def read_tables(path: str | Path) -> tuple[Table, ...]:
    """The tables of a file, in its order.

    Raises:
        InputError: The file cannot be read, is too large, is not UTF-8, has another extension, does not close what it opens,
            or holds no table.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(_READERS)
        raise InputError(
            f"no table format has the extension `{path.suffix}`", where=str(path), fix=f"Use one of: {known}."
        )
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror}", where=str(path), fix="Check the path.") from error
    refuse_pointer(raw, path)
    if len(raw) > MAX_BYTES:
        raise InputError(
            f"{len(raw)} bytes are too many for tables", where=str(path), fix="Give the table in a file of its own."
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("invalid UTF-8", where=f"{path}:{line}", fix="Save it as UTF-8.") from error
    tables = tuple(table for table in map(build, reader(text, str(path))) if table.cells)
    if not tables:
        raise InputError("there is no table with cells", where=str(path), fix="Give a file with a table.")
    return tables
