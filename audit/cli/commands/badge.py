"""`repro-audit badge`: how many claims hold, as an image for a README."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit.cli.json_output import add_json, say_written, show

HELP = """Draw a badge: how many of an audit's claims are reproduced or justified. Red if one is not reproduced, green if all
hold. With --json, prints what an endpoint badge of shields.io reads."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("audit", type=Path, metavar="AUDIT.json", help="as `repro-audit run` wrote it")
    parser.add_argument("--out", type=Path, metavar="FILE.svg", help="where the image goes")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Draw it."""
    from audit._util.files import write_atomic
    from audit.document.read import load_document
    from audit.report.badge import endpoint, message, svg

    audit = load_document(args.audit)
    show(args, (message(audit)[0],), lambda: endpoint(audit))
    if args.out is not None:
        write_atomic(args.out, svg(audit))
        say_written(args, args.out)
    return 0
