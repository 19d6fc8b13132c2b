"""CSV files that are safe to open in spreadsheets: formulas are escaped and line breaks in cells are quoted."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from types import SimpleNamespace

# What starts a formula in spreadsheets, also behind blanks and what has no width; some programs accept full-width signs, and
# drop a tab or a line end at the start (OWASP, "CSV Injection"). templates/js/tables.js has the same expression.
FORMULA = r"^(?:[\s\u00ad\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])"
_FORMULA = re.compile(FORMULA)
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def plain_cell(text: str) -> str:
    """The text, prefixed with an apostrophe if a spreadsheet would interpret it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def csv_text(
    columns: Sequence[str],
    rows: Iterable[Iterable[object]],
    *,
    numbers: Collection[str] = (),
    line_end: str = "\n",
) -> str:
    """A table with a header as CSV (RFC 4180 except for the line end).

    Args:
        columns: The names of the columns.
        rows: The cells of the rows; None is an empty cell.
        numbers: The columns in which decimal numbers keep their sign unescaped.
        line_end: The line terminator.
    """
    lines: list[str] = []
    # Python quotes only the characters of the writer's own line end (gh-67230): "\r\n" covers both.
    writer = csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n")
    writer.writerow([plain_cell(name) for name in columns])
    signed = [name in numbers for name in columns]
    for row in rows:
        writer.writerow([
            plain_cell(cell) if isinstance(cell, str) and not (number and _NUMBER.fullmatch(cell)) else cell
            for cell, number in zip(row, signed, strict=True)
        ])  # fmt: skip
    return "".join(f"{line[:-2]}{line_end}" for line in lines)


def quoted_cells(texts: Iterable[str]) -> Iterator[str]:
    """Each text as it stands at the beginning of a line of `csv_text`, for tables whose other cells are whole numbers."""
    lines: list[str] = []
    writer = csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n")
    for text in texts:
        # Alone in its line, an empty cell would be quoted.
        writer.writerow([plain_cell(text), 0])
        yield lines.pop().removesuffix(",0\r\n")
