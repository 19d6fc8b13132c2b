"""`repro-audit rows`: the rows, and the words in them, that pay for the difference between two conventions."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from audit.cli.json_output import add_json, say_written, show, write_file

HELP = """Show which rows pay for the difference between two conventions on one predictions file, and which words in them:
ranked, with each row's share, and grouped by what happened (a number spelled out, a contraction, a filler, a hyphen, a
spelling, phone strings, a loop, a refusal, rows that one convention drops).

For error rates, accuracies and means of rows the shares sum to the difference exactly; for others (BLEU, macro-F1) the
remainder is stated. Everything stays on this machine: the page and the CSV contain texts, the report of an audit does not."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", help="the task's id, for instance asr-librispeech-clean")
    parser.add_argument("--between", nargs=2, required=True, metavar=("A", "B"),
                        help="two conventions, or pipelines as `multiverse` and `explain` print them")  # fmt: skip
    parser.add_argument("--metric", help="required if several metrics have both")
    parser.add_argument("--predictions", type=Path, metavar="PATH",
                        help="the file, or the folder that holds TASK.jsonl (default: predictions)")  # fmt: skip
    parser.add_argument("--rows", type=int, default=20, metavar="N", help="rows to show (default: %(default)s)")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto",
                        help="auto: on a terminal unless NO_COLOR is set, in a pipe if FORCE_COLOR is (default)")  # fmt: skip
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with the alignments; contains texts")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="write all rows that count differently; contains texts"
    )
    add_json(parser, "write all shares, without texts")


def run(args: argparse.Namespace) -> int:
    """Compute, print and write."""
    from audit import api
    from audit._util.files import write_atomic
    from audit._util.terminal import unfiltered
    from audit.analysis.paying_rows_page import page
    from audit.cli.options import check_counts, rows_of
    from audit.literature.known_tasks import find_task
    from audit.literature.sets import card_of, load_sets

    check_counts(args, "rows")
    first, second = args.between
    found = api.rows(args.task, rows_of(args.predictions, args.task), between=(first, second), metric=args.metric)
    if args.json:
        show(args, (), found.as_json)
    else:
        # The colours are ours; the texts of the rows were filtered when the lines were made.
        print("\n".join(found.lines(args.rows, colour=_colour(args.color))), file=unfiltered(sys.stdout))
        write_file(args, found.as_json)
    if args.html is not None:
        card = card_of(find_task(args.task), load_sets())
        write_atomic(args.html, page(found, None if card is None else card.publish_text, max(args.rows, 200)))
        say_written(args, args.html)
    if args.csv is not None:
        write_atomic(args.csv, found.table())
        say_written(args, args.csv)
    return 0


def _colour(choice: str) -> bool:
    """Whether to colour: https://no-color.org; never in a pipe unless asked for."""
    from audit._util.terminal import coloured

    if choice == "auto":
        return coloured(sys.stdout)
    return choice == "always"
