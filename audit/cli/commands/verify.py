"""`repro-audit verify`: accept a package, or report what is wrong with it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from audit.cli.json_output import add_json
from audit.cli.options import read_file

HELP = """Verify a package (a folder or a zip) offline: signatures, every byte, and whether the statements agree. Prints what
was checked and what was not. The last line says `accepted`, `REJECTED` or, without --key or --allowed-signers, `intact`:
nothing has changed since somebody signed it. The exit code is 1 if the package is rejected and 0 if not."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="the package's folder or zip")
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="the auditor's public key or certificate, obtained independently of the package",
    )
    parser.add_argument(
        "--allowed-signers",
        type=Path,
        metavar="FILE",
        help="an OpenSSH allowed-signers file; the package's SSH key must be in it",
    )
    parser.add_argument(
        "--require-signer",
        action="store_true",
        help="exit with code 1 if the package is intact, but its signer is not known",
    )
    parser.add_argument("--signer", metavar="PRINCIPAL", help="with --allowed-signers: the required signer")
    parser.add_argument(
        "--reviewer-key",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a reviewer's public key; a countersignature by it is required (may be repeated)",
    )
    parser.add_argument(
        "--tsa-certificates",
        type=Path,
        metavar="FILE",
        help="certificates of the time-stamp server, to check the time stamp",
    )
    parser.add_argument(
        "--predictions",
        type=Path,
        metavar="PATH",
        help="the folder of predictions, or its one file, to compare with the package's hashes",
    )
    parser.add_argument(
        "--render",
        action="store_true",
        help="render HTML, table and CSV again from audit.json, with this version of the program, and compare them",
    )
    parser.add_argument(
        "--rescore",
        action="store_true",
        help="with --predictions: recompute every recomputed value and every file of counts; implies --render",
    )
    parser.add_argument(
        "--literature",
        type=Path,
        metavar="DIR",
        help="with --rescore: read studies, set cards and records from here instead of from the package",
    )
    parser.add_argument(
        "--opening",
        type=Path,
        metavar="FILE",
        help="rows that the signer has opened (`repro-audit open-rows`), to check against the signed root",
    )
    parser.add_argument(
        "--unblinding",
        type=Path,
        metavar="FILE",
        help="the statement that opens a blind package (`repro-audit unblind`)",
    )
    parser.add_argument(
        "--originals",
        type=Path,
        metavar="DIR",
        help="with --unblinding: the audit's folder that names the team, to compare with the package",
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Verify; 1 if rejected, or if the signer is required and not known."""
    from audit import api

    allowed = read_file(args.allowed_signers)
    report = api.verify(
        args.package,
        key=read_file(args.key),
        allowed_signers=None if allowed is None else allowed.decode("utf-8", "replace"),
        principal=args.signer,
        reviewers=tuple(raw for path in args.reviewer_key if (raw := read_file(path)) is not None),
        time_stamp_roots=read_file(args.tsa_certificates),
        predictions=args.predictions,
        rescore=args.rescore,
        render=args.render,
        literature=args.literature,
        opening=read_file(args.opening),
        unblinding=args.unblinding,
        originals=args.originals,
    )
    sys.stdout.write(
        json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n" if args.json else report.as_text()
    )
    return 0 if report.accepted or (report.intact and not args.require_signer) else 1
