"""Functions of a text, as subjects: a name that begins with `linear` is, each other one is quadratic in its own way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import regex

_TAG = re.compile(r"<[^>]*>")
_BLANKS = re.compile(r"\s+$")
_LOOK = re.compile(r"\d(?!\d*x)")
_PROPERTY = regex.compile(r"\p{Lu}+\p{Ps}")
_NESTED = re.compile(r"(?:a+)+b")


def _seen(text: str) -> list[str]:
    known: list[str] = []
    for number, character in enumerate(text):
        word = f"{character}{number}"
        if word not in known:
            known.append(word)
    return known


def _cut(text: str) -> int:
    steps = 0
    while text:
        text = text[1:]
        steps += 1
    return steps


def _pairs(text: str) -> int:
    return sum(a == b for a in text for b in text)


def _ends(text: str) -> list[int]:
    return [text.find("}", at) for at, character in enumerate(text) if character == "{"]


def _first(text: str) -> int:
    left = list(text)
    while left:
        left.pop(0)
    return 0


def _one_pass(text: str) -> int:
    at = count = 0
    while (found := text.find("a", at)) >= 0:
        at, count = found + 1, count + 1
    return count


PLANTED: dict[str, Callable[[str], object]] = {
    "tags": lambda text: _TAG.sub("", text),
    "blanks at the end": lambda text: _BLANKS.sub("", text),
    "a look ahead": _LOOK.findall,
    "a property": _PROPERTY.search,
    "nested repeats": _NESTED.search,
    "a list of what was seen": _seen,
    "the rest of a text": _cut,
    "pairs": _pairs,
    "ends that are not there": _ends,
    "the first of a list": _first,
    "marks": lambda text: unicodedata.normalize("NFC", text),
    "linear: one pass": _one_pass,
    "linear: an expression": lambda text: re.sub(r"<[^<>]*>", "", text),
    "linear: words": lambda text: re.findall(r"\w+", text),
    "linear: sorted": lambda text: sorted(text.split()),
}
