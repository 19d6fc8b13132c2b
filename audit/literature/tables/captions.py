"""Captions: `Table 2: Word error rates.` is a number and a text."""

from __future__ import annotations

import re

_NUMBERED = re.compile(
    r"\s*(?:\*\*|__)?\s*(?:Table|Tab\.|TABLE)\s*(?P<number>[A-Z]?\.?\d+[a-z]?|[IVXL]+)\b[.:*_\s–—-]*(?P<text>.*)",
    re.DOTALL,
)


def numbered(text: str) -> tuple[str | None, str]:
    """`Table N` and the caption's text; None if the text does not begin with a number."""
    match = _NUMBERED.fullmatch(text)
    if match is None:
        return None, " ".join(text.split())
    return f"Table {match['number']}", " ".join(match["text"].split())
