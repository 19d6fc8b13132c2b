"""CMI-Bench's text normalisation for WER (nicolaus625/CMI-bench@4c15f41:evaluate.py:357-403)."""

from __future__ import annotations

import re

from tasks.step import step, version_of

# ASCII punctuation without the apostrophe: it is deleted, not replaced by a space.
_DELETED = str.maketrans("", "", '!"#$%&\\()*+,-./:;<=>?@[]^_{|}~`')

_DIGIT = re.compile(r"\d")


def cmi_words(text: str) -> str:
    """Delete punctuation, lower-case, spell out integers; words joined by single spaces.

    Numbers are spelled out after punctuation was deleted, so the hyphens and commas that num2words writes remain.
    """
    words = text.translate(_DELETED).lower().replace("\n", " ").split()
    return " ".join(map(_spelled, words) if _DIGIT.search(text) else words)


def _spelled(word: str) -> str:
    """A number in words. Unchanged where num2words fails (`²`, more than 306 digits); the original code crashes there."""
    from num2words import num2words

    if not word.isdecimal():
        return word
    try:
        return str(num2words(int(word)))
    except (OverflowError, ValueError):
        return word


CMI_WORDS = step("cmi-words", cmi_words, "module:num2words.lang_EN", version=version_of("num2words"))
