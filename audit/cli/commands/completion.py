"""`repro-audit completion`: the script that lets a shell complete commands, options and their values."""

from __future__ import annotations

import argparse

from audit.cli.completion import SCRIPTS

HELP = """Print the script that lets a shell complete commands, options and their values. Nothing is installed: put the
script where the shell looks for it, or evaluate it in the shell's start-up file."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("shell", choices=sorted(SCRIPTS), help="the shell")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print(SCRIPTS[args.shell], end="")
    return 0
