"""`repro-audit doctor`: what is there, what is missing, and how to get it."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = """Check what this machine has for scoring, reports and inference, and say for every missing part how to get it.
Exit code 3 only if something is missing that the default audit needs."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--model", type=Path, metavar="FILE", help="model.yaml of a checkpoint, to check its files")
    parser.add_argument("--data", action="append", default=[], metavar="TASK=DIR", help="a task's data, to check them")
    parser.add_argument(
        "--batch", type=int, default=1, metavar="N", help="clips at a time, for the memory (default: 1)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the parts; 3 if one that the default audit needs is missing."""
    from audit.inference.dataset_errors import folders
    from audit.inference.layouts import SetLocation
    from audit.pipeline.doctor import complete, examine

    sets = [SetLocation(task, folder) for task, folder in folders(args.data).items()]
    parts = examine(sets, args.model, args.batch)
    for part in parts:
        print(part.line)
    return 0 if complete(parts) else 3
