r"""Tables in LaTeX: tabular and its relatives, with booktabs, multirow, makecell and siunitx.

Only the tables are parsed: what surrounds them may hold anything. A table that does not close is an error with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pylatexenc import latexwalker

from audit.errors import InputError
from audit.literature.tables.grid import RawCell, RawRow, RawTable
from audit.literature.tables.latex_macros import TABULARS
from audit.literature.tables.latex_source import Macro, line_of, prepared
from audit.literature.tables.latex_text import arguments, context, rich, text

_FLOATS = {"table", "table*", "wraptable", "sidewaystable", "sidewaystable*", "threeparttable", "figure", "figure*"}
_EDGE = re.compile(r"\\(begin|end)\s*\{([^{}\n]*)\}|\\.", re.DOTALL)
_RULES = {"hline", "toprule", "midrule", "bottomrule", "specialrule", "Xhline", "hhline", "hdashline"}
_ENDS = {"\\", "tabularnewline", "cr"}
_HEADS = {"endfirsthead", "endhead", "endfoot", "endlastfoot"}
# More columns or rows than a page holds; a slip of the keyboard must not fill the memory.
_MAX_SPAN = 500
# The trim of a \cmidrule, which the parser has no argument for.
_TRIM = re.compile(r"(\\cmidrule(?:\[[^\]\n]*\])?)\s*\([^)\n]*\)")


@dataclass(frozen=True, slots=True)
class _Found:
    """A tabular, its caption, and its position in the source."""

    node: Any
    caption: str | None


def tables(source: str, name: str, macros: Mapping[str, Macro] | None = None) -> list[RawTable]:
    """The tables of a LaTeX file, in its order; `macros` are those that other files define.

    Raises:
        InputError: An environment of a table, a group or math in it is not closed, or macros expand without end.
    """
    prepared_source = _TRIM.sub(lambda m: m.group(1), prepared(source, name, macros))
    found: list[RawTable] = []
    for start, end in _regions(prepared_source, name):
        part = prepared_source[start:end]
        nodes = _parsed(part, name, line_of(prepared_source, start))
        for item in _tabulars(nodes, None):
            line = line_of(prepared_source, start + item.node.pos)
            found.append(_Reader(item.node).table(item.caption, f"{name}:{line}"))
    if not found and re.search(r"\\begin\s*\{(?:tblr|longtblr)\}", prepared_source):
        raise InputError(
            "tables of tabularray (tblr) are not read", where=name, fix="Give the table as CSV, Markdown or tabular."
        )
    return found


def _regions(source: str, name: str) -> Iterator[tuple[int, int]]:
    """Where the outermost floats and tabulars begin and end.

    Raises:
        InputError: One is not closed, or is closed by another environment's end.
    """
    stack: list[tuple[str, int]] = []
    watched = {*_FLOATS, *TABULARS}
    outer: int | None = None
    for match in _EDGE.finditer(source):
        edge, environment = match.group(1), (match.group(2) or "").strip()
        if edge == "begin":
            if outer is None and environment in watched:
                outer = len(stack)
            stack.append((environment, match.start()))
        elif edge == "end":
            if stack and stack[-1][0] == environment:
                start = stack.pop()[1]
                if outer == len(stack):
                    yield start, match.end()
                    outer = None
            elif outer is not None:
                opened, start = stack[-1]
                raise InputError(
                    rf"\begin{{{opened}}} is closed by \end{{{environment}}}",
                    where=f"{name}:{line_of(source, start)}",
                    fix=rf"Add \end{{{opened}}} before line {line_of(source, match.start())}, or correct the names.",
                )
            elif environment in watched:
                raise InputError(
                    rf"\end{{{environment}}} without \begin{{{environment}}}",
                    where=f"{name}:{line_of(source, match.start())}",
                    fix="Add the missing line, or give the whole table.",
                )
    if outer is not None:
        opened, start = stack[outer]
        raise InputError(
            rf"\begin{{{opened}}} is not closed",
            where=f"{name}:{line_of(source, start)}",
            fix=rf"Add \end{{{opened}}}, or give the whole table.",
        )


def _parsed(part: str, name: str, line: int) -> Sequence[Any]:
    walker = latexwalker.LatexWalker(part, latex_context=context(), tolerant_parsing=False)
    try:
        nodes: Sequence[Any] = walker.get_latex_nodes()[0]
    except RecursionError:
        raise InputError(
            "invalid LaTeX: groups within groups, too deep to read",
            where=f"{name}:{line}",
            fix="Give the table without what surrounds it.",
        ) from None
    except latexwalker.LatexWalkerParseError as error:
        what, position = error.open_contexts[0][:2] if error.open_contexts else ("", error.pos or 0)
        problem = f"{what} is not closed" if what else str(error.msg).strip().splitlines()[0].rstrip(".")
        raise InputError(
            f"invalid LaTeX: {problem}",
            where=f"{name}:{line + part.count(chr(10), 0, position)}",
            fix=f"The parser stopped at line {line + part.count(chr(10), 0, error.pos or 0)}. Close what is open, or give "
            "the whole table.",
        ) from None
    return nodes


def _tabulars(nodes: Sequence[Any], caption: str | None) -> list[_Found]:
    """The tabulars in some nodes, each with its caption: the nearest, and one each if there are as many as tabulars."""
    tabulars = [node for node in _all(nodes) if _is_tabular(node)]
    captions = [text(arguments(n)[-1:]) for n in _all(nodes) if _is_macro(n, "caption", "captionof")]
    if len(captions) == len(tabulars):
        return [_Found(node, own) for node, own in zip(tabulars, captions, strict=True)]
    shared = captions[0] if len(captions) == 1 else caption
    return [_Found(node, shared) for node in tabulars]


def _all(nodes: Sequence[Any]) -> Iterator[Any]:
    """All nodes in the order of the source, down to tabulars."""
    for node in nodes:
        if node is None:
            continue
        yield node
        if _is_tabular(node):
            # longtable has its caption inside.
            yield from (n for n in node.nodelist if _is_macro(n, "caption"))
            continue
        if not _is_macro(node, "caption", "captionof"):
            yield from _all(arguments(node) if getattr(node, "nodeargd", None) else ())
            yield from _all(getattr(node, "nodelist", None) or ())


def _is_tabular(node: Any) -> bool:
    return node.isNodeType(latexwalker.LatexEnvironmentNode) and node.environmentname in TABULARS


def _is_macro(node: Any, *names: str) -> bool:
    return node.isNodeType(latexwalker.LatexMacroNode) and node.macroname in names


class _Reader:
    """Reads the rows of one tabular."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.kinds = _column_kinds(arguments(node)[-1])
        self.rows: list[RawRow] = [RawRow([])]
        self.cell: list[Any] = []
        self.column = 0
        self.ruled = False

    def table(self, caption: str | None, where: str) -> RawTable:
        mark = 0
        for node in self.node.nodelist:
            if node.isNodeType(latexwalker.LatexSpecialsNode) and node.specials_chars == "&":
                self._end_cell()
            elif _is_macro(node, *_ENDS):
                self._end_row()
            elif _is_macro(node, *_RULES):
                self.rows[-1].rule = self.ruled = True
            elif _is_macro(node, "cmidrule", "cline", "cdashline"):
                self._short_rule(text(arguments(node)[-1:]) or node.latex_verbatim())
            elif _is_macro(node, *_HEADS):
                # What stands between \endfirsthead and \endlastfoot repeats the head on further pages, or is a foot.
                self.cell = []
                if mark:
                    del self.rows[mark - 1 : -1]
                mark = len(self.rows)
            elif not _is_macro(node, "caption"):
                self.cell.append(node)
        self._end_row()
        rows = [row for row in self.rows[:-1] if row.cells]
        trailing = self.rows[-1].rule
        return RawTable(rows, None, caption, where, blanks_span=False, ruled=self.ruled and (len(rows) > 1 or trailing))

    def _end_cell(self) -> None:
        cell = self._cell([n for n in self.cell if not n.isNodeType(latexwalker.LatexCommentNode)])
        self.rows[-1].cells.append(cell)
        self.column += cell.columns
        self.cell = []

    def _end_row(self) -> None:
        row = self.rows[-1]
        if (
            not row.cells
            and not rich(self.cell)
            and not any(_is_macro(n, "multirow", "multicolumn") for n in self.cell)
        ):
            self.cell = []
            return
        self._end_cell()
        if len(row.cells) == 1 and not "".join(s.text for s in row.cells[0].rich).strip():
            row.cells.clear()  # an empty line; the next row takes its rules
            self.column = 0
            return
        self.rows.append(RawRow([]))
        self.column = 0

    def _short_rule(self, columns: str) -> None:
        match = re.search(r"(\d+)\s*-\s*(\d*)", columns)
        if match is None or len(self.rows) < 2:
            return
        low, high = int(match.group(1)) - 1, int(match.group(2) or match.group(1)) - 1
        self.rows[-2].below.append((low, high))
        if low == 0 and high >= len(self.kinds) - 1:
            self.rows[-1].rule = self.ruled = True

    def _cell(self, nodes: Sequence[Any]) -> RawCell:
        r"""A cell, with the spans of \multicolumn and \multirow."""
        columns, rows = 1, 1
        kind = self.kinds[self.column] if self.column < len(self.kinds) else ""
        while True:
            span = next((n for n in nodes if _is_macro(n, "multicolumn", "multirow")), None)
            if span is None:
                break
            given = [item for item in arguments(span) if item is not None]
            others = [n for n in nodes if n is not span]
            if span.macroname == "multicolumn":
                columns = min(max(_number(given[0]), 1), _MAX_SPAN)
                kind = ""
            else:
                first = next((item for item in given if _number(item)), None)
                rows = max(min(_number(first), _MAX_SPAN), -_MAX_SPAN) if first is not None else 1
            nodes = [*others, *_contents(given[-1])]
        braced = any(n.isNodeType(latexwalker.LatexGroupNode) for n in nodes)
        return RawCell(rich(nodes), columns, rows or 1, siunitx=kind in {"S", "s"} and not braced)


