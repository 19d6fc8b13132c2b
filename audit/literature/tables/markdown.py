"""Tables in Markdown, as GitHub renders them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from audit.literature.tables.captions import numbered
from audit.literature.tables.cells import Rich, Segment, plain
from audit.literature.tables.grid import RawCell, RawRow, RawTable

if TYPE_CHECKING:
    from markdown_it.token import Token

_SCRIPTS = {"<sup>": "^", "<sub>": "_"}
_FOOTNOTE = re.compile(r"\[\^([^\]]+)\]")


def tables(text: str, name: str) -> list[RawTable]:
    """The tables of a Markdown file.

    A paragraph that begins with `Table N` right before or after a table is its caption; one caption belongs to one table.
    """
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    blocks = _blocks(tokens)
    captions: dict[int, tuple[str | None, str | None]] = {}
    taken: set[int] = set()
    places = [i for i, block in enumerate(blocks) if block[0].type == "table_open"]
    for index in places:
        for near in (index - 1, index + 1):
            if near in taken or not 0 <= near < len(blocks) or blocks[near][0].type != "paragraph_open":
                continue
            number, caption = numbered(_text(blocks[near][1].children or []))
            if number:
                captions[index] = number, caption
                taken.add(near)
                break
    return [_table(blocks[i], name, *captions.get(i, (None, None))) for i in places]


def _blocks(tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens of each block at the top level."""
    blocks: list[list[Token]] = []
    for token in tokens:
        if token.level == 0 and token.nesting >= 0:
            blocks.append([])
        blocks[-1].append(token)
    return blocks


def _table(block: Sequence[Token], name: str, number: str | None, caption: str | None) -> RawTable:
    rows: list[RawRow] = []
    for token in block:
        if token.type == "tr_open":
            rows.append(RawRow([]))
        elif token.type == "inline":
            rows[-1].cells.append(RawCell(_rich(token.children or [])))
    line = (block[0].map or [0])[0] + 1
    return RawTable(rows, number, caption, f"{name}:{line}", blanks_span=True, ruled=False)


def _rich(tokens: Sequence[Token]) -> Rich:
    """A cell's text: emphasis is dropped, `<sup>` and `<sub>` and footnote references are kept apart."""
    segments: list[Segment] = []
    script = ""
    for token in tokens:
        if token.type == "html_inline":
            tag = token.content.lower()
            if tag.startswith("<br"):
                segments.append(Segment("", " "))
            script = _SCRIPTS.get(tag, "" if tag in {"</sup>", "</sub>"} else script)
        elif token.type in {"text", "code_inline", "text_special", "image"}:
            segments += [Segment("^", s.text) if script == "^" else Segment("_", s.text) if script == "_" else s
                         for s in _footnotes(token.content)]  # fmt: skip
        elif token.type in {"softbreak", "hardbreak"}:
            segments.append(Segment("", " "))
    return tuple(segments)


def _footnotes(text: str) -> Rich:
    segments: list[Segment] = []
    position = 0
    for match in _FOOTNOTE.finditer(text):
        segments += [*plain(text[position : match.start()]), Segment("^", match.group(1))]
        position = match.end()
    return (*segments, *plain(text[position:]))


def _text(tokens: Sequence[Token]) -> str:
    return "".join(s.text for s in _rich(tokens) if s.script != "^")
