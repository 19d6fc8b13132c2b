"""`repro-audit explain`: which ways of counting print a given number on given predictions."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = """Infer the convention from the number: the exact set of pipelines that print a value on a predictions file, the
nearest misses, and the chance that some pipeline matches the value by accident."""
_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", help="the task's id, for instance st-en-zh")
    parser.add_argument("--value", required=True, metavar="V", help="as printed; trailing zeros count")
    parser.add_argument("--metric", help="required if the task has several")
    parser.add_argument("--unit", choices=("percent", "fraction"), help="of the value (default: the claim's)")
    parser.add_argument("--predictions", type=Path, metavar="PATH",
                        help="the file, or the folder that holds TASK.jsonl (default: predictions)")  # fmt: skip
    parser.add_argument("--all", action="store_true", help=f"print all matches, not only the first {_SHOWN}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole answer as JSON")


def run(args: argparse.Namespace) -> int:
    """Explain and print."""
    from audit import api
    from audit._util import canonical_json
    from audit._util.files import write_atomic
    from audit.scoring.predictions import file_of

    path = file_of(args.predictions, args.task)
    found = api.explain(args.task, path, value=args.value, metric=args.metric, unit=args.unit)
    print("\n".join(found.lines(None if args.all else _SHOWN)))
    if args.json is not None:
        write_atomic(args.json, canonical_json.dumps(found.as_json()))
        print(f"written: {args.json}")
    return 0
