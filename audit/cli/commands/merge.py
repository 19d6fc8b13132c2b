"""`repro-audit merge`: join the shards of a run into one predictions file."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = """Join the shards of a run into one predictions file.

The file is byte-identical to that of an unsharded run. Give every folder that was an --out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("folder", nargs="+", type=Path, help="an --out folder of `infer`")
    parser.add_argument("--task", nargs="+", required=True, metavar="ID", help="or ID@NAME, if `infer` had --run NAME")
    parser.add_argument("--out", type=Path, help="default: the first folder")
    parser.add_argument("--who", metavar="NAME", help="for the meta file")


def run(args: argparse.Namespace) -> int:
    """Write the files; 1 if some rows are errors."""
    from audit.inference.merge import merge

    errors = 0
    for task in args.task:
        found = merge(task, args.folder, args.out or args.folder[0], args.who)
        errors += found.errors
        print(f"{task}: {found.rows} rows, {found.errors} of them errors: {found.predictions}")
    return 1 if errors else 0
