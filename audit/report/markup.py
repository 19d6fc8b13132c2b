"""Sentences as parts, so that HTML, PDF and plain text share one wording and escape it in their own ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["text", "code", "strong", "link", "mark"]


@dataclass(frozen=True, slots=True)
class Part:
    """A run of text in one style; `href` is a link's target, in the document (`#id`) or an https address.

    A `mark` is the target of links; its id is in `href`.
    """

    text: str
    kind: Kind = "text"
    href: str = ""


Sentence: TypeAlias = tuple[Part, ...]


def code(text: str) -> Part:
    """An id or other literal text."""
    return Part(text, "code")


def link(text: str, href: str) -> Part:
    """A link."""
    return Part(text, "link", href)


def sentence(*parts: str | Part) -> Sentence:
    """Parts as a sentence; empty texts are omitted."""
    made = (Part(p) if isinstance(p, str) else p for p in parts)
    return tuple(p for p in made if p.text)


def listed(items: Iterable[Sequence[Part]], word: str = "and") -> list[Part]:
    """`a, b and c`."""
    given = list(items)
    found: list[Part] = []
    for n, item in enumerate(given):
        if n:
            found.append(Part(f" {word} " if n == len(given) - 1 else ", "))
        found += item
    return found


def letter(number: int) -> str:
    """The label of a note: `a`, `b`, ... `z`, then numbers."""
    return chr(ord("a") + number) if number < 26 else str(number + 1)
