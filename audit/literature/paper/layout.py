"""Captions of tables on a page, and the lines of words that belong to each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from audit.literature.paper.words import Page, Word

Line = tuple[Word, ...]
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_NUMBER = re.compile(r"(?P<number>[A-Z]?\.?\d+(?:\.\d+)?[a-z]?|[IVXLC]+)(?P<end>[.:|]?)")
_CAPTIONED = {"table", "tab.", "figure", "fig."}
# Lines that are looked at beside a caption, to see on which side its table is.
_NEAR = 8
# A line of prose has this many words.
_PROSE = 6


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption: its number (`2`, `A1`), the page, and the area of its table: left and right edge, and the caption's line."""

    kind: Literal["table", "figure"]
    number: str
    page: Page
    left: float
    right: float
    line: int


def table_number(text: str) -> str | None:
    """The number in `Table 2`, `TABLE II` or `Tab. A1`; None if a locator names none."""
    match = re.search(r"\b(?:table|tab\.)\s*([A-Z]?\.?\d+(?:\.\d+)?[a-z]?|[IVXLC]+)\b", text, re.IGNORECASE)
    return _arabic(match.group(1)) if match else None


def lines(page: Page) -> list[Line]:
    """The page's words by line, from the top; a line reaches over the whole page."""
    found: list[list[Word]] = []
    for word in sorted(page.words, key=lambda w: (-w.middle, w.left)):
        for line in reversed(found[-3:]):
            if abs(line[0].middle - word.middle) < 0.35 * min(line[0].size, word.size):
                line.append(word)
                break
        else:
            found.append([word])
    return [tuple(sorted(line, key=lambda w: w.left)) for line in found]


def captions(page: Page, rows: Sequence[Line]) -> list[Caption]:
    """The captions of tables and figures on a page, from the top.

    A caption begins a line, or a line of a column of text, with `Table 2` and a point, a colon, a dash or a capital letter.
    """
    middle = page.width / 2
    halves = _two_columns(rows, middle)
    found: list[Caption] = []
    for index, row in enumerate(rows):
        for position, word in enumerate(row[:-1]):
            if word.text.casefold() not in _CAPTIONED:
                continue
            before = row[position - 1] if position else None
            if before is not None and word.left - before.right < 1.2 * word.size:
                continue
            match = _NUMBER.fullmatch(row[position + 1].text)
            block = _block(row, position)
            if match is None or not (match["end"] or _begins_caption(block[2:])):
                continue
            left, right = _area(block, page, halves)
            kind: Literal["table", "figure"] = "table" if word.text.casefold().startswith("tab") else "figure"
            found.append(Caption(kind, _arabic(match["number"]), page, left, right, index))
    return found


def region(
    caption: Caption, others: Sequence[Caption], rows: Sequence[Line], side: Literal["above", "below"]
) -> list[Line]:
    """The lines on one side of a caption, from the nearest on, within its area and up to the next caption."""
    step = 1 if side == "below" else -1
    stops = {o.line for o in others if o is not caption and o.left < caption.right and caption.left < o.right}
    found: list[Line] = []
    index = caption.line + step
    while 0 <= index < len(rows) and index not in stops:
        inside = tuple(w for w in rows[index] if caption.left <= (w.left + w.right) / 2 <= caption.right)
        if inside:
            found.append(inside)
        index += step
    return found


def usual_side(found: Sequence[tuple[Caption, Sequence[Caption], Sequence[Line]]]) -> Literal["above", "below"]:
    """On which side of their captions a paper's tables are, by where lines with several numbers are; below if unclear."""
    votes: Counter[str] = Counter()
    for caption, others, rows in found:
        dense = {side: _dense(region(caption, others, rows, side)[:_NEAR]) for side in ("above", "below")}
        if dense["above"] != dense["below"]:
            votes["above" if dense["above"] else "below"] += 1
    return "above" if votes["above"] > votes["below"] else "below"


def _dense(rows: Sequence[Line]) -> bool:
    return sum(sum(bool(re.match(r"[-−]?\d", w.text)) for w in row) >= 2 for row in rows) >= 2


def _arabic(number: str) -> str:
    """`II` as `2`; other numbers as they are."""
    text = number.upper() if re.fullmatch(r"[ivxlcIVXLC]+", number) else number
    if not re.fullmatch(r"[IVXLC]+", text):
        return number
    values = [_ROMAN[char] for char in text]
    return str(sum(-v if any(v < w for w in values[i + 1 : i + 2]) else v for i, v in enumerate(values)))


def _begins_caption(rest: Sequence[Word]) -> bool:
    """Whether what follows `Table 2` without a point is a caption: nothing, a dash, or a capital letter."""
    return not rest or rest[0].text[0] in "–—-|" or rest[0].text[0].isupper()


def _two_columns(rows: Sequence[Line], middle: float) -> bool:
    """Whether most lines of prose leave the page's middle free."""
    prose = [row for row in rows if len(row) >= _PROSE]
    free = sum(not any(w.left - 2 < middle < w.right + 2 for w in row) for row in prose)
    return bool(prose) and free >= 0.6 * len(prose)


def _block(row: Line, position: int) -> list[Word]:
    """The words from a position on up to the first wide gap: a line of one column."""
    block = [row[position]]
    for word in row[position + 1 :]:
        if word.left - block[-1].right > 1.2 * word.size:
            break
        block.append(word)
    return block


def _area(block: Sequence[Word], page: Page, halves: bool) -> tuple[float, float]:
    """The column of text that a caption's line is in; the page, if the line crosses its middle or the page has one column."""
    middle = page.width / 2
    if not halves or (block[0].left < middle < block[-1].right):
        return 0, page.width
    return (0, middle) if block[-1].right <= middle else (middle, page.width)
