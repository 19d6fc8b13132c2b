"""`repro-audit attribute`: which steps of counting make a gap, and how much each."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit.cli.json_output import add_json, say_written, show
from audit.cli.options import rows_of

HELP = """Split the gap between two conventions, or between a convention's value and a printed one, into the steps in which
they differ: exact Shapley values over the axes of the multiverse, which sum to the gap, with intervals by paired bootstrap
over rows and the interactions that are large. A printed value that no pipeline prints on these outputs is attributed to no
step (exit code 1): such a gap is one between outputs, which `compare` splits."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    from tasks.statistics.defaults import REPLICATES

    parser.add_argument("task", help="the task's id, for instance st-en-zh")
    parser.add_argument("--from", required=True, metavar="CONVENTION", dest="start",
                        help="a convention's id, or options of the axes: all/special/lower/words/corpus")  # fmt: skip
    end = parser.add_mutually_exclusive_group(required=True)
    end.add_argument("--to", metavar="CONVENTION", dest="end", help="the convention where the gap ends")
    end.add_argument("--to-printed", metavar="V", dest="printed", help="the printed value where it ends")
    parser.add_argument("--metric", help="required if the task has several")
    parser.add_argument("--unit", choices=("percent", "fraction"), help="of the values (default: the claim's)")
    parser.add_argument("--predictions", type=Path, metavar="PATH",
                        help="the file, or the folder that holds TASK.jsonl (default: predictions)")  # fmt: skip
    parser.add_argument("--replicates", type=int, default=REPLICATES, metavar="N",
                        help=f"bootstrap replicates of the intervals; 0 for none (default: {REPLICATES})")  # fmt: skip
    parser.add_argument("--spread", action="store_true",
                        help="also split the spread of the whole multiverse into its axes")  # fmt: skip
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw the parts as a waterfall (SVG)")
    add_json(parser, "write everything as JSON, parts as exact fractions")


def run(args: argparse.Namespace) -> int:
    """Attribute, print, and write the requested files."""
    from audit import api
    from audit._util.files import write_atomic
    from audit.report.figures import waterfall

    path = rows_of(args.predictions, args.task)
    found = api.attribute(
        args.task, path, start=args.start, end=args.end, printed=args.printed, metric=args.metric, unit=args.unit,
        replicates=args.replicates, spread=args.spread,
    )  # fmt: skip
    show(args, found.lines(), found.as_json)
    if args.figure is not None and found.gaps:
        write_atomic(args.figure, waterfall.draw(found.gaps[0], "figure") + "\n")
        say_written(args, args.figure)
    return 1 if found.refused else 0
