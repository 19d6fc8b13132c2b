"""`repro-audit survey`: every work whose outputs are public, audited in one table."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit._util.paths import LITERATURE
from audit.cli.json_output import add_json
from audit.cli.options import default_cache

HELP = """Audit the works whose outputs are public: what each prints, what its own rule gives on its outputs, the range over
all other rules, and the verdict. Reads the files that `repro-audit outputs fetch` has put into the user's cache folder.

examples:
  repro-audit survey
  repro-audit survey --from ~/Downloads --csv survey.csv"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--study", metavar="ID", help="only this study")
    parser.add_argument("--from", type=Path, dest="source", metavar="FOLDER",
                        help="first take files from there, by hash; whatever their names")  # fmt: skip
    parser.add_argument("--outputs", type=Path, metavar="DIR",
                        help="folder of public outputs (default: $REPRO_AUDIT_OUTPUTS, or the user's cache)")  # fmt: skip
    parser.add_argument("--literature", type=Path, default=LITERATURE, metavar="DIR",
                        help="folder of studies, works and records of outputs (default: built in)")  # fmt: skip
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="DIR",
                        help="cache of counts; may be deleted at any time (default: %(default)s)")  # fmt: skip
    parser.add_argument("--all", action="store_true", help="also what could not be counted again, with the reason")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table as CSV")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Audit and print; 0 if done."""
    from audit import api
    from audit._util import canonical_json
    from audit._util.files import write_atomic

    found = api.survey(
        outputs=args.outputs, source=args.source, literature=args.literature, cache=args.cache, study=args.study
    )
    if args.json:
        print(canonical_json.dumps(found.as_json()).decode())
    else:
        print("\n".join(found.lines(everything=args.all)))
    if args.csv is not None:
        write_atomic(args.csv, found.csv())
        if not args.json:
            print(f"written: {args.csv}")
    return 0
