"""`repro-audit countersign`: a reviewer's statement on a package."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

HELP = """Verify a package and, if it is accepted, add a reviewer's statement in a bundle of its own (in-toto Simple
Verification Result). Nothing else in the package changes. With --predictions --rescore the statement also says that
every value was computed again and came out the same."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    from audit.cli import key_options

    parser.add_argument("package", type=Path, metavar="PACKAGE", help="the package's folder or zip")
    key_options.add_arguments(parser, ephemeral=False)
    parser.add_argument(
        "--auditor-key",
        type=Path,
        required=True,
        metavar="FILE",
        help="the auditor's public key, as you know it from elsewhere",
    )
    parser.add_argument(
        "--reviewer", metavar="URI", help="who you are: https://orcid.org/... (default: a name made from the key)"
    )
    parser.add_argument(
        "--property",
        action="append",
        default=[],
        metavar="NAME",
        help="what else you found to hold, as RESULTS_REPRODUCED (may be given more than once)",
    )
    parser.add_argument("--comment", help="one sentence more")
    parser.add_argument("--predictions", type=Path, metavar="DIR", help="the folder of predictions")
    parser.add_argument("--rescore", action="store_true", help="with --predictions: compute every value again")


def run(args: argparse.Namespace) -> int:
    """Countersign; 1 if the package is not accepted."""
    from audit._util.files import write_atomic
    from audit.cli import key_options
    from audit.cli.options import read_file
    from audit.errors import InputError
    from audit.pipeline.rescoring import score_again
    from audit.provenance.format import archive
    from audit.provenance.records.run_record import utc
    from audit.provenance.verification import countersign
    from audit.provenance.verification.trust import Trust
    from audit.provenance.verification.verify import verify

    if args.rescore and args.predictions is None:
        raise InputError("--rescore needs the predictions", fix="--predictions DIR")
    trust = Trust(
        key=read_file(args.auditor_key), predictions=args.predictions, scorer=score_again if args.rescore else None
    )
    report = verify(args.package, trust)
    sys.stdout.write(report.as_text())
    if not report.accepted:
        print("not countersigned")
        return 1
    properties = [
        countersign.PACKAGE_VERIFIED,
        *([countersign.VALUES_RECOMPUTED] if args.rescore else []),
        *args.property,
    ]
    files = archive.read(args.package)
    added = countersign.add(
        files,
        key_options.load(args),
        reviewer=args.reviewer,
        properties=properties,
        comment=args.comment,
        when=utc(time.time()),
    )
    if args.package.is_dir():
        for name, data in added.items():
            write_atomic(args.package / name, data)
    else:
        write_atomic(args.package, archive.zip_bytes(files | added))
    print("\n".join(f"added {name}" for name in sorted(added)))
    return 0
