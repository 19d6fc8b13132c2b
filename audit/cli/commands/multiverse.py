"""`repro-audit multiverse`: every defensible way of counting, on one predictions file."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit.errors import InputError

HELP = """Score predictions under the full factorial of defensible steps (selection, cleaning, normaliser, tokenizer, metric,
fold), say which choices move the value, and draw the specification curve."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", help="the task's id, for instance st-en-zh")
    parser.add_argument("--metric", help="needed where the task has several")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="default: predictions/TASK.jsonl")
    parser.add_argument("--value", metavar="V", help="a reported value, shown in the curve")
    parser.add_argument("--replicates", type=int, default=0, metavar="N",
                        help="bootstrap replicates for intervals (default: none)")  # fmt: skip
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the specification curve")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every pipeline's value as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every pipeline's value as CSV")


def run(args: argparse.Namespace) -> int:
    """Compute, print a summary, write what is asked for."""
    from audit._util import canonical_json
    from audit._util.files import write_atomic
    from audit.analysis import multiverse, specification_curve
    from tasks.errors import ScoringError
    from tasks.statistics.printed import parse

    if args.replicates < 0:
        raise InputError("must not be negative", where="--replicates", fix="Give 0 for no intervals.")
    if args.value is not None:
        try:
            parse(args.value, "fraction")
        except ScoringError as error:
            raise InputError(error.what, where="--value", fix="Give it as it is printed: 33.1.") from error
    task, metric = multiverse.chosen(args.task, args.metric)
    found = multiverse.explore(task, metric, args.predictions, args.replicates)
    known = found.known
    rows = found.predictions
    print(f"{task.id}, {metric}: {multiverse.computed(found)}; {len(rows.rows)} rows of {rows.meta['model']}")
    if not known:
        raise InputError("no pipeline has a value on these rows", where=str(rows.path), fix="Check the predictions.")
    middle = known[len(known) // 2]
    for word, outcome in (("lowest", known[0]), ("median", middle), ("highest", known[-1])):
        print(f"  {word:<8} {float(outcome.value or 0):>10.4f}  {outcome.pipeline.id}")
    print("Median by option, over all that is chosen otherwise:")
    for axis, options in multiverse.by_option(found).items():
        print(f"  {axis}")
        for name, (number, median) in options.items():
            print(f"    {name:<24} {median:>10.4f}  ({number})")
    for path, content in (
        (args.svg, lambda: specification_curve.draw(found, args.value)),
        (args.json, lambda: canonical_json.dumps(multiverse.document(found))),
        (args.csv, lambda: multiverse.table(found)),
    ):
        if path is not None:
            write_atomic(path, content())
            print(f"written: {path}")
    return 0
