"""AudioBench's text normalisation for WER, applied after the Whisper normaliser.

AudioLLMs/AudioBench@e991641:src/dataset_src/text_normalizer/preprocess_text.py:21-117 and
src/dataset_src/librispeech_test_clean.py:55-92, including its quirks: the character class of the bracket rule excludes the
letter `n`, so a bracketed span that contains one is kept.
"""

from __future__ import annotations

import re
import unicodedata

from tasks.step import step

_DIGITS = {
    **{
        str(number): word
        for number, word in enumerate(
            [
                "zero",
                "one",
                "two",
                "three",
                "four",
                "five",
                "six",
                "seven",
                "eight",
                "nine",
                "ten",
                "eleven",
                "twelve",
                "thirteen",
                "fourteen",
                "fifteen",
                "sixteen",
                "seventeen",
                "eighteen",
                "nineteen",
                "twenty",
            ]
        )
    },
    "30": "thirty",
    "40": "forty",
    "50": "fifty",
    "60": "sixty",
    "70": "seventy",
    "80": "eighty",
    "90": "ninety",
}
_DIGIT_WORD = re.compile(r"\b(" + "|".join(sorted(_DIGITS, key=len, reverse=True)) + r")\b")
_BRACKETS = re.compile(r"(\[|\(|\{|\<)[^\(\)\\n\[\]]*(\]|\)|\}|\>)")
_FILLERS = re.compile(r"\b(uh|umm|um|er|ah)\b")
_CONTRACTIONS = (
    (re.compile(r"won't"), "will not"),
    (re.compile(r"can't"), "can not"),
    (re.compile(r"let's"), "let us"),
    (re.compile(r"n't"), " not"),
    (re.compile(r"'re"), " are"),
    (re.compile(r"'s"), " is"),
    (re.compile(r"'d"), " would"),
    (re.compile(r"'ll"), " will"),
    (re.compile(r"'t"), " not"),
    (re.compile(r"'ve"), " have"),
    (re.compile(r"'m"), " am"),
)
_OPENING = re.compile(r"[\[({<]")
_DIGIT = re.compile(r"[0-9]")
_ASCII_PUNCTUATION = {n: None for n in range(128) if unicodedata.category(chr(n)).startswith("P")}
_TAGS = re.compile(r"[<\[][^>\]]*[>\]]")


def audiobench_words(text: str) -> str:
    """Spell out small numbers, expand contractions, delete bracketed text, punctuation and fillers (after Whisper's rules)."""
    # Skip a rule if the characters it needs do not occur.
    if _DIGIT.search(text):
        text = _DIGIT_WORD.sub(lambda match: _DIGITS[match.group(1)], text)
    if _OPENING.search(text):
        text = _BRACKETS.sub("", text)
    text = re.sub(r"\s\s+", " ", text)
    if "'" in text:
        for pattern, replacement in _CONTRACTIONS:
            text = pattern.sub(replacement, text)
    if _OPENING.search(text):
        text = _TAGS.sub("", text)
    text = _without_punctuation(text)
    return _FILLERS.sub("", text).strip()


def _without_punctuation(text: str) -> str:
    """The text without characters in Unicode category P."""
    if text.isascii():
        return text.translate(_ASCII_PUNCTUATION)
    return "".join(c for c in text if not unicodedata.category(c).startswith("P"))


AUDIOBENCH_WORDS = step("audiobench-words", audiobench_words, "unicode:")
