"""Whisper's English normaliser on many texts: words that no rule joins to their neighbours are looked up one by one.

The library (see `tasks.steps.normalise.whisper`) defines the result. This module only decides where a text may be cut, so that
the library is asked once about a word, or about a few words in a row, and not about every text that holds them. A text
that holds anything else than the words below goes to the library whole.

Why the cuts are safe. A text is taken apart only if it is ASCII, and every word is letters with apostrophes or hyphens
between them, or a number, in quotation marks or not, with at most one mark at its end; so no rule for brackets,
parentheses, diacritics or a space before an apostrophe applies. Of the other rules these look across white space, and
what they need is excluded:

* the perfect tenses (`'s been`) and `and a half`: a text with one of these (with `half`) goes to the library whole;
* numbers (their words, suffixes such as `th` after a digit, currency signs): such words are *joined*, all neighbours
  among them are given to the library together. The library's state between words is empty at a word that is no number;
* signs at the edges of a text: words in a row are given to the library with a plain word where a neighbour stands.

A word is *plain* if the library makes of it one or more words of letters alone, none of which the rules for numbers know.
A word that vanishes (`um`) is none, since it would part numbers that the library joins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from tasks.steps.memo import Memo

Normaliser = Callable[[str], str]
# What a word may look like, in lower case.
_WORD = re.compile(
    r"\"?(?:([a-z]+)|[a-z]+(?:['-][a-z]+)+|\$?[0-9]+(?:,[0-9]+)*(?:\.[0-9]+)?(?:st|nd|rd|th|s|%)?)"
    r"(?:[.,?!;:]?\"?|\"[.,?!;:])"
)
# After any white space: the library's rule wants one space, which is what stands between the words of a run.
_ACROSS = re.compile(r"'[ds]\s+(?:been|gone|done|got)")
_LETTERS = re.compile(r"[a-z]+")
# The rules' keys that are understood: letters, apostrophes and spaces between word boundaries.
_RULE = re.compile(r"(?:\\b)?([a-z' ]+)\\b")
_IGNORED = re.compile(r"\\b\(([a-z|]+)\)\\b")
_HALF = "half"
_SUFFIXES = ("st", "nd", "rd", "th", "s")
# Stands where a run of joined words has a neighbour.
_NEIGHBOUR = "x"
# Longer ones are not kept: they hardly come again.
_WORD_LENGTH, _RUN_LENGTH = 64, 256
_JOINED: Any = None
_UNKNOWN = ""  # No plain word has an empty result.


class WordByWord:
    """The library's normaliser with the same results, faster on many texts.

    Args:
        library: The library's normaliser object; its tables tell which words its rules know.
        whole: What is done to a text that is not taken apart: the library, and what the step does after it.

    Raises:
        ValueError: The library's tables are not what the reasoning above is about.
    """

    def __init__(self, library: Any, whole: Normaliser) -> None:
        self._whole = whole
        self._numbers = frozenset(library.standardize_numbers.words) | {_HALF, *_SUFFIXES}
        spelling: dict[str, str] = library.standardize_spellings.mapping
        ignored = _IGNORED.fullmatch(library.ignore_patterns)
        rules = [_RULE.fullmatch(pattern) for pattern in library.replacers]
        if ignored is None or not all(rules):
            raise ValueError("the library's rules are not known")
        self._ignored = tuple(f"{word}'" for word in ignored[1].split("|"))
        named = [name for rule in rules if rule for name in rule[1].split()]
        written = {word for text in library.replacers.values() for word in text.split()}
        respelled = {word for pair in spelling.items() for text in pair for word in text.split()}
        if self._numbers & (written | respelled | {_NEIGHBOUR}) or whole(_NEIGHBOUR) != _NEIGHBOUR:
            raise ValueError("the library's tables are not known")
        # Letters alone meet the rules for whole words, the numbers and the spelling table, and nothing else.
        self._rules = frozenset([*ignored[1].split("|"), *named, *self._numbers])
        self._spelling = {word: new for word, new in spelling.items() if _LETTERS.fullmatch(new)}
        self._odd_spelling = spelling.keys() - self._spelling.keys()
        self._words: Memo[str, Any] = Memo(self._word, worth=lambda word: len(word) <= _WORD_LENGTH)
        self._runs: Memo[tuple[str, bool, bool], str | None] = Memo(
            self._run, worth=lambda key: len(key[0]) <= _RUN_LENGTH
        )

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Every text normalised."""
        return list(map(self._text, texts))

    def _text(self, text: str) -> str:
        if not text.isascii():
            return self._whole(text)
        low = text.lower()
        if "'" in low and _ACROSS.search(low):
            return self._whole(text)
        words = low.split()
        found = list(map(self._words.__getitem__, words))
        if _UNKNOWN in found:
            return self._whole(text)
        if _JOINED not in found:
            return " ".join(found)
        parts = self._parts(words, found)
        return self._whole(text) if None in parts else " ".join(filter(None, parts))

    def _word(self, word: str) -> Any:
        """What becomes of a word wherever it stands; `_JOINED` if that depends on its neighbours, `_UNKNOWN` if not known."""
        shape = _WORD.fullmatch(word)
        if shape is None:
            return _UNKNOWN
        letters = shape[1]
        if letters is not None and letters not in self._rules and letters not in self._odd_spelling:
            return self._spelling.get(letters, letters)
        if _HALF in word or word.startswith(self._ignored):
            return _UNKNOWN
        made = self._whole(word)
        plain = made and all(_LETTERS.fullmatch(part) and part not in self._numbers for part in made.split())
        return made if plain else _JOINED

    def _parts(self, words: Sequence[str], found: Sequence[Any]) -> list[str | None]:
        parts: list[str | None] = []
        run: list[str] = []
        for word, new in zip(words, found, strict=True):
            if new is _JOINED:
                run.append(word)
                continue
            if run:
                parts.append(self._runs[" ".join(run), bool(parts), True])
                run.clear()
            parts.append(new)
        if run:
            parts.append(self._runs[" ".join(run), bool(parts), False])
        return parts

    def _run(self, key: tuple[str, bool, bool]) -> str | None:
        """Words in a row between plain neighbours; None if the library lets a neighbour have a part in it."""
        run, before, after = key
        left, right = f"{_NEIGHBOUR} " if before else "", f" {_NEIGHBOUR}" if after else ""
        # One space at both ends, so that nothing becomes nothing.
        made = f" {self._whole(left + run + right)} "
        left, right = f" {left}", f"{right} "
        if not made.startswith(left) or not made.endswith(right) or len(made) < len(left) + len(right) - 1:
            return None
        return made[len(left) : len(made) - len(right)]
