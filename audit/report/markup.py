"""Sentences as parts, so that HTML, PDF and plain text share one wording and escape it in their own ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from audit._util.templates import split
from audit.report.language import tr, trc, trn

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


# What stands for a placeholder of a message: text, a part in a style of its own, or several.
Filling: TypeAlias = str | Part | Sequence[Part]


def said(message: str, /, **values: Filling) -> Sentence:
    """A message in the current language as a sentence: parts stand where the translation puts their placeholders."""
    return filled(tr(message), values)


def said_many(one: str, many: str, number: int, /, **values: Filling) -> Sentence:
    """As `said`, for a message about a number of things."""
    return filled(trn(one, many, number), values)


def filled(template: str, values: Mapping[str, Filling]) -> Sentence:
    """A template that is already in the reader's language, its placeholders replaced by parts."""
    found: list[Part] = []
    for text, name in split(template):
        value = values[name] if name else ""
        found += [
            Part(text),
            *([Part(value)] if isinstance(value, str) else [value] if isinstance(value, Part) else value),
        ]
    return tuple(part for part in found if part.text)


def listed(items: Iterable[Sequence[Part]]) -> list[Part]:
    """`a, b and c`."""
    given = list(items)
    before: list[Part] = []
    for n, item in enumerate(given[:-1] or given):
        before += [Part(", "), *item] if n else item
    if len(given) < 2:
        return before
    return list(filled(trc("the end of a list", "{first} and {last}"), {"first": before, "last": given[-1]}))


def enumeration(names: Sequence[str]) -> str:
    """`a, b and c` of plain texts."""
    return "".join(part.text for part in listed([[Part(name)] for name in names]))


def letter(number: int) -> str:
    """The label of a note: `a`, `b`, ... `z`, then numbers."""
    return chr(ord("a") + number) if number < 26 else str(number + 1)
