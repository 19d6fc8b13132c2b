"""The parser of the command line: argparse with examples, suggestions for what is mistyped, and options of every command."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from typing import NoReturn

from audit._util.suggest import near

_CHOICE = re.compile(
    r"argument (?P<what>.+?): invalid choice: '(?P<given>.*)' \(choose from (?P<known>.+)\)", re.DOTALL
)
_UNKNOWN = re.compile(r"unrecognized arguments: (?P<given>.+)", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """Parsers of subcommands are of this class, too."""

    def error(self, message: str) -> NoReturn:
        """Print the usage, what is wrong, and what may have been meant; exit with 2."""
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: error: {self._told(message)}\n")

    def _told(self, message: str) -> str:
        choice = _CHOICE.fullmatch(message)
        if choice:
            known = [name.strip("'\" ") for name in choice["known"].split(",")]
            found = near(choice["given"], known)
            listed = f"did you mean {' or '.join(found)}?" if found else f"choose from {', '.join(known)}"
            return f"argument {choice['what']}: there is no {choice['given']!r}; {listed}"
        unknown = _UNKNOWN.fullmatch(message)
        if unknown:
            options = [text for parser in leaves(self) for action in parser._actions for text in action.option_strings]
            first = unknown["given"].split()[0].partition("=")[0]
            found = near(first, set(options)) if first.startswith("-") else []
            return message + (f"; did you mean {' or '.join(found)}?" if found else "")
        return message


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser itself, or those of its subcommands that have none themselves; each once, whatever its aliases."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield parser
    seen: set[int] = set()
    for action in below:
        for child in action.choices.values():
            if id(child) not in seen:
                seen.add(id(child))
                yield from leaves(child)


def add_everywhere(parser: argparse.ArgumentParser) -> None:
    """Options that every command has: how much it says on standard error."""
    for leaf in leaves(parser):
        taken = {text for action in leaf._actions for text in action.option_strings}
        group = leaf.add_argument_group("every command")
        for short, name, words in (
            ("-q", "--quiet", "say nothing on standard error but errors: no progress, no notes"),
            ("-v", "--verbose", "say on standard error which files are read and written; tracebacks of errors"),
        ):
            free = [text for text in (short, name) if text not in taken]
            if free:
                group.add_argument(*free, dest=name[2:], action="store_true", help=words)
