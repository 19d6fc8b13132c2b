"""SVG from plain elements, styled by attributes only, so that browsers and the PDF renderer draw the same."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr


def number(value: float) -> str:
    """A coordinate with at most two decimals."""
    return f"{value + 0.0:.2f}".rstrip("0").rstrip(".")


def element(name: str, content: str | Iterable[str] = "", **attributes: object) -> str:
    """An element; `stroke_width` becomes `stroke-width`, `class_` becomes `class`; attributes that are None are omitted.

    `content` is markup: pass texts through `text`.
    """
    parts = [name]
    for key, value in attributes.items():
        if value is None:
            continue
        shown = number(value) if isinstance(value, float) else str(value)
        parts.append(f"{key.rstrip('_').replace('_', '-')}={quoteattr(shown)}")
    inside = content if isinstance(content, str) else "".join(content)
    head = " ".join(parts)
    return f"<{head}>{inside}</{name}>" if inside else f"<{head}/>"


def text(value: str) -> str:
    """Escape a text."""
    return escape(value)
