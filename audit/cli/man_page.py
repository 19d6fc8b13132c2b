"""The man page, from the same texts as `--help` and `repro-audit help`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from audit.cli.examples import EXAMPLES
from audit.cli.topics import TOPICS


def man_page() -> str:
    """The page in roff, section 1."""
    from audit._util.version import project_version
    from audit.cli import COMMANDS, DESCRIPTION, parser_of

    lines = [
        f'.TH REPRO-AUDIT 1 "" "repro-audit {project_version()}" "User Commands"',
        ".SH NAME",
        f"repro\\-audit \\- {_text(DESCRIPTION[0].lower() + DESCRIPTION[1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        ".B repro\\-audit\n.I COMMAND\n[\n.I OPTIONS\n]",
        ".SH COMMANDS",
    ]
    for name, words in COMMANDS.items():
        lines += [".TP", f".B {_text(name)}", _text(f"{words[0].upper()}{words[1:]}.")]
    for name in COMMANDS:
        below = parser_of(name)
        command = next(a for a in below._actions if isinstance(a, argparse._SubParsersAction)).choices[name]
        lines += [f".SH REPRO\\-AUDIT {_text(name.upper())}", *_paragraphs(command.description or "")]
        lines += _options(command)
        for words, line in EXAMPLES.get(name, ()):
            lines += [".PP", _text(f"{words[0].upper()}{words[1:]}:"), ".PP", ".nf", _text(f"    {line}"), ".fi"]
    for name, text in TOPICS.items():
        lines += [f".SH {_text(name.upper())}", ".nf", *map(_text, text.rstrip().split("\n")), ".fi"]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str) -> Iterator[str]:
    for part in text.split("\n\n"):
        yield ".PP"
        yield _text(" ".join(part.split()))


def _options(parser: argparse.ArgumentParser, words: str = "") -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, child in action.choices.items():
                yield from (f".SS {_text(f'{words} {name}'.strip())}", _text(helps.get(name, "").replace("%%", "%")))
                yield from _options(child, f"{words} {name}")
        elif action.help != argparse.SUPPRESS and "--help" not in action.option_strings:
            shown = ", ".join(action.option_strings) or str(action.metavar or action.dest)
            value = "" if action.nargs == 0 or not action.option_strings else f" {_value(action)}"
            told = (action.help or "") % {"default": action.default, "prog": parser.prog, "metavar": action.metavar}
            yield from (".TP", f".B {_text(shown + value)}", _text(" ".join(told.split())))


def _value(action: argparse.Action) -> str:
    if action.metavar is None:
        return "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()
    return action.metavar if isinstance(action.metavar, str) else " ".join(action.metavar)


def _text(text: str) -> str:
    """A text in which roff sees no request and no escape."""
    plain = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    )
    return f"\\&{plain}" if plain.startswith((".", "\\(aq")) else plain
