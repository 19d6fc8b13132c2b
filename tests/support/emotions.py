"""Emotion labels extracted from free-text answers without a judge, under several rules.

The rule affects the score of a set of answers more than most models do, so it is a separate choice.
"""

from __future__ import annotations

import re
from typing import Literal

Rule = Literal["only", "any", "first", "last", "once", "exact"]

# IEMOCAP's ten categories, and prefixes of the words that name them.
CATEGORIES: dict[str, tuple[str, ...]] = {
    "neutral": ("neutral",),
    "happiness": ("happ",),
    "sadness": ("sad",),
    "anger": ("anger", "angr"),
    "frustration": ("frustrat",),
    "excited": ("excit",),
    "surprise": ("surpris",),
    "fear": ("fear",),
    "disgust": ("disgust",),
    "other": ("other",),
}
_PATTERNS = {name: re.compile("|".join(stems), re.IGNORECASE) for name, stems in CATEGORIES.items()}


def mentions(text: str) -> list[str]:
    """The categories that `text` names, in order and with repetitions, ignoring case."""
    found = [(match.start(), name) for name, pattern in _PATTERNS.items() for match in pattern.finditer(text)]
    return [name for _, name in sorted(found)]


def right(gold: str, text: str, rule: Rule) -> int:
    """1 if `text` names the category `gold` under a rule, otherwise 0.

    `any`: it is named. `only`: it is named and no other category is. `first`, `last`: it is the first or the last
    one named. `once`: it is named exactly once and no other category is. `exact`: the text is the
    category's name, ignoring case, spaces and a full stop.

    Raises:
        KeyError: `gold` is not one of IEMOCAP's categories.
    """
    if gold not in CATEGORIES:
        raise KeyError(gold)
    if rule == "exact":
        return int(text.strip().rstrip(".").lower() == gold)
    named = mentions(text)
    match rule:
        case "any":
            return int(gold in named)
        case "only":
            return int(set(named) == {gold})
        case "first":
            return int(named[:1] == [gold])
        case "last":
            return int(named[-1:] == [gold])
        case "once":
            return int(named == [gold])


def category(text: str) -> str | None:
    """The one category that a reference sentence names ("... in a sad state."), or None."""
    named = set(mentions(text))
    return named.pop() if len(named) == 1 else None