def _contents(node: Any) -> Sequence[Any]:
    return node.nodelist if node.isNodeType(latexwalker.LatexGroupNode) else [node]


def _number(node: Any) -> int:
    match = re.fullmatch(r"\{?\[?\s*(-?\d+)\s*(?:\.\d+)?\]?\}?", node.latex_verbatim())
    return int(match.group(1)) if match else 0


def _column_kinds(spec: Any) -> list[str]:
    """The letter of each column in `{@{}l S[table-format=2.1] *{2}{c} p{3cm}}`."""
    nodes = _contents(spec) if spec is not None else []
    source = "".join(node.latex_verbatim() for node in nodes)
    source = re.sub(
        r"\*\s*\{(\d{1,2})\}\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}", lambda m: m.group(2) * int(m.group(1)), source
    )
    kinds: list[str] = []
    position = 0
    pattern = re.compile(r"[@!<>]\s*\{|([A-Za-z])\s*(?:\[[^\]]*\])?\s*(\{)?|.", re.DOTALL)
    while match := pattern.match(source, position):
        position = match.end()
        if match.group(1):
            kinds.append(match.group(1))
        if match.group().endswith("{"):
            depth = 1
            while depth and position < len(source):
                depth += (source[position] == "{") - (source[position] == "}")
                position += 1
    return kinds
