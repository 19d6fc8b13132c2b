"""Looks for claims in a paper's PDF: the printed string, in the table and row that the locator names.

A value counts as seen only in its row: on one line with the row's own label, right of it, and, where the column's label can be
found above, under that label. The same string elsewhere on the page proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.facts import Claim
from audit.literature.paper.layout import Line, captions, region, table_number, usual_side
from audit.literature.paper.rows import all_at, at, is_cell, row_lines, table_part, words_of
from audit.literature.paper.words import Word, read_pdf
from audit.literature.tables.cells import parse, plain

# A label's second line is at most so many lines below its first: other labels may be centred between them.
_BROKEN = 2


@dataclass(frozen=True, slots=True)
class Looked:
    """What became of one claim: the page on which it was seen, or why it was not; `column` tells whether the column fits."""

    claim: Claim
    page: int | None
    told: str


@dataclass(frozen=True, slots=True)
class Found:
    """All claims of a study, and the PDF's SHA-256."""

    claims: tuple[Looked, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A table of the paper: its page and its lines, from the top."""

    page: int
    rows: tuple[Line, ...]


def search(path: str | Path, claims: Iterable[Claim]) -> Found:
    """Look for claims in a PDF.

    Raises:
        InputError: The file is no PDF with text.
    """
    paper = read_pdf(path)
    on_pages = [(caption, here) for page in paper.pages for here in [captions(page)] for caption in here]
    on_pages = [(caption, here) for caption, here in on_pages if caption.kind == "table"]
    side = usual_side(on_pages)
    tables: dict[str, list[_Place]] = {}
    for caption, others in on_pages:
        own = table_part(region(caption, others, side))
        place = _Place(caption.page.number, tuple(own if side == "below" else reversed(own)))
        tables.setdefault(caption.number.casefold(), []).append(place)
    return Found(tuple(_look(claim, tables) for claim in claims), paper.sha256)


def _look(claim: Claim, tables: dict[str, list[_Place]]) -> Looked:
    number = table_number(claim.locator.table)
    if number is None:
        return Looked(claim, None, "not looked for: the locator names no numbered table")
    places = tables.get(number.casefold(), [])
    if not places:
        return Looked(claim, None, f"not found: no caption of Table {number}")
    told = ""
    for place in places:
        page, why = _in_table(claim, place)
        if page is not None:
            return Looked(claim, page, why)
        told = told or why
    return Looked(claim, None, told)


def _in_table(claim: Claim, place: _Place) -> tuple[int | None, str]:
    labels = [label for label in map(words_of, _parts(claim.locator.row)) if label]
    candidates = row_lines(labels, place.rows)
    if not candidates:
        return None, f"not found: no line of {claim.locator.table} (p. {place.page}) reads `{claim.locator.row}`"
    told = f"not found: {claim.value} is not in the row `{claim.locator.row}` (p. {place.page})"
    for index in candidates:
        row = place.rows[index]
        start = max((row[found[-1]].right for label in labels if (found := at(label, row))), default=0.0)
        right = [word for word in _cells(row) if word.left >= start - 1]
        values = [word for word in right if claim.value in _values(word)]
        if not values:
            continue
        under = _column(claim.locator.column, place.rows[:index])
        if under is None:
            return place.page, f"p. {place.page} (column not checked)"
        if _nearest([word for word in right if is_cell(word)], under) in values:
            return place.page, f"p. {place.page}"
        told = f"not found: {claim.value} is in the row on p. {place.page}, but in another column"
    return None, told


def _column(column: str, above: Sequence[Line]) -> tuple[float, float] | None:
    """Where the column's own label stands above a row; None if that is nowhere, or unclear."""
    labels = [label for label in map(words_of, _parts(re.sub(r"\s*\[.*\]$", "", column))) if label]
    if not labels:
        return None
    found = _spans(labels[-1], above)
    if len(found) > 1 and len(labels) > 1:
        over = _spans(labels[-2], above)
        if len(over) == 1:
            center = sum(over[0]) / 2
            found = [min(found, key=lambda span: abs(sum(span) / 2 - center))]
    return found[0] if len(found) == 1 else None


def _spans(label: Sequence[str], rows: Sequence[Line]) -> list[tuple[float, float]]:
    """Where a label stands, as left and right edges: on one line, or broken over two."""
    whole = [(line[place[0]].left, line[place[-1]].right) for line in rows for place in all_at(label, line)]
    broken: list[tuple[float, float]] = []
    for cut in range(1, 0 if whole else len(label)):
        first, rest = _places(label[:cut], rows), _places(label[cut:], rows)
        for i, left, right in first:
            below = [(a, b) for j, a, b in rest if i < j <= i + _BROKEN and a < right and left < b]
            broken += [(min(left, a), max(right, b)) for a, b in below[:1]]
    return whole or broken


def _places(words: Sequence[str], rows: Sequence[Line]) -> list[tuple[int, float, float]]:
    return [(i, row[place[0]].left, row[place[-1]].right) for i, row in enumerate(rows) for place in all_at(words, row)]


def _cells(row: Line) -> list[Word]:
    """The words that can be values: no footnote marks, and no deviations after ±."""
    return [
        word
        for index, word in enumerate(row)
        if not word.raised and not (index and row[index - 1].text.endswith("±")) and not word.text.startswith("±")
    ]


def _nearest(cells: Sequence[Word], under: tuple[float, float]) -> Word | None:
    center = sum(under) / 2
    return min(cells, key=lambda word: abs((word.left + word.right) / 2 - center), default=None)


def _parts(locator: str) -> list[str]:
    return [part.strip() for part in locator.split(", ") if part.strip()]


def _values(word: Word) -> set[str]:
    """The numbers that a word of a PDF prints, as a study writes them."""
    found = parse(plain(word.text))
    return {value for value in (found.value, *(part.value for part in found.parts)) if value is not None}
