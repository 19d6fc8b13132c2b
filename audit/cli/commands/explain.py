"""`repro-audit explain`: which ways of counting print a given number on given predictions."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit.errors import InputError

HELP = """Name the convention from the number: the exact set of pipelines that print a value on a predictions file, the
nearest misses, and the chance that some pipeline would have met the value by accident."""
_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", help="the task's id, for instance st-en-zh")
    parser.add_argument("--value", required=True, metavar="V", help="as it is printed: trailing zeros count")
    parser.add_argument("--metric", help="needed where the task has several")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="default: predictions/TASK.jsonl")
    parser.add_argument("--all", action="store_true", help=f"print all matches, not only the first {_SHOWN}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole answer as JSON")


def run(args: argparse.Namespace) -> int:
    """Explain and print."""
    from audit._util import canonical_json
    from audit._util.files import write_atomic
    from audit.analysis import multiverse
    from tasks.analysis.explain import explain
    from tasks.analysis.multiverse import Outcome
    from tasks.errors import ScoringError
    from tasks.statistics.printed import parse

    try:
        parse(args.value, "fraction")
    except ScoringError as error:
        raise InputError(error.what, where="--value", fix="Give it as it is printed: 33.1.") from error
    task, metric = multiverse.chosen(args.task, args.metric)
    found = multiverse.explore(task, metric, args.predictions)
    if not found.known:
        where = str(found.predictions.path)
        raise InputError("no pipeline has a value on these rows", where=where, fix="Check the predictions.")
    answer = explain(found.outcomes, args.value)

    def line(outcome: Outcome) -> str:
        names = ", ".join(outcome.pipeline.known_as)
        kept = "" if outcome.scored == outcome.of else f" {outcome.scored}/{outcome.of}"
        return f"  {float(outcome.value or 0):>12.6f}{kept}  {outcome.pipeline.id}" + (f"  = {names}" if names else "")

    print(f"{task.id}, {metric}: {multiverse.computed(found)}")
    print(f"{len(answer.matches)} of the {answer.tried} print {args.value}")
    for outcome in answer.matches if args.all else answer.matches[:_SHOWN]:
        print(line(outcome))
    if not args.all and len(answer.matches) > _SHOWN:
        print(f"  and {len(answer.matches) - _SHOWN} more (--all)")
    for axis, option in answer.shared:
        print(f"All of them have {axis} = {option}.")
    print("Nearest misses:")
    for outcome in answer.nearest:
        print(line(outcome))
    odds = answer.odds.as_json()
    if odds["chance"] is not None:
        print(
            f"Chance that some pipeline meets a value anywhere from {odds['low']} to {odds['high']}: {odds['chance']}"
        )
    if odds["crowded"] is not None:
        print(f"Share of the {odds['distinct']} different values whose print another one shares: {odds['crowded']}")
    if args.json is not None:
        rows = found.predictions
        head = {"schema": "repro-audit/explanation/1", "task": task.id, "metric": metric}
        head |= {"predictions_sha256": rows.sha256, "model": rows.meta["model"], "variant": rows.variant}
        write_atomic(args.json, canonical_json.dumps({**head, **answer.as_json()}))
        print(f"written: {args.json}")
    return 0
