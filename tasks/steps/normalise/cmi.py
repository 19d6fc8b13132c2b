"""CMI-Bench's text normalisation for WER (nicolaus625/CMI-bench@4c15f41:evaluate.py:357-403)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.step import step, version_of
from tasks.steps.memo import Memo
from tasks.steps.together import together

SOURCES = ("module:tasks.steps.memo", "module:tasks.steps.together", "unicode:")

# ASCII punctuation without the apostrophe: it is deleted, not replaced by a space.
_DELETED = str.maketrans("", "", '!"#$%&\\()*+,-./:;<=>?@[]^_{|}~`')

# Longer words rarely recur.
_LENGTH = 24
_DIGIT = re.compile(r"\d")


def cmi_words(text: str) -> str:
    """Delete punctuation, lower-case, spell out integers; words joined by single spaces.

    Numbers are spelled out after punctuation was deleted, so the hyphens and commas that num2words writes remain.
    """
    return _words(_without_punctuation(text))


def _without_punctuation(text: str) -> str:
    return text.translate(_DELETED).lower()


def _words(text: str) -> str:
    # Every white space separates words, a line end too.
    words = text.split()
    return " ".join(map(_NUMBERS.__getitem__, words) if _DIGIT.search(text) else words)


def _cmi_words_of_many(texts: Sequence[str]) -> list[str]:
    return list(map(_words, together(texts, _without_punctuation, _without_punctuation)))


def _spelled(word: str) -> str:
    """A number in words. Unchanged where num2words fails (`²`, more than 306 digits); the original code crashes there."""
    if not word.isdecimal():
        return word
    from num2words import num2words

    try:
        return str(num2words(int(word)))
    except (OverflowError, ValueError):
        return word


_NUMBERS: Memo[str, str] = Memo(_spelled, worth=lambda word: len(word) <= _LENGTH)
CMI_WORDS = step(
    "cmi-words", cmi_words, "module:num2words.lang_EN", version=version_of("num2words"), batch=_cmi_words_of_many
)
