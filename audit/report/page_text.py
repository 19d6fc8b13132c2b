"""The text of report.html by chapter and claim, as digests: what a reader reads, whatever its markup.

The page's script computes the same from the page that it is in, so that a changed word is found where it stands.
"""

from __future__ import annotations

import hashlib
from html.parser import HTMLParser

# The whole of the body; ids of elements are made of other characters.
WHOLE = "*"
_PARTS = frozenset({"body", "section", "article"})
_UNREAD = frozenset({"script", "style"})
# HTML's white space, which layout and parsers move about.
_SPACE = str.maketrans("", "", "\t\n\f\r ")


def digests(html: str) -> dict[str, str]:
    """SHA-256 (hex) of the text of the body and of every `section` and `article` with an id, without white space.

    Args:
        html: A page as `audit.report.page` renders it.
    """
    parser = _Texts()
    parser.feed(html)
    parser.close()
    return {name: hashlib.sha256("".join(text).encode()).hexdigest() for name, text in parser.found.items()}


class _Texts(HTMLParser):
    """Collects texts; `found`: id -> pieces of text, in the order of the page.

    Only the elements of `_PARTS` are followed: their end tags are always written.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, list[str]] = {}
        self._open: list[list[str]] = []
        self._read = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _PARTS:
            name = WHOLE if tag == "body" else dict(attrs).get("id")
            pieces: list[str] = []
            if name is not None:
                self.found[name] = pieces
            self._open.append(pieces)
        elif tag in _UNREAD:
            self._read = False

    def handle_endtag(self, tag: str) -> None:
        if tag in _PARTS and self._open:
            self._open.pop()
        elif tag in _UNREAD:
            self._read = True

    def handle_data(self, data: str) -> None:
        if self._read and (text := data.translate(_SPACE)):
            for pieces in self._open:
                pieces.append(text)
