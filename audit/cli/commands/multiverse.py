"""`repro-audit multiverse`: every defensible way of counting, on one predictions file."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from audit.cli.json_output import add_json, say_written, show
from audit.cli.options import rows_of

HELP = """Score predictions under the full factorial of defensible steps (selection, cleaning, normaliser, tokenizer, metric,
fold), show which choices move the value, and draw the specification curve."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", help="the task's id, for instance st-en-zh")
    parser.add_argument("--metric", help="required if the task has several")
    parser.add_argument("--predictions", type=Path, metavar="PATH",
                        help="the file, or the folder that holds TASK.jsonl (default: predictions)")  # fmt: skip
    parser.add_argument("--value", metavar="V", help="a reported value, shown in the curve")
    parser.add_argument("--replicates", type=int, default=0, metavar="N",
                        help="bootstrap replicates for intervals (default: none)")  # fmt: skip
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the specification curve")
    add_json(parser, "write every pipeline's value as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every pipeline's value as CSV")


def run(args: argparse.Namespace) -> int:
    """Compute, print a summary, and write the requested files."""
    from audit import api
    from audit._util.files import write_atomic
    from audit.analysis import multiverse

    if args.value is not None:
        multiverse.check_value(args.value)
    path = rows_of(args.predictions, args.task)
    found = api.multiverse(args.task, path, metric=args.metric, replicates=args.replicates)
    show(args, found.lines(), lambda: multiverse.document(found))
    made: tuple[tuple[Path | None, Callable[[], bytes | str]], ...] = (
        (args.svg, lambda: found.curve(args.value).svg),
        (args.csv, lambda: multiverse.table(found)),
    )
    for target, content in made:
        if target is not None:
            write_atomic(target, content())
            say_written(args, target)
    return 0
