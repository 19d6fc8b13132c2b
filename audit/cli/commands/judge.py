"""`repro-audit judge`: let a language model or a person judge outputs, and measure how far judges agree."""

from __future__ import annotations

import argparse

from audit.cli.judge_options import add_arguments

__all__ = ["HELP", "add_arguments", "run"]
HELP = "Let a judge (a model or a person) score outputs; measure how far judges agree."


def run(args: argparse.Namespace) -> int:
    """Run one subcommand and return its exit code."""
    # Not loaded for --help.
    from audit.cli.judge_actions import run as act

    return act(args)
