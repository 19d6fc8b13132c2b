"""Fast versions of sacreBLEU's tokenizers for many texts: the library is called only where its rules apply.

`13a` and the second half of `zh` are patterns over at most two adjacent characters, and no pattern distinguishes kinds of
white space, or the end of a text, from a space. Words between white space can therefore be tokenised independently and
cached. A text without any character that a pattern matches is split at white space.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import chain

from tasks.steps.code_points import characters
from tasks.steps.memo import Memo

Tokenizer = Callable[[str], str]
# All non-space characters at which a pattern of sacreBLEU's TokenizerRegexp changes a text.
_CHANGED = re.compile(r"[!-&(-/:-@\[-`{-~]")
# Strings that 13a replaces before it applies its patterns: entities, `<skipped>`, line ends.
_REPLACED = re.compile(r"[&\n]|<skipped>")
# Longer strings are texts without spaces rather than words, and rarely recur.
_WORD_LENGTH = 24


def none(texts: Sequence[str]) -> list[str]:
    """sacreBLEU's `none`: leaves texts unchanged."""
    return list(texts)


def _recurs(word: str) -> bool:
    return len(word) <= _WORD_LENGTH


def _where_changed(library: Tokenizer) -> Tokenizer:
    return lambda word: library(word) if _CHANGED.search(word) else word


class ThirteenA:
    """sacreBLEU's `13a`: tokens joined by spaces.

    Args:
        library: sacreBLEU's tokenizer for one text.
    """

    def __init__(self, library: Tokenizer) -> None:
        self._library = library
        self._words = Memo(_where_changed(library), worth=_recurs)
        # A token that recurs is one object, whose hash is computed once.
        self._parts: Memo[str, tuple[str, ...]] = Memo(lambda word: tuple(self._words[word].split()), worth=_recurs)

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Tokenise all texts."""
        return list(map(self._text, texts))

    def tokens(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """The tokens of all texts."""
        return [tuple(text.split()) if _CHANGED.search(text) is None else self._changed(text) for text in texts]

    def _changed(self, text: str) -> tuple[str, ...]:
        if _REPLACED.search(text):
            return tuple(self._library(text).split())
        return tuple(chain.from_iterable(map(self._parts.__getitem__, text.split())))

    def _text(self, text: str) -> str:
        if _CHANGED.search(text) is None:
            return " ".join(text.split())
        return self._library(text) if _REPLACED.search(text) else " ".join(map(self._words.__getitem__, text.split()))


def chinese_characters(ranges: Sequence[tuple[str, str]]) -> str:
    """The characters between two strings of any of the ranges, as the inside of a set in an expression.

    Some of sacreBLEU's strings have two characters: all characters up to the first one sort before such a string.
    """
    return "".join(f"{chr(ord(first[0]) + (len(first) > 1))}-{last[0]}" for first, last in ranges)


class Chinese:
    """sacreBLEU's `zh`: puts spaces around Chinese characters, then applies the patterns of 13a; tokens joined by spaces.

    Args:
        is_chinese: sacreBLEU's test for a Chinese character.
        ranges: The first and last strings of the ranges of that test, between which a character is Chinese.
        library: sacreBLEU's patterns, for a text in which Chinese characters are already separated.
    """

    def __init__(
        self, is_chinese: Callable[[str], bool], ranges: Sequence[tuple[str, str]], library: Tokenizer
    ) -> None:
        self._chinese = re.compile(f"[{chinese_characters(ranges)}]+")
        self._apart: Memo[str, str] = Memo(lambda c: f" {c} " if is_chinese(c) else c)
        self._ascii = not any(is_chinese(chr(n)) for n in range(128))
        self._library = library
        # A word with a space on the sides where the text goes on.
        self._first = Memo(_where_changed(lambda word: library(f"{word} ")), worth=_recurs)
        self._words = Memo(_where_changed(lambda word: library(f" {word} ")), worth=_recurs)
        self._last = Memo(_where_changed(lambda word: library(f" {word}")), worth=_recurs)

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Tokenise all texts."""
        return [" ".join(self._apart_text(text).split()) for text in texts]

    def tokens(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """The tokens of all texts."""
        alone = list(map(self._chinese_alone, texts))
        apart = iter(characters([text for text, fits in zip(texts, alone, strict=True) if fits]))
        return [
            next(apart) if fits else tuple(self._apart_text(text).split())
            for text, fits in zip(texts, alone, strict=True)
        ]

    def _chinese_alone(self, text: str) -> bool:
        """Whether each character but for white space is a token."""
        return self._chinese.fullmatch(text) is not None

    def _apart_text(self, text: str) -> str:
        """The text with white space between its tokens."""
        apart = text.strip()
        if not (self._ascii and apart.isascii()):
            apart = "".join(map(self._apart.__getitem__, apart))
        if _CHANGED.search(apart) is None:
            return apart
        words = apart.split()
        if len(words) == 1:
            return self._library(apart)
        # At an end of the text, a mark has no neighbour: `.5` stays together there.
        inside = map(self._words.__getitem__, words[1:-1])
        return " ".join([self._first[words[0]], *inside, self._last[words[-1]]])
