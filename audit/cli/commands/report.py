"""`repro-audit report`: render the reports of an audit.json."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit._util.files import write_atomic
from audit.cli.options import add_language_argument, add_slides_argument
from audit.errors import InputError, MissingError

HELP = """Render answers.html, report.html, report.pdf, annex.pdf, table.tex and measurements.csv from an audit.json. Nothing
else is read, and the same audit.json and language give the same files."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("audit", type=Path, metavar="AUDIT.JSON", help="as `repro-audit run` writes it")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the files go (default: beside the audit.json)")
    parser.add_argument("--format", default="answers,html,pdf,annex,tex,csv", metavar="LIST",
                        help="reports to render, separated by commas (default: %(default)s)")  # fmt: skip
    add_slides_argument(parser)
    add_language_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Render and write; 3 if a format cannot be rendered here (the others are written)."""
    from audit.document.read import load_document
    from audit.report.formats import FORMATS, RENDERERS

    wanted = [part.strip() for part in args.format.split(",") if part.strip()]
    unknown = sorted(set(wanted) - set(FORMATS))
    if unknown or not wanted:
        raise InputError(
            f"unknown format {', '.join(unknown)}" if unknown else "no format is named",
            where="--format",
            fix=f"Use: {', '.join(FORMATS)}.",
        )
    audit = load_document(args.audit)
    out = args.out or args.audit.parent
    missing: list[MissingError] = []
    content: dict[str, bytes] = {}
    for name in (FORMATS[part] for part in wanted):
        try:
            content[name] = RENDERERS[name](audit, args.lang)
        except MissingError as error:
            missing.append(error)
    for name, data in content.items():
        try:
            write_atomic(out / name, data)
        except OSError as error:
            raise InputError(
                f"cannot be written ({error.strerror})", where=str(out / name), fix="Give --out another folder."
            ) from error
        print(f"wrote {out / name}")
    if missing:
        raise missing[0]
    if args.slides:
        from audit.report.slides import slides, write_slides

        print(f"wrote {write_slides(slides(audit, args.lang), out)}")
    return 0
