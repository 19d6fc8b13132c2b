"""AU-Harness's text preparation for English, of which its WER and its BLEU are computed.

ServiceNow/AU-Harness@daa06166e3bb7a5837f010867d2bcc16531955c2: metrics/word_error_rate_metrics.py:22-60,
utils/constants.py:33-45, postprocessors/base.py:26-62. Digits are spelled out before Whisper's English normaliser turns number
words back into digits, so plain numbers survive, while ordinals, groups and decimals break (`2nd` becomes `twond`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from tasks.step import step, version_of
from tasks.steps.long_texts import normal_form
from tasks.steps.memo import Memo
from tasks.steps.together import together, without_punctuation

SOURCES = (
    "module:tasks.steps.long_texts",
    "module:tasks.steps.memo",
    "module:tasks.steps.together",
    "unicode:",
    "version:regex",
)
# Not `\d+`: Python looks for a set of characters faster than for a repetition.
_DIGITS = re.compile(r"\d\d*")
# Longer numbers rarely recur.
_LENGTH = 24
_OPEN, _CLOSE = "<think>", "</think>"


def drop_thinking(text: str) -> str:
    """Delete every `<think>...</think>`, also across lines, and strip; unclosed thinking stays."""
    parts, at = [], 0
    while (start := text.find(_OPEN, at)) >= 0 and (end := text.find(_CLOSE, start)) >= 0:
        parts.append(text[at:start])
        at = end + len(_CLOSE)
    return "".join([*parts, text[at:]]).strip()


def spelled_digits(text: str) -> str:
    """Compose characters (NFC) and replace every run of digits by its English words, without spaces around them.

    A text with a number that num2words cannot spell (more than 306 digits) stays as it is.
    """
    text = normal_form("NFC", text)
    try:
        return _DIGITS.sub(_match_spelled, text)
    except (OverflowError, ValueError):
        return text


def _spelled(digits: str) -> str:
    from num2words import num2words

    return str(num2words(int(digits), lang="en"))


_NUMBERS: Memo[str, str] = Memo(_spelled, worth=lambda digits: len(digits) <= _LENGTH)


def _match_spelled(match: re.Match[str]) -> str:
    return _NUMBERS[match[0]]


def _spelled_digits_of_many(texts: Sequence[str]) -> list[str]:
    return together(texts, _spelled_digits_of_lines, spelled_digits)


def _spelled_digits_of_lines(text: str) -> str:
    # A line end composes with nothing.
    text = normal_form("NFC", text)
    try:
        return _DIGITS.sub(_match_spelled, text)
    except (OverflowError, ValueError):
        return "\n".join(map(spelled_digits, text.split("\n")))


def plain(text: str) -> str:
    """Lower-case, delete characters of Unicode category P, strip (jiwer's transforms)."""
    return "".join(c for c in text.lower() if unicodedata.category(c)[0] != "P").strip()


def _plain_of_many(texts: Sequence[str]) -> list[str]:
    return list(map(str.strip, together(texts, lambda text: without_punctuation(text.lower()), plain)))


DROP_THINKING = step("drop-thinking", drop_thinking, light=True)
SPELLED_DIGITS = step(
    "spelled-digits",
    spelled_digits,
    "module:num2words.lang_EN",
    "unicode:",
    version=version_of("num2words"),
    batch=_spelled_digits_of_many,
)
PLAIN = step("lower-no-punct", plain, "unicode:", batch=_plain_of_many, light=True)
