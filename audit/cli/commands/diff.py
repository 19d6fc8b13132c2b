"""`repro-audit diff`: which claims moved between two audits, and why."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from audit.cli.json_output import add_json, say_written, show

HELP = """Compare two audits: which claims have a different verdict or value, and what may have moved them: model, data,
convention, library, hardware. Packages hold the most detail (and are verified first); an audit.json covers
conventions, libraries and the hashes of the inputs. The exit code is 0 unless --fail-on is given and a claim moved, or
got worse; the order is reproduced, justified, undocumented or exceeds, selective, unknown, not reproduced."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("a", type=Path, metavar="A", help="a package (folder or zip), or an audit.json")
    parser.add_argument("b", type=Path, metavar="B", help="a second one")
    parser.add_argument(
        "--fail-on", choices=("moved", "worse"), help="exit with 1 if a claim moved, or got a worse verdict"
    )
    parser.add_argument("--exit-code", action="store_const", const="moved", dest="fail_on", help="as --fail-on moved")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write a table for a pull request, too; with "
                        "one audit given twice, without the column of what was before")  # fmt: skip
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Compare."""
    from audit.provenance import diff

    first, second = diff.load(args.a), diff.load(args.b)
    found = diff.compare(first, second)
    show(args, found.as_text().rstrip("\n").split("\n"), lambda: asdict(found))
    if args.markdown is not None:
        from audit._util.files import write_atomic
        from audit.report.pull_request import table

        # One audit twice: its table alone.
        before = None if args.a.resolve() == args.b.resolve() else first.audit
        write_atomic(args.markdown, table(second.audit, before))
        say_written(args, args.markdown)
    failed = {"moved": bool(found.moved), "worse": bool(found.worse)}.get(args.fail_on or "", False)
    if failed and args.fail_on == "worse":
        print(f"worse: {', '.join(found.worse)}", file=sys.stderr)
    return 1 if failed else 0
