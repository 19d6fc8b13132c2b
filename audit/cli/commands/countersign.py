"""`repro-audit countersign`: a reviewer's statement on a package."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

HELP = """Verify a package and, if it is intact, add a reviewer's statement in a separate bundle (in-toto Simple
Verification Result). Nothing else in the package changes. With --predictions --rescore the statement also says that
every value was recomputed with the same result."""


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
        help="the auditor's public key, obtained independently of the package",
    )
    parser.add_argument(
        "--reviewer", metavar="URI", help="who you are: https://orcid.org/... (default: derived from the key)"
    )
    parser.add_argument(
        "--property",
        action="append",
        default=[],
        metavar="NAME",
        help="a further property that you checked, such as RESULTS_REPRODUCED (may be repeated)",
    )
    parser.add_argument("--comment", help="a comment of one sentence")
    parser.add_argument("--predictions", type=Path, metavar="PATH", help="the folder of predictions, or its one file")
    parser.add_argument("--rescore", action="store_true", help="with --predictions: recompute every value")


def run(args: argparse.Namespace) -> int:
    """Countersign; 1 if the package is rejected."""
    from audit._util.files import write_atomic
    from audit.cli import key_options
    from audit.cli.options import read_file
    from audit.errors import InputError
    from audit.pipeline.deriving import derive
    from audit.pipeline.rescoring import score_again
    from audit.provenance.format import archive
    from audit.provenance.records.run_record import utc
    from audit.provenance.verification import countersign
    from audit.provenance.verification.trust import Trust
    from audit.provenance.verification.verify import verify

    if args.rescore and args.predictions is None:
        raise InputError("--rescore needs the predictions", fix="--predictions DIR")
    trust = Trust(
        key=read_file(args.auditor_key),
        predictions=args.predictions,
        scorer=score_again if args.rescore else None,
        deriver=derive,
    )
    report = verify(args.package, trust)
    sys.stdout.write(report.as_text())
    if not report.intact:
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
