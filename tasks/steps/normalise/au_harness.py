"""AU-Harness's text preparation for English, of which its WER and its BLEU are computed.

ServiceNow/AU-Harness@daa06166e3bb7a5837f010867d2bcc16531955c2: metrics/word_error_rate_metrics.py:22-60,
utils/constants.py:33-45, postprocessors/base.py:26-62. Digits are spelled out before Whisper's English normaliser turns number
words back into digits, so plain numbers survive, while ordinals, groups and decimals break (`2nd` becomes `twond`).
"""

from __future__ import annotations

import re
import unicodedata

from tasks.step import step, version_of

_DIGITS = re.compile(r"\d+")
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
    from num2words import num2words

    text = unicodedata.normalize("NFC", text)
    if not _DIGITS.search(text):
        return text
    try:
        return _DIGITS.sub(lambda match: str(num2words(int(match.group()), lang="en")), text)
    except (OverflowError, ValueError):
        return text


def plain(text: str) -> str:
    """Lower-case, delete characters of Unicode category P, strip (jiwer's transforms)."""
    return "".join(c for c in text.lower() if unicodedata.category(c)[0] != "P").strip()


DROP_THINKING = step("drop-thinking", drop_thinking)
SPELLED_DIGITS = step(
    "spelled-digits", spelled_digits, "module:num2words.lang_EN", "unicode:", version=version_of("num2words")
)
PLAIN = step("lower-no-punct", plain, "unicode:")
