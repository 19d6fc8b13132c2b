"""`repro-audit score`: one task's predictions under its conventions."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from audit.cli.options import add_engine_arguments
from audit.errors import InputError
from tasks.statistics.defaults import REPLICATES, SEED

HELP = "Score a predictions file under every convention of its task, with 95 % intervals."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", help="the task's id, for instance asr-librispeech-clean")
    parser.add_argument("--predictions", type=Path, metavar="PATH",
                        help="the file, or the folder that holds TASK.jsonl (default: predictions)")  # fmt: skip
    parser.add_argument("--metric", action="append", help="only this metric (may be repeated)")
    parser.add_argument("--convention", action="append", help="only this convention (may be repeated)")
    parser.add_argument("--expected-rows", type=int, metavar="N", help="the set's size (default: the rows at hand)")
    parser.add_argument("--replicates", type=int, default=REPLICATES, metavar="N", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=SEED, help="of the bootstrap (default: %(default)s)")
    add_engine_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(args: argparse.Namespace) -> int:
    """Score and print."""
    from audit.scoring import predictions
    from audit.scoring.cache import ScoreCache
    from audit.scoring.pool import engine
    from audit.scoring.score import score
    from tasks.registry import tasks

    known = tasks()
    if args.task not in known:
        raise InputError(f"there is no task {args.task!r}", fix=f"Tasks: {', '.join(known)}.")
    task = known[args.task]
    for metric in args.metric or ():
        if metric not in task.conventions:
            raise InputError(f"{task.id} has no metric {metric!r}", fix=f"Metrics: {', '.join(task.conventions)}.")
    names = {c.id for items in task.conventions.values() for c in items}
    for name in args.convention or ():
        if name not in names:
            raise InputError(f"{task.id} has no convention {name!r}", fix=f"Conventions: {', '.join(sorted(names))}.")
    path = args.predictions or Path("predictions")
    rows = predictions.load(path / f"{task.id}.jsonl" if path.is_dir() or args.predictions is None else path, task)
    with engine(args.engine, args.workers) as counting:
        scores = score(rows, task, expected=args.expected_rows, metrics=args.metric, conventions=args.convention,
                       replicates=args.replicates, seed=args.seed, cache=ScoreCache(args.cache),
                       engine=counting)  # fmt: skip
    if args.json:
        print(json.dumps([_plain(s) for s in scores], indent=1))
        return 0
    print(f"{task.id}: {len(rows.rows)} rows of {rows.meta['model']} ({rows.variant})")
    for item in scores:
        if item.value is None:
            print(f"  {item.metric:<14} {item.convention.id:<30} {item.unavailable or 'not defined'}"[:80])
            continue
        assert item.account is not None
        interval = f"[{item.interval[0]:.4f}, {item.interval[1]:.4f}]" if item.interval else ""
        kept = "" if item.account.scored == item.account.expected else f" {item.account.scored}/{item.account.expected}"
        print(f"  {item.metric:<14} {item.convention.id:<28} {item.value:>10.4f} {interval}{kept}")
    return 0


def _plain(item: object) -> dict[str, object]:
    from audit.scoring.score import Score

    assert isinstance(item, Score)
    account = item.account
    return {
        "metric": item.metric,
        "convention": item.convention.id,
        "signature": item.convention.signature,
        "hash": item.convention.hash,
        "value": None if item.value is None else format(item.value, "f"),
        "interval": None if item.interval is None else [format(b, "f") for b in item.interval],
        "rows": None
        if account is None
        else {
            "expected": account.expected,
            "scored": account.scored,
            "skipped": {s.rule: s.rows for s in account.skipped},
            "missing": account.missing,
            "error": account.error,
        },
        "unavailable": item.unavailable,
    }
