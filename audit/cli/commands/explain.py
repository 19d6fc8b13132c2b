"""`repro-audit explain`: which ways of counting print a given number on given predictions, or all numbers of a group."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit.cli.json_output import add_json, show
from audit.cli.options import rows_of

HELP = """Infer the convention from the number: the exact set of pipelines that print a value on a predictions file, the
nearest misses, and the chance that some pipeline matches the value by accident. With --joint: the ways of counting that
print all values that a study claims on a family of tasks, each on its own outputs."""
_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", nargs="?", help="the task's id, for instance st-en-zh")
    parser.add_argument("--value", metavar="V", help="as printed; trailing zeros count")
    parser.add_argument("--joint", metavar="GROUP",
                        help="instead of a task: a family of which the study claims several values, such as asr")  # fmt: skip
    parser.add_argument("--study", metavar="PATH-OR-ID",
                        help="with --joint: a study file, or a study's id (default: study.yaml, or else salmonn)")  # fmt: skip
    parser.add_argument("--metric", help="required if the task has several")
    parser.add_argument("--unit", choices=("percent", "fraction"), help="of the value (default: the claim's)")
    parser.add_argument("--predictions", type=Path, metavar="PATH",
                        help="the file, or the folder that holds TASK.jsonl (default: predictions)")  # fmt: skip
    parser.add_argument("--all", action="store_true", help=f"print all matches, not only the first {_SHOWN}")
    add_json(parser, "write the whole answer as JSON")


def run(args: argparse.Namespace) -> int:
    """Explain and print."""
    from audit import api
    from audit.analysis.joint import JointlyExplained
    from audit.analysis.multiverse import Explained

    _check(args)
    found: Explained | JointlyExplained
    if args.joint is not None:
        from audit.cli.audit_options import chosen_study

        folder = args.predictions or Path("predictions")
        found = api.explain_jointly(args.joint, folder, study=chosen_study(args.study), metric=args.metric)
    else:
        path = rows_of(args.predictions, args.task)
        found = api.explain(args.task, path, value=args.value, metric=args.metric, unit=args.unit)
    show(args, found.lines(None if args.all else _SHOWN), found.as_json)
    return 0


def _check(args: argparse.Namespace) -> None:
    from audit.errors import InputError

    if args.joint is None:
        if args.task is None or args.value is None:
            raise InputError("a task and its printed value are needed", fix="Give TASK --value V, or --joint GROUP.")
        if args.study is not None:
            raise InputError("belongs to --joint", where="--study", fix="Leave it out, or give --joint GROUP.")
    elif args.task is not None or args.value is not None or args.unit is not None:
        raise InputError(
            "the study says the tasks, values and units", where="--joint", fix="Leave out TASK, --value and --unit."
        )
