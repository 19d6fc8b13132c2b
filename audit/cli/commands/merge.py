"""`repro-audit merge`: join the shards of a run into one predictions file."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = """Join the shards of a run into one predictions file.

The file's bytes are those of a run in one piece, however many shards there were. Give every folder that was an --out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("folder", nargs="+", type=Path, help="what was given to `infer` as --out")
    parser.add_argument("--task", nargs="+", required=True, metavar="ID")
    parser.add_argument("--out", type=Path, help="default: the first folder")
    parser.add_argument("--who", metavar="NAME", help="for the meta file")


def run(args: argparse.Namespace) -> int:
    """Write the files; 1 if some rows are errors."""
    import json

    from audit.inference.merge import merge

    errors = 0
    for task in args.task:
        path = merge(task, args.folder, args.out or args.folder[0], args.who)
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
        wrong = sum(row["hypothesis"] is None for row in rows)
        errors += wrong
        print(f"{task}: {len(rows)} rows, {wrong} of them errors: {path}")
    return 1 if errors else 0
