"""Tables in CSV, and in its relatives with tabs, semicolons or bars."""

from __future__ import annotations

import csv
import io

from audit.errors import InputError
from audit.literature.tables.captions import numbered
from audit.literature.tables.cells import plain
from audit.literature.tables.grid import RawCell, RawRow, RawTable

_DELIMITERS = ",\t;|"


def tables(text: str, name: str) -> list[RawTable]:
    """The table of a CSV file; lines above the header with one cell only are its caption.

    Raises:
        InputError: A quoted cell is not closed.
    """
    rows = _rows(text, name)
    caption: list[str] = []
    start = 0
    while start < len(rows) and sum(bool(cell.strip()) for cell in rows[start]) < 2:
        caption += [cell.strip() for cell in rows[start] if cell.strip()]
        start += 1
    if start == len(rows):
        return []
    number, words = numbered(" ".join(caption)) if caption else (None, None)
    found = [RawRow([RawCell(plain(_bare(cell))) for cell in row]) for row in rows[start:]]
    return [RawTable(found, number, words, name, blanks_span=True, ruled=False)]


def _rows(text: str, name: str) -> list[list[str]]:
    """The rows under the delimiter that gives the widest table of equally wide rows."""
    best: tuple[tuple[int, int], list[list[str]]] = ((0, 0), [])
    problem: csv.Error | None = None
    line = place = 1
    for delimiter in _DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = []
        try:
            for row in reader:
                line = reader.line_num + 1
                rows.append(row)
        except csv.Error as error:
            if delimiter == ",":
                problem, place = error, line
            continue
        widths = [len(row) for row in rows if row]
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=0)
        score = (widths.count(usual) if usual > 1 else 0, usual)
        if score > best[0]:
            best = (score, rows)
    if not best[1] and problem is not None:
        raise InputError(
            f"invalid CSV: {problem}", where=f"{name}:{place}", fix="Close the quotation mark, or double it.",
        )  # fmt: skip
    return best[1]


def _bare(cell: str) -> str:
    """A cell without Markdown's emphasis around it."""
    for mark in ("**", "__"):
        if len(cell) > 2 * len(mark) and cell.strip().startswith(mark) and cell.strip().endswith(mark):
            return cell.strip()[len(mark) : -len(mark)]
    return cell
