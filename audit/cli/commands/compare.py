"""`repro-audit compare`: two runs on the same set."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit.cli.json_output import add_json, say_written, show
from tasks.statistics.defaults import REPLICATES

HELP = """Compare two runs on the same set: how many outputs are identical, where each row first differs, how far every metric
moves under every convention (with a paired 95 % interval), which rows flip (with McNemar's exact test for accuracies), and
which kinds of rows make the difference: phone strings, loops, refusals, prompts.

If the runs differ only in batch size, machine, precision or library versions, the differences are measured margins, and
--margin writes them for a study. What the files do not state is unknown; --only states it."""
_ONLY = {"batch": "batch", "machine": "machine", "precision": "precision", "library-versions": "library versions"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", help="the task's id, for instance st-en-zh")
    parser.add_argument("first", type=Path, metavar="RUN_A", help="a predictions file, or the folder that holds it")
    parser.add_argument("second", type=Path, metavar="RUN_B", help="the run to compare with")
    parser.add_argument("--metric", help="only this metric")
    parser.add_argument("--convention", metavar="ID",
                        help="only this one, whose difference is split by kind of row (default: all, the first)")  # fmt: skip
    parser.add_argument("--second-convention", metavar="ID",
                        help="for RUN_B alone, if it stores normalised texts: --convention audiobench "
                        "--second-convention verbatim")  # fmt: skip
    parser.add_argument("--only", action="append", choices=tuple(_ONLY), default=[],
                        help="you made both runs and know that they differ only in this; may be repeated")  # fmt: skip
    parser.add_argument(
        "--rows", type=int, default=10, metavar="N", help="rows to show of each list (default: %(default)s)"
    )
    parser.add_argument("--replicates", type=int, default=REPLICATES, metavar="N",
                        help="of the bootstrap; 0 for no intervals (default: %(default)s)")  # fmt: skip
    parser.add_argument("--margin", type=Path, metavar="FILE", help="write the measured margins, as YAML for a study")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the rows that differ; contains outputs")
    add_json(parser, "write the comparison; contains pieces of outputs")


def run(args: argparse.Namespace) -> int:
    """Compare and print."""
    from audit import api
    from audit._util.files import write_atomic
    from audit.analysis.measured_margins import margins_yaml
    from audit.cli.options import check_counts

    check_counts(args, "rows")
    found = api.compare(
        args.task,
        args.first,
        args.second,
        metric=args.metric,
        convention=args.convention,
        second_convention=args.second_convention,
        only=[_ONLY[name] for name in args.only],  # type: ignore[misc]  # the choices of --only
        replicates=args.replicates,
    )
    show(args, found.lines(args.rows), found.as_json)
    for path, made in (
        (args.margin, margins_yaml),
        (args.csv, type(found).table),
    ):
        if path is not None:
            write_atomic(path, made(found))
            say_written(args, path)
    return 0
