"""Captions of tables on a page, and the lines of words that belong to each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from audit.literature.paper.words import Page, Word

Line = tuple[Word, ...]
Side = Literal["above", "below"]
_SIDES: tuple[Side, Side] = ("above", "below")
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_NUMBER = re.compile(r"(?P<number>[A-Z]?\.?\d+(?:\.\d+)?[a-z]?|[IVXLC]+)(?P<end>[.:|]?)")
_CAPTIONED = {"table", "tab.", "figure", "fig."}
# Lines that are looked at beside a caption, to see on which side its table is.
_NEAR = 8
# Words are on one line if their middles differ by less than a share of its size: words of its size, and smaller ones.
_SAME_LINE = 0.35
_OVERLAP = 0.5
_SMALL = 0.95
# Two columns of text: so many words on both sides of the page's middle, on so many lines.
_PROSE = 3
_LINES = 4


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption: its number (`2`, `A1`), its page and first word, and the left and right edge of its table's area."""

    kind: Literal["table", "figure"]
    number: str
    page: Page
    word: Word
    left: float
    right: float


def table_number(text: str) -> str | None:
    """The number in `Table 2`, `TABLE II` or `Tab. A1`; None if a locator names none."""
    match = re.search(r"\b(?:table|tab\.)\s*([A-Z]?\.?\d+(?:\.\d+)?[a-z]?|[IVXLC]+)\b", text, re.IGNORECASE)
    return _arabic(match.group(1)) if match else None


def lines(words: Iterable[Word]) -> list[Line]:
    """Words by line, from the top. Small words, such as footnote marks, join the line that they overlap."""
    found: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (-w.size, -w.middle, w.left)):
        near = min(found, key=lambda row: abs(row[0].middle - word.middle), default=None)
        if near is not None:
            share = _SAME_LINE if word.size > _SMALL * near[0].size else _OVERLAP
            if abs(near[0].middle - word.middle) < share * near[0].size:
                near.append(word)
                continue
        found.append([word])
    ordered = sorted(found, key=lambda row: -row[0].middle)
    return [tuple(sorted(row, key=lambda w: w.left)) for row in ordered]


def captions(page: Page) -> list[Caption]:
    """The captions of tables and figures on a page, from the top.

    A caption begins a line, or a line of a column of text, with `Table 2` and a point, a colon, a dash or a capital letter.
    """
    rows = lines(page.words)
    halves = _two_columns(rows, page.width / 2)
    found: list[Caption] = []
    for row in rows:
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
            found.append(Caption(kind, _arabic(match["number"]), page, word, left, right))
    return found


def region(caption: Caption, others: Sequence[Caption], side: Side) -> list[Line]:
    """The lines on one side of a caption, from the nearest on, within its area and up to the next caption."""
    inside = [w for w in caption.page.words if caption.left <= (w.left + w.right) / 2 <= caption.right]
    rows = lines(inside)
    stops = {other.word for other in others}
    at = next(index for index, row in enumerate(rows) if caption.word in row)
    found: list[Line] = []
    for row in rows[at + 1 :] if side == "below" else reversed(rows[:at]):
        if not stops.isdisjoint(row):
            break
        found.append(row)
    return found


def usual_side(found: Sequence[tuple[Caption, Sequence[Caption]]]) -> Side:
    """On which side of their captions a paper's tables are, by where lines with several numbers are; below if unclear."""
    votes: Counter[str] = Counter()
    for caption, others in found:
        above, below = (_dense(region(caption, others, side)[:_NEAR]) for side in _SIDES)
        if above != below:
            votes["above" if above else "below"] += 1
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
    """Whether the lines with prose on both sides of the page's middle leave it free, rows of tables aside."""
    both = free = 0
    for row in rows:
        prose = [w for w in row if w.text[0].isalpha()]
        left, right = sum(w.right < middle for w in prose), sum(w.left > middle for w in prose)
        if min(left, right) >= _PROSE:
            both += 1
            free += not any(w.left - 2 < middle < w.right + 2 for w in row)
    return both >= _LINES and free >= 0.8 * both


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
