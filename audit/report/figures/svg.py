"""SVG from plain elements, styled by attributes only, so that browsers and the PDF renderer draw the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

SANS = "'Source Sans 3', 'Source Sans Extended', 'Noto Sans CJK SC', Helvetica, Arial, sans-serif"
INK, MUTED, RULE, BAND, BAND_EDGE, REPORTED = "#1f2328", "#5b636d", "#dfe2e6", "#f6e3b4", "#c48f1c", "#7a5605"


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


def extent(value: str) -> int:
    """The width of a text in Latin letters: a letter of Chinese, Japanese or Korean takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in value)


def text(value: str) -> str:
    """Escape a text."""
    return escape(value)


def figure(body: Iterable[str], size: tuple[float, float], name: str, title: str, description: str) -> str:
    """A figure of the report, with what a screen reader says of it.

    Args:
        body: Elements.
        size: Width and height.
        name: An id that is unique on the page.
        title: A text.
        description: A text.
    """
    width, height = map(number, size)
    named = element("title", text(title), id=f"{name}-title"), element("desc", text(description), id=f"{name}-desc")
    return element(
        "svg",
        [*named, *body],
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        font_family=SANS,
        font_size="11",
        fill=INK,
    )
