"""`repro-audit score`: one task's predictions under its conventions."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from audit.cli.json_output import add_json
from audit.cli.options import add_engine_arguments
from tasks.statistics.defaults import REPLICATES, SEED

HELP = "Score a predictions file under every convention of its task, with 95 % intervals."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", help="the task's id, for instance asr-librispeech-clean")
    parser.add_argument("--predictions", type=Path, metavar="PATH",
                        help="the file, or the folder that holds TASK.jsonl (default: predictions)")  # fmt: skip
    parser.add_argument("--metric", action="append", help="only this metric (may be repeated)")
    parser.add_argument("--convention", action="append", help="only this convention (may be repeated)")
    parser.add_argument("--expected-rows", type=int, metavar="N", help="the set's size (default: the number of rows)")
    parser.add_argument("--replicates", type=int, default=REPLICATES, metavar="N", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=SEED, help="of the bootstrap (default: %(default)s)")
    add_engine_arguments(parser)
    add_json(parser)
    parser.add_argument("--details", type=Path, metavar="FILE",
                        help="write the counts of every row, for SPICE also sub-scores and tuples, as JSON Lines")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Score and print."""
    from audit import api

    table = api.score(
        args.task,
        args.predictions or Path("predictions") / f"{args.task}.jsonl",
        metrics=args.metric,
        conventions=args.convention,
        expected_rows=args.expected_rows,
        replicates=args.replicates,
        seed=args.seed,
        cache=args.cache,
        engine=args.engine,
        workers=args.workers,
    )
    print(json.dumps(table.records(), indent=1) if args.json else "\n".join(table.lines()))
    if args.details is not None:
        from audit._util.files import open_atomic

        with open_atomic(args.details) as file:
            for one in table.details():
                file.write(json.dumps(one).encode() + b"\n")
        print(f"written: {args.details}", file=sys.stderr)
    return 0
