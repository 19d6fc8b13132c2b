"""`repro-audit prompts`: how far the prompt moves the score."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from audit._util.terminal import in_a_line
from audit.cli.json_output import add_json
from audit.errors import InputError, MissingError
from tasks.statistics.defaults import PERMUTATIONS, REPLICATES

HELP = """Score each prompt of a predictions file separately, with 95 % intervals, and test by permutation whether the prompts
differ."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", help="the task's id, for instance asr-librispeech-clean")
    parser.add_argument("--predictions", type=Path, metavar="PATH",
                        help="the file, or the folder that holds TASK.jsonl (default: predictions)")  # fmt: skip
    parser.add_argument("--metric", help="required if the task has several")
    parser.add_argument("--convention", metavar="ID", help="default: the metric's first that is available here")
    parser.add_argument("--replicates", type=int, default=REPLICATES, metavar="N", help="default: %(default)s")
    parser.add_argument("--permutations", type=int, default=PERMUTATIONS, metavar="N", help="default: %(default)s")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Score by prompt and print."""
    from audit.analysis.findings import prompts_in_document
    from audit.analysis.multiverse import chosen
    from audit.scoring import predictions
    from tasks.analysis.prompt_sensitivity import sensitivity
    from tasks.errors import ScoringError, UnavailableError
    from tasks.step_cache import ChainCache

    task, metric = chosen(args.task, args.metric)
    items = {c.id: c for c in task.conventions[metric]}
    if args.convention is not None and args.convention not in items:
        raise InputError(
            f"{task.id} has no convention {args.convention!r} for {metric}", fix=f"Conventions: {', '.join(items)}."
        )
    if min(args.replicates, args.permutations) < 0:
        raise InputError("must not be negative", where="--replicates, --permutations", fix="Give 0 for none.")
    convention = next((c for c in items.values() if args.convention in {None, c.id} and c.unavailable() is None), None)
    if convention is None:
        reason = items[args.convention].unavailable() if args.convention else "none of its conventions can be"
        raise MissingError(f"{metric} cannot be computed here: {reason}", where=task.id)
    rows = predictions.load(predictions.file_of(args.predictions, task.id), task)
    try:
        found = sensitivity(
            ChainCache(rows.asked), convention, bootstrap=args.replicates, permutations=args.permutations
        )
    except ScoringError as error:
        raise InputError(error.what, where=f"{rows.path}: row {error.row}", fix="Correct the row.") from error
    except UnavailableError as error:
        raise MissingError(str(error), where=task.id) from error
    if found is None:
        asked = {row.prompt for row in rows.asked if row.prompt is not None}
        what = "all rows have the same prompt" if asked else "the rows carry no prompt"
        fix = (
            "Compare two runs with different prompts: `repro-audit compare`."
            if asked
            else "Import the outputs again with their prompts: `repro-audit import` keeps them (--prompt-field)."
        )
        raise InputError(what, where=str(rows.path), fix=fix)
    shown = prompts_in_document(found)
    if args.json:
        print(json.dumps(asdict(shown), indent=1, ensure_ascii=False))
        return 0
    print(f"{task.id}, {metric}, {convention.id}: {found.rows} rows, {len(found.prompts)} prompts")
    for item in shown.prompts:
        interval = f"[{float(item.interval.low):.3f}, {float(item.interval.high):.3f}]" if item.interval else ""
        value = "-" if item.value is None else f"{float(item.value):.3f}"
        print(f"  {value:>10} {interval:<22} {item.rows:>6}  {in_a_line(item.prompt)}")
    if any(item.value is None for item in shown.prompts):
        print("- no value: the rows with this prompt have nothing to count, for instance no reference token")
    if shown.test:
        print(f"p = {shown.test.p} ({found.permutations} permutations of {found.tested} prompts over the rows)")
    return 0
