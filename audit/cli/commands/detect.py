"""`repro-audit detect`: broken and wrong-task outputs in a predictions file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from audit.cli.json_output import add_json, show
from audit.errors import InputError

HELP = """Count outputs that are broken or answer another task: unfinished, empty, phone strings, wrong script or language,
loops, refusals, echoed prompts. With --sample, print rows for manual inspection: flagged ones and others."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", help="the task's id, for instance asr-librispeech-clean")
    parser.add_argument("--predictions", type=Path, metavar="PATH",
                        help="the file, or the folder that holds TASK.jsonl (default: predictions)")  # fmt: skip
    parser.add_argument("--detector", metavar="ID", help="only this detector")
    parser.add_argument("--ids", action="store_true", help="print the ids of the flagged rows")
    parser.add_argument(
        "--sample", type=int, metavar="N", help="print N rows that --detector flags and N that it does not"
    )
    add_json(parser)
    parser.add_argument("--seed", type=int, default=11, help="of the sample's random half (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Count and print."""
    from audit.literature.known_tasks import task_here
    from audit.scoring import predictions
    from tasks.analysis.detectors import detect, detectors_of, hand_check

    task = task_here(args.task)
    detectors = {d.id: d for d in detectors_of(task)}
    if args.detector is not None and args.detector not in detectors:
        fix = f"Detectors: {', '.join(detectors)}."
        raise InputError(f"{task.id} has no detector {args.detector!r}", where="--detector", fix=fix)
    if args.sample is not None and (args.detector is None or args.sample < 1):
        raise InputError(
            "needs --detector and a positive number", where="--sample", fix="--detector phones --sample 100"
        )
    rows = predictions.load(predictions.file_of(args.predictions, task.id), task).rows
    if args.json:
        show(args, (), lambda: [
            {"detector": found.detector, "fault": found.fault, "found": len(found.ids) if found.of else None,
             "of": found.of, "ids": list(found.ids)}
            for found in detect(rows, task) if args.detector in {None, found.detector}
        ])  # fmt: skip
        return 0
    for found in detect(rows, task):
        if args.detector not in {None, found.detector}:
            continue
        words = f"{len(found.ids)} of {found.of}" if found.of else "cannot be judged"
        print(f"{found.detector:<16} {words:<18} {found.fault}")
        if args.ids:
            print("\n".join(f"  {name}" for name in found.ids))
    if args.sample is not None:
        for word, side in zip(
            ("found", "not found"), hand_check(rows, detectors[args.detector], args.sample, args.seed), strict=True
        ):
            print(f"{word}: {len(side)} rows")
            for row in side:
                print(f"  {row.id}  {json.dumps(row.hypothesis, ensure_ascii=False)}")
    return 0
