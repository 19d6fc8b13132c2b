"""`repro-audit all`, the image's default command: checks, inference on the available data, audit and package."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from audit.cli.audit_options import (
    add_audit_arguments,
    audit_request,
    check_required,
    print_decided,
    print_line,
    publication_request,
    required_verdicts,
)

HELP = """Run every step: check the installation, run the model on every available test set, score, write the report and sign
the package. Without weights and data, only recorded values are audited. The same command resumes a stopped run.

  --weights DIR   holds model.yaml and the checkpoints it names
  --data DIR      holds the data sets, under the names that docs/how-to/run-the-container.md lists
  --out DIR       receives predictions/, audit.json, the reports and package.zip, and all scratch files"""

_IN_OUT = Path("in --out")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `run`, and where weights and data are."""
    add_audit_arguments(parser)
    parser.set_defaults(cache=_IN_OUT)
    group = parser.add_argument_group("inference")
    group.add_argument("--weights", type=Path, default=Path("weights"), metavar="DIR", help="default: %(default)s")
    group.add_argument("--data", type=Path, default=Path("data"), metavar="DIR", help="default: %(default)s")
    group.add_argument("--tasks", nargs="+", metavar="ID", help="only these tasks (default: every task of the study)")
    group.add_argument(
        "--batch-size", type=int, default=1, metavar="N", help="clips per batch (default 1, as in the paper)"
    )
    group.add_argument("--precision", choices=("fp16", "bf16", "fp32", "int8", "int8-cpu"),
                       help="default: model.yaml's, or fp16; int8-cpu is for a CPU alone")  # fmt: skip
    group.add_argument("--device", action="append", metavar="NAME", help="cuda:0, cpu, ...; repeat for one worker each")
    group.add_argument(
        "--limit", type=int, metavar="N", help="only the first N items of every set, for a trial; noted as such"
    )
    group.add_argument(
        "--no-features", action="store_true", help="do not cache the encoders' outputs (0.9 MB per clip)"
    )


def run(args: argparse.Namespace) -> int:
    """Run the steps in order; 1 if rows or test sets have errors, or `--require` is not met."""
    from audit.pipeline.all_steps import AllRequest, run_all

    required = required_verdicts(args)
    if args.cache == _IN_OUT:
        args.cache = args.out / ".cache" / "scores"
    request = AllRequest(
        audit=audit_request(args, args.predictions),
        publication=publication_request(args),
        weights=args.weights,
        data=args.data,
        tasks=tuple(args.tasks or ()),
        batch_size=args.batch_size,
        precision=args.precision,
        devices=tuple(args.device or ()),
        limit=args.limit,
        features=not args.no_features,
    )
    outcome = run_all(request, partial(print_line, args), _note, partial(print_decided, args))
    if outcome.publication is None:
        return 3
    code = check_required(args, outcome.publication.document, required)
    if outcome.failed:
        print(f"inference had errors: {', '.join(outcome.failed)}; run the same command to retry", file=sys.stderr)
        return 1
    return code


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
