"""Fast version of Whisper's English normaliser for many texts: context-free words are normalised once and cached.

The library (see `tasks.steps.normalise.whisper`) defines the result. This module only decides where a text may be split, so
that the library normalises each word, or short run of words, once instead of every text that contains it. A text with
anything other than the words below is passed to the library whole.

Why the splits are safe. A text is split only if it is ASCII and every word consists of letters with apostrophes or hyphens
between them, or is a number, optionally quoted, with at most one punctuation mark at the end. The rules for brackets,
parentheses, diacritics and a space before an apostrophe therefore never apply. Of the remaining rules, these look across
white space, and each is handled:

* the perfect tenses (`'s been`) and `and a half`: a text that contains one of these (or `half`) is passed on whole;
* numbers (number words, suffixes such as `th` after a digit, currency signs): such words are *joined*; adjacent joined words
  are passed to the library together. The library's state is empty at every word that is not a number;
* punctuation at the edges of a text: a run of words is passed with a plain word in place of each neighbour.

Characters beyond ASCII are accepted in words without other signs, if the library makes letters, spaces or nothing of each: the
rules before that step know ASCII only, and those after it see letters. Most texts without any visible ASCII character consist
of such characters alone; then no rule but that step applies.

A word is *plain* if the library turns it into one or more words of letters only, none of which the number rules know.
A word that is deleted (`um`) is not plain: numbers on both sides of it would be joined by the library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from tasks.steps.code_points import Translation
from tasks.steps.memo import Memo

Normaliser = Callable[[str], str]
# The accepted form of a word, in lower case.
_WORD = re.compile(
    r"\"?(?:([a-z\x80-\U0010ffff]+)|[a-z]+(?:['-][a-z]+)+|\$?[a-z]+(?:\.[a-z]+)*|\$?[0-9]+(?:,[0-9]+)*(?:\.[0-9]+)?(?:st|nd|rd|th|s|%)?)"
    r"(?:[.,?!;:]?\"?|\"[.,?!;:])"
)
# Any white space: the library's rule expects one space, and the words of a run are joined by one space.
_ACROSS = re.compile(r"'[ds]\s+(?:been|gone|done|got)")
_LETTERS = re.compile(r"[a-z]+")
_VISIBLE_ASCII = re.compile(r"[!-~]")
# Stands for a character of which the library makes more than letters and spaces; in no text that is accepted.
_OTHER = "\0"
_REST = re.compile(r"[\0!-~]")
_KEPT = ".%$¢€£"
# The rule keys that this module can interpret: letters, apostrophes and spaces between word boundaries.
_RULE = re.compile(r"(?:\\b)?([a-z' ]+)\\b")
_IGNORED = re.compile(r"\\b\(([a-z|]+)\)\\b")
_HALF = "half"
_SUFFIXES = ("st", "nd", "rd", "th", "s")
# Placeholder for the neighbour of a run of joined words.
_NEIGHBOUR = "x"
# Longer words and runs are not cached: they rarely recur.
_WORD_LENGTH, _RUN_LENGTH = 64, 256
_JOINED: Any = None
_UNKNOWN = ""  # the result of a plain word is never empty


def _character(code: int) -> str:
    """What the library makes of a character in its step for symbols and diacritics; `_OTHER` if that is more than letters."""
    from whisper_normalizer.basic import remove_symbols_and_diacritics

    character = chr(code)
    made: str = remove_symbols_and_diacritics(character, keep=_KEPT)
    if character.isspace():
        return character
    return made if all(c == " " or c.isalpha() for c in made) else _OTHER


def _joined(text: str) -> str | None:
    return None if _REST.search(text) else " ".join(text.split())


class WordByWord:
    """The library's normaliser, with the same results but faster on many texts.

    Args:
        library: The library's normaliser object; its tables list the words that its rules know.
        whole: Normalises a text that is not split: the library and the rest of the step.

    Raises:
        ValueError: The library's tables are not those for which the splits are safe.
    """

    def __init__(self, library: Any, whole: Normaliser) -> None:
        self._whole = whole
        self._numbers = frozenset(library.standardize_numbers.words) | {_HALF, *_SUFFIXES}
        spelling: dict[str, str] = library.standardize_spellings.mapping
        ignored = _IGNORED.fullmatch(library.ignore_patterns)
        rules = [_RULE.fullmatch(pattern) for pattern in library.replacers]
        if ignored is None or not all(rules):
            raise ValueError("unknown rules in the library")
        self._ignored = tuple(f"{word}'" for word in ignored[1].split("|"))
        named = [name for rule in rules if rule for name in rule[1].split()]
        written = {word for text in library.replacers.values() for word in text.split()}
        respelled = {word for pair in spelling.items() for text in pair for word in text.split()}
        if (
            not all(map(str.isascii, (*spelling, *self._numbers)))
            or self._numbers & (written | respelled | {_NEIGHBOUR})
            or whole(_NEIGHBOUR) != _NEIGHBOUR
        ):
            raise ValueError("unknown tables in the library")
        # A word of letters is affected only by the rules for whole words, the number rules and the spelling table.
        self._rules = frozenset([*ignored[1].split("|"), *named, *self._numbers])
        self._spelling = {word: new for word, new in spelling.items() if _LETTERS.fullmatch(new)}
        self._odd_spelling = spelling.keys() - self._spelling.keys()
        self._special = self._numbers | self._odd_spelling
        self._characters = Translation(_character)
        self._words: Memo[str, Any] = Memo(self._word, worth=lambda word: len(word) <= _WORD_LENGTH)
        self._runs: Memo[tuple[str, bool, bool], str | None] = Memo(
            self._run, worth=lambda key: len(key[0]) <= _RUN_LENGTH
        )

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Normalise all texts."""
        return [
            self._text(text) if made is None else made
            for text, made in zip(texts, self._of_other_scripts(texts), strict=True)
        ]

    def _of_other_scripts(self, texts: Sequence[str]) -> list[str | None]:
        """The results for texts without visible ASCII characters; None where this does not say."""
        others = [not text.isascii() and not _VISIBLE_ASCII.search(text) for text in texts]
        those = [text for text, other in zip(texts, others, strict=True) if other]

        made = iter(self._characters(list(map(str.lower, those))))
        return [_joined(next(made)) if other else None for other in others]

    def _text(self, text: str) -> str:
        low = text.lower()
        if "'" in low and _ACROSS.search(low):
            return self._whole(text)
        words = low.split()
        found = list(map(self._words.__getitem__, words))
        if all(found):  # neither unknown nor joined
            return " ".join(found)
        if _UNKNOWN in found or not self._filled(words, found):
            return self._whole(text)
        return " ".join(filter(None, found))

    def _word(self, word: str) -> Any:
        """The context-free result for a word; `_JOINED` if it depends on the neighbours, `_UNKNOWN` if it is not known."""
        shape = _WORD.fullmatch(word)
        if shape is None:
            return _UNKNOWN
        letters = shape[1]
        if not word.isascii():
            plain = letters.translate(self._characters)
            if _OTHER in plain or letters.lower() != letters:
                return _UNKNOWN
            # No sign inside, so the rules before the one for diacritics see one word, which is not theirs.
            if letters.isalpha() and plain.isalpha() and _HALF not in plain and plain not in self._special:
                return self._spelling.get(plain, plain)
        elif letters is not None and letters not in self._rules and letters not in self._odd_spelling:
            return self._spelling.get(letters, letters)
        if _HALF in word or word.startswith(self._ignored):
            return _UNKNOWN
        made = self._whole(word)
        if _HALF in made:
            return _UNKNOWN
        found = made.split()
        return made if found and all(part.isalpha() and part not in self._numbers for part in found) else _JOINED

    def _filled(self, words: Sequence[str], found: list[Any]) -> bool:
        """Put the result of every run of joined words in place of its first word, and nothing in place of the others.

        Returns:
            Whether the results of all runs are known.
        """
        number, left, end = len(words), found.count(_JOINED), 0
        while left:
            first = found.index(_JOINED, end)
            end = first + 1
            while end < number and found[end] is _JOINED:
                end += 1
            made = self._runs[" ".join(words[first:end]), first > 0, end < number]
            if made is None:
                return False
            found[first:end] = [made, *[""] * (end - first - 1)]
            left -= end - first
        return True

    def _run(self, key: tuple[str, bool, bool]) -> str | None:
        """The result for a run of words between plain neighbours; None if the library changes a neighbour."""
        run, before, after = key
        left, right = f"{_NEIGHBOUR} " if before else "", f" {_NEIGHBOUR}" if after else ""
        # Pad with spaces, so that both ends are found even if the run itself becomes empty.
        made = f" {self._whole(left + run + right)} "
        left, right = f" {left}", f"{right} "
        if not made.startswith(left) or not made.endswith(right) or len(made) < len(left) + len(right) - 1:
            return None
        return made[len(left) : len(made) - len(right)]
