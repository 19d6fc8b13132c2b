"""The `console` blocks of a page: their commands, and what the page shows below each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """A command, and the lines that the page shows as its output."""

    command: str
    output: tuple[str, ...]


def shown(page: str) -> Iterator[Shown]:
    """The commands of a page in order: lines after `$ `, with their continuations after `> ` or a backslash."""
    for block in _BLOCK.findall(page):
        command: list[str] = []
        output: list[str] = []
        more = False
        for line in block.splitlines():
            if line.startswith("$ "):
                if command:
                    yield Shown("\n".join(command), tuple(output))
                command, output = [line[2:]], []
            elif more or (line.startswith("> ") and not output):
                command.append(line.removeprefix("> "))
            else:
                output.append(line)
            more = bool(command) and not output and command[-1].endswith("\\")
        if command:
            yield Shown("\n".join(command), tuple(output))
