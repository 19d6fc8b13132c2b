"""CSV files that people open in a spreadsheet: no text in them is a formula, and every line end inside a text is quoted."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Sequence
from types import SimpleNamespace

# What spreadsheets take for the start of a formula, or skip before they look for one; some take the full-width signs too
# (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def plain_cell(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_text(
    columns: Sequence[str],
    rows: Iterable[Iterable[object]],
    *,
    numbers: Collection[str] = (),
    line_end: str = "\n",
) -> str:
    """A table with a header as CSV (RFC 4180, but for the line end).

    Args:
        columns: Their names.
        rows: Their cells; None is an empty one.
        numbers: The columns in which a text that is a decimal number keeps its sign.
        line_end: What ends a line.
    """
    lines: list[str] = []
    # Python quotes no other line end than the writer's own (gh-67230): "\r\n" covers both.
    writer = csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n")
    writer.writerow([plain_cell(name) for name in columns])
    signed = [name in numbers for name in columns]
    for row in rows:
        writer.writerow([
            plain_cell(cell) if isinstance(cell, str) and not (number and _NUMBER.fullmatch(cell)) else cell
            for cell, number in zip(row, signed, strict=True)
        ])  # fmt: skip
    return "".join(f"{line[:-2]}{line_end}" for line in lines)
