"""The words of a PDF's pages with their places, by PDFium."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit._util.files import read_limited
from audit.errors import InputError

# A paper with its appendix; a book of proceedings is no paper.
MAX_BYTES = 200_000_000
# A gap of this share of the font size ends a word.
_GAP = 0.2
# A digit that is raised by this share of its neighbour's height, and smaller, is a footnote's mark.
_RAISED = 0.2
_SMALLER = 0.9


@dataclass(frozen=True, slots=True)
class Word:
    """A word: its text, and its box in points from the page's lower left corner; `raised` if it is a footnote's mark."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    raised: bool = False

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return (self.bottom + self.top) / 2

    @property
    def size(self) -> float:
        """The height of its box."""
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its number from 1, its width in points, and its words in the file's order."""

    number: int
    width: float
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class PaperText:
    """A PDF's words and the SHA-256 of its bytes."""

    pages: tuple[Page, ...]
    sha256: str


def read_pdf(path: str | Path) -> PaperText:
    """The words of a PDF.

    Raises:
        InputError: The file cannot be read, is no PDF, is encrypted, or holds no text (a scan).
    """
    import pypdfium2

    path = Path(path)
    raw = read_limited(path, MAX_BYTES, "a paper", "Give the paper alone.")
    try:
        document = pypdfium2.PdfDocument(raw)
    except pypdfium2.PdfiumError as error:
        fix = "Give the paper's PDF, without a password."
        raise InputError(f"not a readable PDF: {error}", where=str(path), fix=fix) from None
    try:
        pages = tuple(_page(document[index], index + 1) for index in range(len(document)))
    finally:
        document.close()
    if not any(page.words for page in pages):
        raise InputError("the PDF holds no text", where=str(path), fix="Give an edition with text, not a scan.")
    return PaperText(pages, hashlib.sha256(raw).hexdigest())


def _page(page: Any, number: int) -> Page:
    return Page(number, page.get_width(), tuple(_words(_characters(page))))


@dataclass(frozen=True, slots=True)
class _Character:
    """A character with the box of its font's size, and the box of its ink."""

    text: str
    box: tuple[float, float, float, float]
    ink: tuple[float, float, float, float]

    @property
    def size(self) -> float:
        return self.box[3] - self.box[1]


def _characters(page: Any) -> Iterator[_Character]:
    import pypdfium2

    text = page.get_textpage()
    try:
        for index in range(text.count_chars()):
            char = chr(pypdfium2.raw.FPDFText_GetUnicode(text, index))
            try:
                box = text.get_charbox(index, loose=True)
                # Only digits are told apart by their ink.
                yield _Character(char, box, text.get_charbox(index) if char.isdigit() else box)
            except pypdfium2.PdfiumError:
                # Line ends that PDFium generates have no box.
                yield _Character(" ", (0, 0, 0, 0), (0, 0, 0, 0))
    finally:
        text.close()


def _words(characters: Iterator[_Character]) -> Iterator[Word]:
    run: list[_Character] = []
    raised = False
    for char in characters:
        space = not char.text or char.text.isspace() or ord(char.text[0]) < 32
        above = bool(run) and not space and _is_raised(run, char)
        if run and (space or above or _is_apart(run[-1], char)):
            yield _word(run, raised=raised)
            run, raised = [], above
        if not space:
            run.append(char)
    if run:
        yield _word(run, raised=raised)


def _is_apart(last: _Character, char: _Character) -> bool:
    """Whether a character begins a new word: after a gap, or on another line."""
    gap = char.box[0] - last.box[2]
    other_line = abs(sum(char.box[1::2]) - sum(last.box[1::2])) > last.size
    return gap > _GAP * last.size or gap < -last.size or other_line


def _is_raised(run: Sequence[_Character], char: _Character) -> bool:
    """Whether a digit is raised beside the digits before it, and smaller."""
    digit = next((c for c in reversed(run) if c.text.isdigit()), None)
    if digit is None or not char.text.isdigit():
        return False
    height = digit.ink[3] - digit.ink[1]
    return char.ink[1] - digit.ink[1] > _RAISED * height and char.ink[3] - char.ink[1] < _SMALLER * height


def _word(run: Sequence[_Character], *, raised: bool) -> Word:
    text = unicodedata.normalize("NFKC", "".join(char.text for char in run))
    lefts, bottoms, rights, tops = zip(*(char.box for char in run), strict=True)
    return Word(text, min(lefts), max(rights), min(bottoms), max(tops), raised)
