"""`repro-audit run`: the whole audit into a folder."""

from __future__ import annotations

import argparse
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
from audit.errors import InputError

HELP = """Audit a study: join its claims, the recorded values, the literature and any predictions, and write
audit.json, answers.html (one page), report.html, report.pdf, annex.pdf, table.tex, measurements.csv and counts/ into a
folder, and sign them as a package that `repro-audit verify` checks. Without --key, a key is made for this run: it proves
integrity, not identity.

With --blind, the folder holds audit.json, counts and literature with the team's name, and its blind/ the reports and a
package without it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_audit_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run the audit; 0 if done, 1 if a claim has a verdict that `--require` does not allow."""
    required = required_verdicts(args)
    if args.predictions is not None and not args.predictions.exists():
        raise InputError(
            "no such file or folder",
            where=str(args.predictions),
            fix="Give the folder that holds TASK.jsonl files, or one of them.",
        )
    audit = audit_request(args, args.predictions or Path("predictions"))
    publication = publication_request(args)
    from audit.pipeline.publish import publish

    found = publish(audit, publication, decided=partial(print_decided, args), told=partial(print_line, args))
    return check_required(args, found.document, required)
