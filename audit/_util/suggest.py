"""What a mistyped name may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 3
_CLOSE = 0.6


def near(name: str, known: Iterable[str]) -> list[str]:
    """At most three known names that are like `name`, the nearest first; case does not matter."""
    by_lower = {one.lower(): one for one in known}
    found = get_close_matches(name.lower(), by_lower, _MOST, _CLOSE)
    # A part of a long id, which is unlike the whole: `librispeech-clean`.
    found += [one for one in by_lower if len(name) > 3 and name.lower() in one and one not in found]
    return [by_lower[one] for one in found[:_MOST]]


def did_you_mean(name: str, known: Iterable[str], every: str) -> str:
    """The remedy for an unknown name: the near ones, or how to find all.

    Args:
        name: What was typed.
        known: The known names.
        every: The remedy if nothing is near: all names, or the command that lists them.
    """
    found = near(name, known)
    if not found:
        return every
    return f"Did you mean {' or '.join(found)}? {every}"
