"""What others' rules do to a text, in time that grows as the text does, with their results.

Expressions that look for the end of a bracket search the rest of the text from each bracket that has none; Python's
`unicodedata.normalize` exchanges combining marks one by one. On a text of brackets or marks alone, both take quadratic time.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

import regex

SOURCES = ("unicode:", "version:regex")
# All characters that normal forms decompose into combining marks alone: the marks, and two of Japan's half-width forms.
_MARK = r"[\p{M}\uff9e\uff9f]"
_LONG = 32
_ANY_MARK, _MARKS = regex.compile(_MARK), regex.compile(f"{_MARK}{{{_LONG},}}")


def without_spans(pattern: re.Pattern[str], text: str, *ends: str, instead: str = "") -> str:
    """The text with every match replaced.

    Args:
        pattern: Matches from a beginning to the next of `ends`, whatever is between them.
        text: To be searched up to the last end: a beginning behind it has none.
        ends: What a match ends with.
        instead: The replacement, as it is.
    """
    last = max((at + len(end) for end in ends if (at := text.rfind(end)) >= 0), default=0)
    return pattern.sub(lambda _: instead, text[:last]) + text[last:]


def normal_form(form: str, text: str) -> str:
    """`unicodedata.normalize`."""
    return unicodedata.normalize(form, marks_in_order(text, compatibility="K" in form))  # type: ignore[arg-type]


def marks_in_order(text: str, *, compatibility: bool) -> str:
    """The text with long runs of combining marks in canonical order, which leaves its normal forms as they are.

    The first and the last mark of a run stay, so that the characters around it have the same neighbours. Characters with a
    canonical decomposition become that; those of a compatibility decomposition stay.

    Args:
        text: In any form.
        compatibility: Whether NFKC and NFKD must stay; otherwise NFC and NFD.
    """
    # A run this long has a mark at one of every so many places.
    if text.isascii() or not _ANY_MARK.search(text[::_LONG]):
        return text

    def kind(mark: str) -> int:
        return unicodedata.combining(unicodedata.normalize("NFKD", mark)[0] if compatibility else mark)

    def ordered(run: regex.Match[str]) -> str:
        marks = run[0]
        inside = "".join(unicodedata.normalize("NFD", mark) for mark in marks[1:-1])
        groups = groupby(inside, key=lambda mark: kind(mark) == 0)
        sorted_ = ("".join(group if starts else sorted(group, key=kind)) for starts, group in groups)
        return f"{marks[0]}{''.join(sorted_)}{marks[-1]}"

    return str(_MARKS.sub(ordered, text))
