r"""LaTeX's nodes as text: formatting is dropped, scripts are kept apart, symbols become characters.

pylatexenc parses, and knows accents and symbols; what its own conversion drops (`\textsuperscript`, `\makecell`, siunitx) is
here. A macro that neither knows stays visible, so that a cell with it is reported instead of losing its text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from pylatexenc import latex2text, latexwalker, macrospec

from audit.literature.tables.cells import Rich, Script, Segment, uncertainty
from audit.literature.tables.latex_macros import (
    AROUND,
    DROPPED,
    KEPT,
    SIUNITX,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    SYMBOLS,
    TABULARS,
    UNITS,
)


@cache
def context() -> Any:
    """What the parser knows of macros and environments."""
    known = latexwalker.get_default_latex_context_db()
    macros = {**DROPPED, **KEPT, **SUPERSCRIPTS, **SUBSCRIPTS, **SIUNITX}
    known.add_context_category(
        "tables",
        macros=[macrospec.MacroSpec(name, spec) for name, spec in macros.items()],
        environments=[macrospec.EnvironmentSpec(name, spec) for name, spec in {**TABULARS, **AROUND}.items()],
        prepend=True,
    )
    return known


@cache
def _converter() -> Any:
    return latex2text.LatexNodes2Text(math_mode="text", keep_comments=False)


def rich(nodes: Sequence[Any]) -> Rich:
    """The text of some nodes."""
    writer = _Writer()
    writer.write(nodes, math=False)
    return tuple(writer.segments)


def text(nodes: Sequence[Any]) -> str:
    """The text of some nodes on one line, with subscripts but without superscripts."""
    return " ".join("".join(s.text for s in rich(nodes) if s.script != "^").split())


def arguments(node: Any) -> list[Any]:
    """The argument nodes of a macro or an environment; None for an optional one that is not given."""
    return list(node.nodeargd.argnlist or []) if node.nodeargd else []


class _Writer:
    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.script: Script = ""
        self.next: Script = ""

    def put(self, value: str) -> None:
        script, self.next = self.script or self.next, ""
        if value:
            self.segments.append(Segment(script, value))

    def inside(self, script: Script, nodes: Sequence[Any], *, math: bool) -> None:
        before, self.script = self.script, self.script or script
        self.next = ""
        inner = _Writer()
        inner.write(nodes, math=math)
        joined = "".join(s.text for s in inner.segments)
        unknown = any(s.script == "?" for s in inner.segments)
        self.segments.append(Segment("?" if unknown else self.script, joined))
        self.script = before

    def write(self, nodes: Sequence[Any], *, math: bool) -> None:
        for node in nodes:
            if node is None:
                continue
            pending = self.next
            if pending and not isinstance(node, latexwalker.LatexCharsNode):
                self.inside(pending, [node], math=math)
            elif isinstance(node, latexwalker.LatexCharsNode):
                self.characters(node.chars, math=math)
            elif isinstance(node, latexwalker.LatexGroupNode):
                self.write(node.nodelist, math=math)
            elif isinstance(node, latexwalker.LatexMathNode):
                self.write(node.nodelist, math=True)
            elif isinstance(node, latexwalker.LatexSpecialsNode):
                self.put({"~": "\u00a0", "&": " "}.get(node.specials_chars) or _converter().nodelist_to_text([node]))
            elif isinstance(node, latexwalker.LatexEnvironmentNode):
                self.write(node.nodelist, math=math)
            elif isinstance(node, latexwalker.LatexMacroNode):
                self.macro(node, math=math)

    def characters(self, chars: str, *, math: bool) -> None:
        if not math:
            self.put(chars)
            return
        for char in chars:
            if self.next and not char.isspace():
                self.put("−" if char == "-" else char)
            elif char in "^_":
                self.next = "^" if char == "^" else "_"
            elif not char.isspace():
                self.put("−" if char == "-" else char)

    def macro(self, node: Any, *, math: bool) -> None:
        name = node.macroname
        given = [item for item in arguments(node) if item is not None]
        if name in SYMBOLS:
            self.put(SYMBOLS[name])
        elif name in SIUNITX:
            self.siunitx(name, given)
        elif name in SUPERSCRIPTS:
            self.inside("^", given[-1:], math=math)
        elif name in SUBSCRIPTS:
            self.inside("_", given[-1:], math=math)
        elif name in KEPT:
            # Text inside math takes its own mode: \text{clean set}.
            self.write(given[-1:], math=math and not name.startswith(("text", "mbox", "makecell", "operatorname")))
        elif name not in DROPPED:
            self.symbol(node)

    def symbol(self, node: Any) -> None:
        name = node.macroname
        found = _converter().latex_context.get_macro_spec(name)
        if found is None or not found.macroname:
            self.segments.append(Segment("?", f"\\{name}"))
        else:
            self.put(_converter().nodelist_to_text([node]))

    def siunitx(self, name: str, given: list[Any]) -> None:
        r"""`\num{4.1(2)}`, `\qty{4.1}{\percent}`, `\numrange{1}{2}`."""
        required = [
            item for item in given if not item.isNodeType(latexwalker.LatexGroupNode) or item.delimiters[0] == "{"
        ]
        if name in {"si", "unit"}:
            self.put(_unit(required))
        elif name in {"numrange", "SIrange"}:
            self.put("–".join(_joined([item]) for item in required[:2]))
        else:
            number = _joined(required[:1])
            match = re.fullmatch(r"([-+]?[\d.]+)\((\d+)\)", number)
            if match:
                number = f"{match.group(1)} ± {uncertainty(match.group(1), match.group(2))}"
            unit = _unit(required[1:2]) if name in {"SI", "qty"} else ""
            self.put(f"{number} {unit}".strip())


def _joined(nodes: Sequence[Any]) -> str:
    return "".join(s.text for s in rich(nodes)).strip()


def _unit(nodes: Sequence[Any]) -> str:
    names = "".join(re.sub(r"[{}\s]", "", node.latex_verbatim()) for node in nodes)
    return re.sub(r"\\([A-Za-z]+)|\\%", lambda m: UNITS.get(m.group(1) or "percent", m.group(1) or "%"), names)
