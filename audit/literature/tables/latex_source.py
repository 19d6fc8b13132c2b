"""LaTeX before it is parsed: parts that print nothing are blanked, and the author's own macros are expanded.

Line feeds stay where they are, so that lines in messages are the file's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from audit.errors import InputError

# A control sequence, a comment, or one character.
_TOKEN = re.compile(r"\\[A-Za-z@]+\*?|\\.|%[^\n]*|.", re.DOTALL)
_INVISIBLE = re.compile(
    r"\\begin\{(?P<name>verbatim\*?|lstlisting|minted|comment|filecontents\*?)\}.*?\\end\{(?P=name)\}"
    r"|\\iffalse(?![A-Za-z]).*?\\fi(?![A-Za-z])",
    re.DOTALL,
)
_DEFINING = ("\\newcommand", "\\renewcommand", "\\providecommand", "\\DeclareRobustCommand")
_MAX_EXPANSIONS = 20_000
_MAX_CHARACTERS = 5_000_000


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro: its number of arguments, the default of the first if that is optional, and its body."""

    arguments: int
    default: str | None
    body: str


def definitions(text: str, name: str) -> tuple[str, dict[str, Macro]]:
    """The source with the definitions of macros, comments and verbatim text blanked; and the macros.

    Raises:
        InputError: An argument is not closed.
    """
    return _definitions(_INVISIBLE.sub(lambda match: _blank(match.group()), _without_comments(text)), name)


def prepared(text: str, name: str, more: Mapping[str, Macro] | None = None) -> str:
    """The source with its own macros, and `more` of other files, expanded; and their definitions blanked.

    Raises:
        InputError: An argument is not closed, or the macros expand without end.
    """
    text, own = definitions(text, name)
    macros = {**(more or {}), **own}
    count = 0
    for _ in range(20):
        text, expanded = _expanded(text, macros, name)
        count += expanded
        if not expanded:
            return text
        if count > _MAX_EXPANSIONS or len(text) > _MAX_CHARACTERS:
            break
    raise InputError(
        "the macros expand without end", where=name, fix="Remove the definition that uses itself, or write it out."
    )


def line_of(text: str, position: int) -> int:
    """The line of a position, counted from 1."""
    return text.count("\n", 0, position) + 1


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _without_comments(text: str) -> str:
    """The source without comments; their line feeds stay."""
    return _TOKEN.sub(lambda match: "" if match.group().startswith("%") else match.group(), text)


def _definitions(text: str, name: str) -> tuple[str, dict[str, Macro]]:
    macros: dict[str, Macro] = {}
    parts: list[str] = []
    position = 0
    while match := _TOKEN.match(text, position):
        token = match.group()
        position = match.end()
        end = None
        if token.rstrip("*") in _DEFINING:
            end = _newcommand(text, position, macros, name)
        elif token in {"\\def", "\\gdef"}:
            end = _def(text, position, macros, name)
        elif token.rstrip("*") == "\\DeclareMathOperator":
            end = _operator(text, position, macros, name)
        if end is None:
            parts.append(token)
        else:
            parts.append(_blank(text[match.start() : end]))
            position = end
    return "".join(parts), macros


def _newcommand(text: str, position: int, macros: dict[str, Macro], name: str) -> int | None:
    macro, position = _argument(text, position, name)
    count, position = _optional(text, position)
    default, position = _optional(text, position)
    body, position = _argument(text, position, name)
    if not re.fullmatch(r"\\([A-Za-z@]+|.)", macro.strip()) or (count and not count.isdigit()):
        return None
    macros[macro.strip()] = Macro(int(count or 0), default, body)
    return position


def _operator(text: str, position: int, macros: dict[str, Macro], name: str) -> int:
    macro, position = _argument(text, position, name)
    body, position = _argument(text, position, name)
    macros[macro.strip()] = Macro(0, None, body)
    return position


def _def(text: str, position: int, macros: dict[str, Macro], name: str) -> int | None:
    match = re.compile(r"\s*(\\[A-Za-z@]+|\\.)((?:#\d)*)\s*(?=\{)").match(text, position)
    if match is None:  # delimited arguments
        return None
    body, position = _argument(text, match.end(), name)
    macros[match.group(1)] = Macro(match.group(2).count("#"), None, body)
    return position


def _argument(text: str, position: int, name: str) -> tuple[str, int]:
    """The next argument as TeX takes it: a group without its braces, or one token; and where it ends."""
    space = re.compile(r"\s*").match(text, position)
    start = space.end() if space else position
    if not text.startswith("{", start):
        match = _TOKEN.match(text, start)
        return (match.group(), match.end()) if match else ("", start)
    depth = 0
    at = start
    while match := _TOKEN.match(text, at):
        depth += (match.group() == "{") - (match.group() == "}")
        at = match.end()
        if depth == 0:
            return text[start + 1 : at - 1], at
    raise InputError(
        "`{` is not closed", where=f"{name}:{line_of(text, start)}", fix="Add the missing `}`, or remove the brace."
    )


def _optional(text: str, position: int) -> tuple[str | None, int]:
    match = re.compile(r"\s*\[([^\]\n]*)\]").match(text, position)
    return (match.group(1), match.end()) if match else (None, position)


def _expanded(text: str, macros: dict[str, Macro], name: str) -> tuple[str, int]:
    """One pass over the source: each use of a macro becomes its body."""
    parts: list[str] = []
    count = position = 0
    while match := _TOKEN.match(text, position):
        token, start, position = match.group(), match.start(), match.end()
        macro = macros.get(token)
        if macro is None:
            parts.append(token)
            continue
        count += 1
        arguments: list[str] = []
        if macro.default is not None:
            given, position = _optional(text, position)
            arguments.append(macro.default if given is None else given)
        while len(arguments) < macro.arguments:
            value, position = _argument(text, position, name)
            arguments.append(value)
        body = re.sub(r"#(\d)", partial(_nth, arguments), macro.body).replace("\n", " ")
        if body.rstrip().endswith("\\xspace"):
            body = body.rstrip().removesuffix("\\xspace")
        elif not macro.arguments and token[-1].isalpha():
            # TeX drops spaces after a control word; \xspace puts them back.
            space = re.compile(r"[ \t]*").match(text, position)
            position = space.end() if space else position
        if re.search(r"\\[A-Za-z@]+$", body) and text[position : position + 1].isalpha():
            body += " "
        parts.append(body + "\n" * text.count("\n", start, position))
        if count > _MAX_EXPANSIONS:
            break
    return "".join(parts), count


def _nth(arguments: list[str], match: re.Match[str]) -> str:
    number = int(match.group(1))
    return arguments[number - 1] if 0 < number <= len(arguments) else ""
