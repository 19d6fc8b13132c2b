"""CSV files that are safe to open in spreadsheets: formulas are escaped and line breaks in cells are quoted."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Sequence
from types import SimpleNamespace

# Characters that start a formula in spreadsheets, or are skipped before one; some programs also accept full-width signs
# (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def plain_cell(text: str) -> str:
    """The text, prefixed with an apostrophe if a spreadsheet would interpret it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


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
