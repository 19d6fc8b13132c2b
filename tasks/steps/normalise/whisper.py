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
from tasks.steps.normalise.whisper_words import WordByWord

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
            with lock, _long_numbers():
                return str(normalizer(text).strip())
        except (AssertionError, ValueError) as error:
            raise ScoringError(
                f"Whisper's normaliser cannot read a number in this text (more than {_DIGITS:,} digits?)"
            ) from error

    return english


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
    return lambda text: str(normalizer(text))


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
_SPACES = re.compile(r"\s+")


def _basic_many(texts: Sequence[str]) -> list[str]:
    whole = function(WHISPER_BASIC)
    return [
        _SPACES.sub(" ", text.translate(_ASCII)) if text.isascii() and not _OPENING.search(text) else whole(text)
        for text in texts
    ]


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
        "module:tasks.steps.memo",
        "unicode:",
    ),
    batch=_english_many,
)
WHISPER_BASIC = Step(
    "whisper-basic",
    _VERSION,
    _basic,
    ("module:whisper_normalizer.basic", "module:tasks.steps.normalise.whisper", "unicode:"),
    batch=_basic_many,
)
