"""Replacing identities by neutral names, in texts, file names and JSON: a pure function of the identities."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

# Between the words of a name: blanks, punctuation, the end of a line, a comment's mark or a tag.
_BREAK = r"[ \t]*\n[\s#]*"
_BETWEEN = rf"(?:[\W_]{{1,8}}|{_BREAK})"
_BESIDE = rf"(?:[\W_]{{0,3}}|{_BREAK})"
_WORDS = re.compile(r"[^\W_]+")
_HEXADECIMAL = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{7,64}(?![0-9A-Za-z])")
# Letters and digits of ASCII only: in Korean and Japanese a particle follows a name without a blank.
_BEFORE, _AFTER = "(?<![0-9A-Za-z])", "(?![0-9A-Za-z])"

# Kinds of identities that are replaced wherever they stand.
REPLACED = frozenset(
    {"acronym", "commit", "file", "file-name", "given", "institution", "owner", "path", "person", "record", "remote",
     "repository", "repository-name", "work"}
)  # fmt: skip
# Kinds that no audit has on purpose; they may be ordinary words, so they are searched for and not replaced.
SEARCHED = frozenset({"host", "user"})
_IN_WORDS = frozenset({"given", "institution", "work"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Something that names the team.

    Attributes:
        kind: One of `REPLACED` or `SEARCHED`.
        value: As the data have it.
        name: The neutral name that stands in its place.
    """

    kind: str
    value: str
    name: str

    @property
    def pattern(self) -> str:
        """A regular expression of its spellings, for a search that ignores case; empty for a commit."""
        words = _WORDS.findall(self.value)
        if self.kind == "commit" or not words:
            return ""
        if self.kind == "person" and len(words) > 1:
            return f"(?:{'|'.join(_of_person(words))})"
        if self.kind in _IN_WORDS and len(words) > 1:
            return _BETWEEN.join(map(_letters, words))
        return re.escape(self.value)


def _of_person(words: list[str]) -> list[str]:
    """Patterns of a name: in both orders, in full, or one of its ends as an initial."""
    orders = {tuple(words), (words[-1], *words[:-1]), (*words[1:], words[0])}
    found = [_BESIDE.join(map(_letters, order)) for order in sorted(orders)]
    for given, family in ((words[0], words[-1]), (words[-1], words[0])):
        initial = f"{_letters(given[0])}\\."
        found += [f"{initial}[\\W_]{{0,2}}{_letters(family)}", f"{_letters(family)},\\s{{0,2}}{initial}"]
    return found


def _letters(word: str) -> str:
    """A pattern of a word with and without its accents."""
    found = ""
    for letter in word:
        parts = unicodedata.normalize("NFKD", letter)
        found += (
            re.escape(letter)
            if len(parts) == 1
            else f"(?:{re.escape(letter)}|{re.escape(parts)}|{re.escape(parts[0])})"
        )
    return found


def _hints_of(one: Identity) -> list[str]:
    words = [word.casefold() for word in _WORDS.findall(one.value)]
    if len(words) > 1 and one.kind == "person":
        # An initial may stand for either end.
        return [_plainest(words[0]), _plainest(words[-1])]
    if len(words) > 1 and one.kind in _IN_WORDS:
        return [_plainest(max(words, key=len))]
    return [one.value.casefold()]


def _plainest(word: str) -> str:
    """The longest part of a word without accents; the word if there is none."""
    return max(re.findall("[0-9a-z]+", word), key=len, default=word)


class Names:
    """The replacement of those identities that are replaced.

    Args:
        identities: The identities.
        fields: Names of fields, which are kept as keys of JSON objects whatever they are called.
    """

    def __init__(self, identities: Iterable[Identity], fields: Collection[str] = ()) -> None:
        self._fields = frozenset(fields)
        replaced = (one for one in identities if one.kind in REPLACED)
        # Longer values first: the name of an institution before its acronym, a path before the user in it.
        self.identities = tuple(sorted(replaced, key=lambda one: (-len(one.value), one.value, one.kind)))
        self.used: set[Identity] = set()

    @cached_property
    def _search(self) -> re.Pattern[str] | None:
        parts = [f"(?P<i{n}>{one.pattern})" for n, one in enumerate(self.identities) if one.pattern]
        return re.compile(f"{_BEFORE}(?:{'|'.join(parts)}){_AFTER}", re.IGNORECASE) if parts else None

    @cached_property
    def _commits(self) -> tuple[Identity, ...]:
        return tuple(one for one in self.identities if one.kind == "commit")

    @cached_property
    def _hints(self) -> tuple[str, ...]:
        """Texts in lower case of which every spelling of an identity has one."""
        words = {word for one in self.identities if one.pattern for word in _hints_of(one)}
        return tuple(sorted(words, key=len))

    def text(self, text: str) -> str:
        """The text with neutral names."""
        if self._commits:
            text = _HEXADECIMAL.sub(self._commit, text)
        # The search tries every identity at every place; most texts have none.
        lower = text.casefold()
        if self._search is None or not any(hint in lower for hint in self._hints):
            return text
        return self._search.sub(self._neutral, text)

    def _commit(self, match: re.Match[str]) -> str:
        for one in self._commits:
            if one.value.startswith(match[0]):
                self.used.add(one)
                return one.name[: len(match[0])]
        return match[0]

    def _neutral(self, match: re.Match[str]) -> str:
        one = self.identities[int(str(match.lastgroup)[1:])]
        self.used.add(one)
        found = match[0]
        if one.kind == "record" and found.isupper():
            return one.name.upper()
        return one.name.capitalize() if one.kind == "record" and found[0].isupper() else one.name

    def json(self, value: Any) -> Any:
        """A JSON value with neutral names in all texts, and in keys that are not fields."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key if key in self._fields else self.text(key): self.json(item) for key, item in value.items()}
        return [self.json(item) for item in value] if isinstance(value, list) else value

    def bytes(self, data: bytes) -> bytes:
        """A text file with neutral names."""
        return self.text(data.decode("utf-8")).encode("utf-8")

    def holds(self, text: str) -> bool:
        """Whether a text has an identity."""
        return self.text(text) != text
