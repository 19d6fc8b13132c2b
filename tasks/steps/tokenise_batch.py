"""sacreBLEU's tokenizers on many texts: the same tokens, with the library asked only about what its rules apply to.

`13a` and the second half of `zh` are patterns over at most two neighbouring characters, and none of them tells one white
space, or a text's end, from a space: words between white space are tokenised each by itself, and one is looked up that
came before. Without any of the characters that a pattern is about, a text is split at its white space alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tasks.steps.memo import Memo

Tokenizer = Callable[[str], str]
# Every character besides white space that a pattern of sacreBLEU's TokenizerRegexp changes anything at.
_CHANGED = re.compile(r"[!-&(-/:-@\[-`{-~]")
# What 13a replaces before its patterns: entities, `<skipped>`, line ends.
_REPLACED = re.compile(r"[&\n]|<skipped>")
# Longer ones are no words but texts without spaces, which do not come again.
_WORD_LENGTH = 24


def none(texts: Sequence[str]) -> list[str]:
    """sacreBLEU's `none`: nothing is done."""
    return list(texts)


def char(texts: Sequence[str]) -> list[str]:
    """sacreBLEU's `char`: a space between all characters."""
    return list(map(" ".join, texts))


class ThirteenA:
    """sacreBLEU's `13a`: tokens joined by spaces.

    Args:
        library: The same for one text.
    """

    def __init__(self, library: Tokenizer) -> None:
        self._library = library
        self._words = Memo(library)

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Every text tokenised."""
        return list(map(self._text, texts))

    def _text(self, text: str) -> str:
        if _CHANGED.search(text) is None:
            return " ".join(text.split())
        return self._library(text) if _REPLACED.search(text) else " ".join(map(self._word, text.split()))

    def _word(self, word: str) -> str:
        return self._words[word] if len(word) <= _WORD_LENGTH else self._library(word)


class Chinese:
    """sacreBLEU's `zh`: spaces around what it takes for Chinese, then the patterns of 13a; joined by spaces.

    Args:
        is_chinese: The library's rule for a character.
        library: The library's patterns for a text in which Chinese characters stand alone.
    """

    def __init__(self, is_chinese: Callable[[str], bool], library: Tokenizer) -> None:
        self._apart: Memo[str, str] = Memo(lambda c: f" {c} " if is_chinese(c) else c)
        self._ascii = not any(is_chinese(chr(n)) for n in range(128))
        self._library = library

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Every text tokenised."""
        return list(map(self._text, texts))

    def _text(self, text: str) -> str:
        apart = text.strip()
        if not (self._ascii and apart.isascii()):
            apart = "".join(map(self._apart.__getitem__, apart))
        return self._library(apart) if _CHANGED.search(apart) else " ".join(apart.split())
