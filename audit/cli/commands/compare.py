"""`repro-audit compare`: two runs on the same set."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = """Compare two runs on the same set: how many outputs are identical, and how far every metric moves. If the runs
differ only in batch size, machine, precision or library versions, the differences are measured margins, which a study can
use."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", help="the task's id, for instance st-en-zh")
    parser.add_argument("first", type=Path, metavar="RUN_A", help="a predictions file, or the folder that holds it")
    parser.add_argument("second", type=Path, metavar="RUN_B", help="the run to compare with")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the comparison as JSON")


def run(args: argparse.Namespace) -> int:
    """Compare and print."""
    from audit import api
    from audit._util import canonical_json
    from audit._util.files import write_atomic

    found = api.compare(args.task, args.first, args.second)
    print("\n".join(found.lines()))
    if args.json is not None:
        write_atomic(args.json, canonical_json.dumps(found.as_json()))
        print(f"written: {args.json}")
    return 0
