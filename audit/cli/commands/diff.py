"""`repro-audit diff`: which claims moved between two audits, and why."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

HELP = """Compare two audits: which claims have a different verdict or value, and what may have moved them: model, data,
convention, library, hardware. Packages hold the most detail (and are verified first); an audit.json covers
conventions, libraries and the hashes of the inputs. The exit code is 0 unless --exit-code is given and a claim moved."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("a", type=Path, metavar="A", help="a package (folder or zip), or an audit.json")
    parser.add_argument("b", type=Path, metavar="B", help="a second one")
    parser.add_argument("--exit-code", action="store_true", help="exit with code 1 if any claim moved")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Compare."""
    from audit.provenance import diff

    found = diff.compare(diff.load(args.a), diff.load(args.b))
    sys.stdout.write(json.dumps(asdict(found), indent=1, ensure_ascii=False) + "\n" if args.json else found.as_text())
    return 1 if args.exit_code and found.moved else 0
