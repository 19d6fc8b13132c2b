"""`repro-audit infer`: run the model on a task's test set; resume an interrupted run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from audit.cli.options import add_data_arguments, add_model_arguments, check_counts, model_options, set_options
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.inference.engines.interface import Engine
    from audit.inference.sampled import SampledRun

HELP = """Run a model on a task's test set and write its predictions: SALMONN, or any model of an engine (faster-whisper,
transformers) that model.yaml names.

A run may be stopped or killed at any time; the same command resumes it. Unreadable clips become error rows, and the exit
code is 1. See docs/how-to/run-inference.md and docs/how-to/engines.md."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--task", nargs="+", required=True, metavar="ID", help="one task, or several on the same data")
    parser.add_argument("--out", type=Path, default=Path("predictions"), help="default: predictions")
    add_data_arguments(parser)
    add_model_arguments(parser)
    group = parser.add_argument_group("the run")
    group.add_argument(
        "--batch-size", type=int, default=1, metavar="N", help="clips per batch (default 1, as in the paper)"
    )
    group.add_argument("--encode-batch", type=int, default=1, metavar="N", help="clips per batch of SALMONN's encoders")
    group.add_argument("--engine", choices=("local", "ray"), default="local",
                       help="where workers run: on this machine, or on a Ray cluster")  # fmt: skip
    group.add_argument("--workers", type=int, default=1, metavar="N", help="Ray actors")
    group.add_argument(
        "--gpus-per-worker", type=float, default=0.0, metavar="X", help="for Ray; with 0.5 two share one"
    )
    group.add_argument("--ray-address", metavar="ADDRESS", help="of a running cluster; default: this machine")
    group.add_argument("--shard", default="1/1", metavar="K/N", help="only this shard; then `repro-audit merge`")
    group.add_argument("--prefetch", type=int, default=0, metavar="N", help="processes that prefetch audio")
    group.add_argument(
        "--features", type=Path, metavar="FOLDER", help="cache of SALMONN's encoder outputs (default OUT/.features)"
    )
    group.add_argument("--no-features", action="store_true", help="do not cache the encoders' outputs")
    group.add_argument("--run", dest="run_name", metavar="NAME",
                       help="write TASK@NAME.jsonl: a further run, or the outputs of another model of the study")  # fmt: skip
    group.add_argument("--who", metavar="NAME", help="for the meta file")
    sample = parser.add_argument_group("a planned sample")
    sample.add_argument("--until-settled", action="store_true",
                        help="run the units in the order of --plan, until its claims are settled")  # fmt: skip
    sample.add_argument("--plan", type=Path, metavar="FILE", help="a sampling plan (`repro-audit plan`) for one task")
    sample.add_argument("--max-units", type=int, metavar="N", help="stop after N units of the plan, settled or not")


def run(args: argparse.Namespace) -> int:
    """Run every task; 1 if some rows are errors."""
    from audit.inference.job import InferenceRequest, infer

    check_counts(args, "batch_size", "encode_batch", "workers", "beams", "max_new_tokens", "limit")
    request = InferenceRequest(
        test_set=set_options(args),
        model=model_options(args),
        out=args.out,
        batch_size=args.batch_size,
        encode_batch=args.encode_batch,
        engine=args.engine,
        workers=args.workers,
        gpus_per_worker=args.gpus_per_worker,
        ray_address=args.ray_address,
        shard=args.shard,
        prefetch=args.prefetch,
        features=None if args.no_features else (args.features or args.out / ".features"),
        who=args.who,
        name=args.run_name,
    )
    sampled = _sampled(args)
    engine: Engine | None = None
    errors = 0
    for task in args.task:
        engine, wrong = infer(request, task, _say, _note, engine, sampled)
        errors += wrong
    return 1 if errors else 0


def _sampled(args: argparse.Namespace) -> SampledRun | None:
    """The sampling plan that the run follows; None without one."""
    if not args.until_settled:
        for name in ("plan", "max_units"):
            if getattr(args, name) is not None:
                option = f"--{name.replace('_', '-')}"
                raise InputError("needs --until-settled", where=option, fix="Add --until-settled, or omit it.")
        return None
    if args.plan is None:
        raise InputError("no plan", where="--until-settled", fix="Give --plan FILE; `repro-audit plan` makes one.")
    if len(args.task) > 1:
        raise InputError(
            "several tasks", where="--until-settled", fix="A plan is of one task; run one after the other."
        )
    if args.shard != "1/1":
        raise InputError("a shard cannot follow a plan", where="--shard", fix="Use several devices or Ray actors.")
    from audit.inference.sampled import SampledRun
    from audit.pipeline.until_settled import Watch, adopt

    check_counts(args, "max_units")
    files, task = adopt(args.plan, args.task[0], args.out, run=args.run_name)
    watch = Watch(files.ordered, task, _say, args.max_units)
    return SampledRun(files.ordered.plan.sha256, files.ordered.units, watch)


def _say(text: str) -> None:
    print(text, flush=True)


def _note(text: str) -> None:
    print(text, file=sys.stderr)
