"""Fast versions of sacreBLEU's tokenizers for many texts: the library is called only where its rules apply.

`13a` and the second half of `zh` are patterns over at most two adjacent characters, and no pattern distinguishes kinds of
white space, or the end of a text, from a space. Words between white space can therefore be tokenised independently and
cached. A text without any character that a pattern matches is split at white space.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

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


def char(texts: Sequence[str]) -> list[str]:
    """sacreBLEU's `char`: inserts a space between all characters."""
    return list(map(" ".join, texts))


class ThirteenA:
    """sacreBLEU's `13a`: tokens joined by spaces.

    Args:
        library: sacreBLEU's tokenizer for one text.
    """

    def __init__(self, library: Tokenizer) -> None:
        self._library = library
        self._words = Memo(library)

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Tokenise all texts."""
        return list(map(self._text, texts))

    def _text(self, text: str) -> str:
        if _CHANGED.search(text) is None:
            return " ".join(text.split())
        return self._library(text) if _REPLACED.search(text) else " ".join(map(self._word, text.split()))

    def _word(self, word: str) -> str:
        return self._words[word] if len(word) <= _WORD_LENGTH else self._library(word)


class Chinese:
    """sacreBLEU's `zh`: puts spaces around Chinese characters, then applies the patterns of 13a; tokens joined by spaces.

    Args:
        is_chinese: sacreBLEU's test for a Chinese character.
        library: sacreBLEU's patterns, for a text in which Chinese characters are already separated.
    """

    def __init__(self, is_chinese: Callable[[str], bool], library: Tokenizer) -> None:
        self._apart: Memo[str, str] = Memo(lambda c: f" {c} " if is_chinese(c) else c)
        self._ascii = not any(is_chinese(chr(n)) for n in range(128))
        self._library = library

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Tokenise all texts."""
        return list(map(self._text, texts))

    def _text(self, text: str) -> str:
        apart = text.strip()
        if not (self._ascii and apart.isascii()):
            apart = "".join(map(self._apart.__getitem__, apart))
        return self._library(apart) if _CHANGED.search(apart) else " ".join(apart.split())
