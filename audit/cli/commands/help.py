"""`repro-audit help`: a topic, a command's help, or the man page."""

from __future__ import annotations

import argparse

from audit.cli.topics import SUMMARIES, TOPICS

HELP = f"""Print a topic ({", ".join(TOPICS)}), a command's help, or everything as a man page."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("topic", nargs="*", help="a topic, or a command with its actions (default: the topics)")
    parser.add_argument("--man", action="store_true", help="print everything as a man page (roff)")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    from audit._util.suggest import did_you_mean
    from audit.cli import COMMANDS, parser_of
    from audit.errors import InputError

    if args.man:
        from audit.cli.man_page import man_page

        print(man_page(), end="")
        return 0
    if not args.topic:
        width = max(map(len, TOPICS))
        print("topics:")
        for name in TOPICS:
            print(f"  {name:<{width}}  {SUMMARIES[name]}")
        print("\n`repro-audit help TOPIC` prints one; `repro-audit help COMMAND` is `repro-audit COMMAND --help`.")
        return 0
    name, *actions = args.topic
    if name in TOPICS and not actions:
        print(TOPICS[name], end="")
        return 0
    if name not in COMMANDS:
        every = f"Topics: {', '.join(TOPICS)}. `repro-audit --help` lists the commands."
        raise InputError(f"there is no topic or command {name!r}", fix=did_you_mean(name, (*TOPICS, *COMMANDS), every))
    # Prints the help, and ends the program.
    parser_of(name).parse_args([name, *actions, "--help"])
    return 0
