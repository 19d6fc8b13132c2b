"""`repro-audit doctor`: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from audit.cli.json_output import add_json, show

HELP = """Check what this machine has for scoring, reports and inference, and how to get each missing part.
Exit code 3 only if something is missing that the default audit needs."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--model", type=Path, metavar="FILE", help="model.yaml of a checkpoint, to check its files")
    parser.add_argument("--data", action="append", default=[], metavar="TASK=DIR", help="a task's data, to check it")
    parser.add_argument(
        "--batch", type=int, default=1, metavar="N", help="clips per batch, to estimate memory (default: 1)"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the parts; 3 if the default audit needs a missing one."""
    from audit.inference.dataset_errors import folders
    from audit.inference.layouts import SetLocation
    from audit.pipeline.doctor import complete, examine

    sets = [SetLocation(task, folder) for task, folder in folders(args.data).items()]
    parts = examine(sets, args.model, args.batch)
    show(args, (part.line for part in parts), lambda: [asdict(part) for part in parts])
    return 0 if complete(parts) else 3
