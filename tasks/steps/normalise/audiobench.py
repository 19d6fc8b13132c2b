"""AudioBench's text normalisation for WER, applied after the Whisper normaliser.

AudioLLMs/AudioBench@e991641:src/dataset_src/text_normalizer/preprocess_text.py:21-117 and
src/dataset_src/librispeech_test_clean.py:55-92, including its quirks: the character class of the bracket rule excludes the
letter `n`, so a bracketed span that contains one is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.step import step
from tasks.steps.long_texts import without_spans
from tasks.steps.together import together, without_punctuation

SOURCES = ("module:tasks.steps.long_texts", "module:tasks.steps.together", "unicode:", "version:regex")
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
_DIGIT_RUN = re.compile(r"[0-9][0-9]*")
# The source's rule is `(\[|\(|\{|\<)[^\(\)\\n\[\]]*(\]|\)|\}|\>)`: what is between brackets holds none of these.
_STOPS = re.compile(r"[()\\n\[\]]")
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
_WORD_CHARACTER = re.compile(r"\w")
_OPENING = re.compile(r"[\[({<]")
_TAGS = re.compile(r"[<\[][^>\]]*[>\]]")
_LINE_SPACES = re.compile(r"[^\S\n][^\S\n]+")


def audiobench_words(text: str) -> str:
    """Spell out small numbers, expand contractions, delete bracketed text, punctuation and fillers (after Whisper's rules)."""
    text = _DIGIT_RUN.sub(_digit_word, text)
    # Skip a rule if the characters it needs do not occur.
    if _OPENING.search(text):
        text = without_brackets(text)
    text = re.sub(r"\s\s+", " ", text)
    if "'" in text:
        for pattern, replacement in _CONTRACTIONS:
            text = pattern.sub(replacement, text)
    if _OPENING.search(text):
        text = without_spans(_TAGS, text, ">", "]")
    return _FILLERS.sub("", without_punctuation(text)).strip()


def _audiobench_words_of_many(texts: Sequence[str]) -> list[str]:
    found = together(texts, _without_brackets_of_lines, audiobench_words, lambda text: not _OPENING.search(text))
    return list(map(str.strip, found))


def _without_brackets_of_lines(text: str) -> str:
    """The rules for lines without brackets: none looks across a line end, but for the one on blanks."""
    text = _DIGIT_RUN.sub(_digit_word, text)
    text = _LINE_SPACES.sub(" ", text)
    if "'" in text:
        for pattern, replacement in _CONTRACTIONS:
            text = pattern.sub(replacement, text)
    return _FILLERS.sub("", without_punctuation(text))


def _digit_word(match: re.Match[str]) -> str:
    """The word of a number between word boundaries."""
    word, text = _DIGITS.get(match[0]), match.string
    begin, end = match.span()
    beside = text[begin - 1 : begin] + text[end : end + 1]
    return match[0] if word is None or _WORD_CHARACTER.search(beside) else word


def without_brackets(text: str) -> str:
    """Delete brackets with what is between them, as the source's rule does, from the left and up to the last end."""
    kept, at = [], 0
    while (opening := _OPENING.search(text, at)) is not None:
        begin = opening.start()
        stop = _STOPS.search(text, begin + 1)
        last = stop.start() if stop else len(text)
        if last < len(text) and text[last] in ")]":
            end = last + 1
        else:
            end = max(text.rfind(closing, begin + 1, last) for closing in "}>") + 1
        if end:
            kept.append(text[at:begin])
            at = end
        else:
            # No other beginning before the next stop has an end either.
            kept.append(text[at:last])
            at = last
    return "".join([*kept, text[at:]])


AUDIOBENCH_WORDS = step("audiobench-words", audiobench_words, "unicode:", batch=_audiobench_words_of_many)
