"""The normalisers released with Whisper (openai/whisper@c0d2f62: whisper/normalizers), from the package that carries them.

`whisper-normalizer` is pinned: up to 0.1.1 it holds the released logic and spelling table unchanged; later versions add
rules, and are another convention. What is loaded is named by hash, never by the name "Whisper normaliser" alone.
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

# Beyond it the time that Python takes for a number matters.
_DIGITS = 100_000
# No text of so few characters gives a number that the strictest setting (640 digits) refuses.
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
    """Let numbers be as long as the library was made for.

    Python refuses whole numbers of more than 4,300 digits, or of what its environment says; the library then stops, or leaves
    a number as it is. An output that repeats a digit is a result like others, and the same wherever it is scored.
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
    except ValueError:  # another release's rules: each text by itself
        return lambda texts: list(map(whole, texts))


def _english_many(texts: Sequence[str]) -> list[str]:
    return _english_words()(texts)


# Of ASCII, symbols and punctuation become spaces; brackets begin what is deleted before.
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

# Output is stripped at the ends; the released normaliser may leave one space there, which no tokenizer keeps.
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
