"""`repro-audit export`: an audit in third-party formats."""

from __future__ import annotations

import argparse
import re
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
    parser.add_argument("--deployment-type", choices=("self_deployed", "externally_managed", "unknown"), default="unknown",
                        help="who ran the model (for every-eval-ever; default: %(default)s)")  # fmt: skip
    parser.add_argument("--model-availability", choices=("open_weights", "closed_weights", "unknown"), default="unknown",
                        help="whether its weights are public (for every-eval-ever; default: %(default)s)")  # fmt: skip
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
    files = _render(args, audit)
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

        if args.model_id is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+", args.model_id, re.ASCII):
            raise InputError(
                "must be OWNER/NAME", where="--model-id", fix="Give the model's id on the Hub: acme/demo-7b."
            )
        model = every_eval_ever.HubModel(args.model_id, args.deployment_type, args.model_availability)
        if args.model_id is None:
            print(
                "note: the model's developer is unknown; --model-id OWNER/NAME names it, and the records' folders with it"
            )
        found = every_eval_ever.records(audit, model)
        return {args.out / name: every_eval_ever.dumps(record) for name, record in found.items()}
    from audit.exporters import hf_eval_results

    cards = _hub_data_sets(audit)
    if args.datasets is None:
        some = next(iter(cards), "asr-librispeech-clean")
        raise InputError(
            "the tasks' ids in the Hub's data sets are unknown",
            where="--datasets",
            fix=f"Give a file with lines such as `{some}: {{task_id: test}}`; the data set's eval.yaml on the Hub lists "
            f"them. Set cards name the data sets of {', '.join(cards) or 'no task of this audit'}; others need an id, too.",
        )
    results = hf_eval_results.results(
        audit,
        hf_eval_results.load_datasets(args.datasets, cards),
        args.source_url,
        include_recorded=args.include_recorded,
        cards=cards,
    )
    for claim, reason in results.left_out.items():
        print(f"left out: {claim}: {reason}")
    return {args.out: hf_eval_results.dumps(results)}


def _hub_data_sets(audit: AuditDocument) -> dict[str, str]:
    """The Hub data sets that set cards name, by task of the audit."""
    from audit.literature.known_tasks import tasks_here
    from audit.literature.sets import load_sets

    known, cards = tasks_here(), load_sets()
    found = {}
    for task in dict.fromkeys(claim.task for claim in audit.claims):
        card = cards.get(known[task].card or "") if task in known else None
        if card is not None and card.hub is not None:
            found[task] = card.hub.id
    return found
