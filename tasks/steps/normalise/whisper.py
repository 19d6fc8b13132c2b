"""The normalisers released with Whisper (openai/whisper@c0d2f62: whisper/normalizers), from `whisper-normalizer`.

The package is pinned: up to 0.1.1 it has the released logic and spelling table unchanged; later versions add
rules and are a different convention. The hash identifies the loaded code; the name "Whisper normaliser" would not.
"""

from __future__ import annotations

import re
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from tasks.errors import ScoringError
from tasks.step import Step, function, version_of
from tasks.steps.long_texts import marks_in_order, without_spans
from tasks.steps.normalise.whisper_words import WordByWord
from tasks.steps.together import together

# For longer numbers the conversion time in Python matters.
_DIGITS = 100_000
# Texts this short cannot contain a number that exceeds Python's strictest limit (640 digits).
_SHORT = 100


def _english() -> Callable[[str], str]:
    from whisper_normalizer.english import EnglishTextNormalizer

    normalizer = EnglishTextNormalizer()
    lock = threading.Lock()

    def english(text: str) -> str:
        try:
            if len(text) <= _SHORT:
                return str(normalizer(text).strip())
            text = scannable(text)
            with lock, _long_numbers():
                return str(normalizer(text).strip())
        except (AssertionError, ValueError) as error:
            raise ScoringError(
                f"Whisper's normaliser cannot read a number in this text (more than {_DIGITS:,} digits?)"
            ) from error

    return english


_BRACKETS = re.compile(r"[<\[][^>\]]*[>\]]")
_PARENTHESES = re.compile(r"\(([^)]+?)\)")
_RUNS = re.compile(r"\s{3,}")


def scannable(text: str) -> str:
    """A text with the same result under both normalisers, on which their expressions take linear time.

    They look for the end of each bracket, and for an apostrophe behind each blank, up to the end of the text. Here what is
    inside brackets is deleted first; an opening one without an end becomes another sign that the normalisers replace by a
    space, too; and a run of blanks becomes two of them, which no rule takes for one.
    """
    text = _cut(_BRACKETS, text, "<[", ">]")
    text = _cut(_PARENTHESES, text, "(", ")")
    return _RUNS.sub("  ", marks_in_order(text, compatibility=True))


def _cut(pattern: re.Pattern[str], text: str, opening: str, ends: str) -> str:
    """Delete the matches; an opening bracket behind the last end has none."""
    text = without_spans(pattern, text, *ends)
    last = max(text.rfind(end) for end in ends) + 1
    return text[:last] + text[last:].translate(dict.fromkeys(map(ord, opening), "|"))


@contextmanager
def _long_numbers() -> Iterator[None]:
    """Raise Python's limit on the length of integers.

    Python rejects integers of more than 4,300 digits (or of a limit from the environment); the library then raises an error or
    leaves the number unchanged. An output that repeats a digit must be scored like any other, and equally on every machine.
    """
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(_DIGITS)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)


def _basic() -> Callable[[str], str]:
    from whisper_normalizer.basic import BasicTextNormalizer

    normalizer = BasicTextNormalizer()
    return lambda text: str(normalizer(text if len(text) <= _SHORT else scannable(text)))


@cache
def _english_words() -> Callable[[Sequence[str]], list[str]]:
    from whisper_normalizer.english import EnglishTextNormalizer

    whole = function(WHISPER_ENGLISH)
    try:
        return WordByWord(EnglishTextNormalizer(), whole)
    except ValueError:  # the rules of another release: process whole texts
        return lambda texts: list(map(whole, texts))


def _english_many(texts: Sequence[str]) -> list[str]:
    return _english_words()(texts)


# ASCII symbols and punctuation become spaces; bracketed text is deleted beforehand.
_ASCII = {n: " " if unicodedata.category(chr(n))[0] in "MSP" else chr(n).lower() for n in range(128)}
_OPENING = re.compile(r"[<\[(]")
# White space of one line, but for a single space.
_LINE_BLANKS = re.compile(r"[^\S\n ][^\S\n]*| [^\S\n]+")


def _basic_many(texts: Sequence[str]) -> list[str]:
    return together(texts, _basic_lines, function(WHISPER_BASIC), _is_plain)


def _is_plain(text: str) -> bool:
    return text.isascii() and not _OPENING.search(text)


def _basic_lines(text: str) -> str:
    return _LINE_BLANKS.sub(" ", text.translate(_ASCII))


_VERSION = version_of("whisper-normalizer")

# The output is stripped. The released normaliser may leave a space at the ends, which every tokenizer drops.
WHISPER_ENGLISH = Step(
    "whisper-en",
    _VERSION,
    _english,
    (
        "module:whisper_normalizer.english",
        "module:whisper_normalizer.basic",
        "file:whisper_normalizer/normalizers/english.json",
        "module:tasks.steps.normalise.whisper",
        "module:tasks.steps.normalise.whisper_words",
        "module:tasks.steps.code_points",
        "module:tasks.steps.memo",
        "module:tasks.steps.long_texts",
        "module:tasks.steps.together",
        "unicode:",
        "version:regex",
    ),
    batch=_english_many,
)
WHISPER_BASIC = Step(
    "whisper-basic",
    _VERSION,
    _basic,
    (
        "module:whisper_normalizer.basic",
        "module:tasks.steps.normalise.whisper",
        "module:tasks.steps.long_texts",
        "module:tasks.steps.together",
        "unicode:",
        "version:regex",
    ),
    batch=_basic_many,
)
