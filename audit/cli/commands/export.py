"""`repro-audit export`: an audit in third-party formats."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import InputError

if TYPE_CHECKING:
    from audit.schema import AuditDocument

HELP = """Write an audit's values as Every Eval Ever records, as a Hugging Face .eval_results file, or as CSV."""
FORMATS = ("every-eval-ever", "hf-eval-results", "csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("audit", type=Path, metavar="AUDIT.json", help="as `repro-audit run` wrote it")
    parser.add_argument("--format", required=True, choices=FORMATS, help="which format")
    parser.add_argument("--out", type=Path, required=True, metavar="PATH",
                        help="a folder for every-eval-ever, a file for the others")  # fmt: skip
    parser.add_argument("--model-id", metavar="OWNER/NAME", help="the model's id on a hub (for every-eval-ever)")
    parser.add_argument("--datasets", type=Path, metavar="FILE.yaml",
                        help="each task's data set on the Hub (for hf-eval-results)")  # fmt: skip
    parser.add_argument("--include-recorded", action="store_true",
                        help="include recorded values, not only computed ones (for hf-eval-results)")  # fmt: skip
    parser.add_argument("--source-url", metavar="URL", help="where the evidence is (for hf-eval-results)")


def run(args: argparse.Namespace) -> int:
    """Write the files; all are rendered before the first is written."""
    from audit._util.files import write_atomic
    from audit.document.read import load_document

    audit = load_document(args.audit)
    try:
        files = _render(args, audit)
    except (KeyError, ValueError) as error:  # a verdict without a claim, a value that is not a number
        raise InputError(
            f"cannot be exported ({type(error).__name__}: {error})",
            where=str(args.audit),
            fix="Write it again with `repro-audit run`.",
        ) from error
    for path, content in files.items():
        write_atomic(path, content)
        print(f"written: {path}")
    return 0


def _render(args: argparse.Namespace, audit: AuditDocument) -> dict[Path, bytes | str]:
    if args.format == "csv":
        from audit.report.csv import render_csv

        return {args.out: render_csv(audit)}
    if args.format == "every-eval-ever":
        from audit.exporters import every_eval_ever

        found = every_eval_ever.records(audit, args.model_id)
        return {args.out / name: every_eval_ever.dumps(record) for name, record in found.items()}
    from audit.exporters import hf_eval_results

    if args.datasets is None:
        raise InputError(
            "the tasks' data sets on the Hub are unknown",
            where="--datasets",
            fix="Give a file with lines such as: asr-librispeech-clean: {id: owner/name, task_id: test}",
        )
    results = hf_eval_results.results(
        audit,
        hf_eval_results.load_datasets(args.datasets),
        args.source_url,
        include_recorded=args.include_recorded,
    )
    for claim, reason in results.left_out.items():
        print(f"left out: {claim}: {reason}")
    return {args.out: hf_eval_results.dumps(results)}
