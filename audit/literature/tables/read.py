"""Reads a file of tables by its extension."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from audit._util.files import read_limited
from audit.errors import InputError
from audit.literature.tables import delimited, latex, markdown
from audit.literature.tables.grid import RawTable, build
from audit.literature.tables.latex_source import Macro, definitions
from audit.literature.tables.table import Table

# A paper's source has some hundred kilobytes.
MAX_BYTES = 5_000_000
_LATEX = ".tex"
_OTHERS: Mapping[str, Callable[[str, str], list[RawTable]]] = {
    ".md": markdown.tables,
    ".markdown": markdown.tables,
    ".csv": delimited.tables,
    ".tsv": delimited.tables,
}


def read_tables(path: str | Path, macros: Sequence[str | Path] = ()) -> tuple[Table, ...]:
    """The tables of a file, in its order.

    Args:
        path: The file.
        macros: Other LaTeX files that define macros of the table, such as the paper's preamble.

    Raises:
        InputError: A file cannot be read, is too large, is not UTF-8, has another extension, does not close what it opens,
            or holds no table.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix != _LATEX and suffix not in _OTHERS:
        known = ", ".join((_LATEX, *_OTHERS))
        what = f"no table format has the extension `{path.suffix}`"
        raise InputError(what, where=str(path), fix=f"Use one of: {known}.")
    text = _text(path)
    if suffix == _LATEX:
        defined: dict[str, Macro] = {}
        for file in macros:
            defined |= definitions(_text(Path(file)), str(file))[1]
        raw = latex.tables(text, str(path), defined)
    else:
        raw = _OTHERS[suffix](text, str(path))
    tables = tuple(table for table in map(build, raw) if table.cells)
    if not tables:
        raise InputError("there is no table with cells", where=str(path), fix="Give a file with a table.")
    return tables


def _text(path: Path) -> str:
    raw = read_limited(path, MAX_BYTES, "tables", "Give the table in a file of its own.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("invalid UTF-8", where=f"{path}:{line}", fix="Save it as UTF-8.") from error
