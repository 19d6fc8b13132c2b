"""Many texts changed in one pass: joined by line ends, changed as one text, and taken apart again.

The call of a regular expression or of `str.translate` costs more than its work on a short text. A change may be made of the
joined text if it leaves line ends alone, makes none, and gives for every line what it gives for that line alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

SOURCES = ("unicode:",)
_END = "\n"
# So many texts at a time, which bounds the memory.
_TEXTS = 4096
# Characters of category P are not white space and, but for `_`, not alphanumeric to Python; most texts have few others.
_MAYBE_PUNCTUATION = re.compile(r"[^\w\s]|_")
_ASCII_PUNCTUATION = {n: None for n in range(128) if unicodedata.category(chr(n)).startswith("P")}


def together(
    texts: Sequence[str],
    change: Callable[[str], str],
    alone: Callable[[str], str],
    fits: Callable[[str], object] | None = None,
) -> list[str]:
    """Change all texts, as many as possible in one pass.

    Args:
        texts: The texts.
        change: Changes a text of several lines, each as if it were alone.
        alone: Changes a text that has line ends, or does not fit.
        fits: Whether `change` may be given a text; by default it may be given all.
    """
    made: list[str] = []
    for first in range(0, len(texts), _TEXTS):
        part = texts[first : first + _TEXTS]
        joined = _END.join(part)
        if fits is None and joined.count(_END) == len(part) - 1:
            made += change(joined).split(_END)
            continue
        fitting = [_END not in text and (fits is None or bool(fits(text))) for text in part]
        those = [text for text, fit in zip(part, fitting, strict=True) if fit]
        lines = iter(change(_END.join(those)).split(_END) if those else ())
        made += [next(lines) if fit else alone(text) for text, fit in zip(part, fitting, strict=True)]
    return made


def without_punctuation(text: str) -> str:
    """The text without the characters of Unicode's category P."""
    if text.isascii():
        return text.translate(_ASCII_PUNCTUATION)
    return _MAYBE_PUNCTUATION.sub(_not_punctuation, text)


def _not_punctuation(match: re.Match[str]) -> str:
    return "" if unicodedata.category(match[0]).startswith("P") else match[0]
