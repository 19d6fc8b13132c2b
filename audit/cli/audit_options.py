"""The audit options of `run` and `all`, and the requests built from them."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit._util.paths import LITERATURE
from audit.cli import blind_options, key_options
from audit.cli.json_output import add_json, show
from audit.cli.options import add_engine_arguments, add_language_argument, add_slides_argument
from audit.errors import InputError
from audit.report.formats import chosen_files
from tasks.statistics.defaults import REPLICATES

if TYPE_CHECKING:
    from audit.pipeline.request import AuditRequest, PublicationRequest
    from audit.schema import AuditDocument


def add_audit_arguments(parser: argparse.ArgumentParser) -> None:
    """What to audit, where the results go, how they are signed, and which verdicts are required."""
    parser.add_argument("--study", metavar="PATH-OR-ID",
                        help="a study file, or the id of a known study (default: study.yaml, or else salmonn)")  # fmt: skip
    parser.add_argument("--predictions", type=Path, metavar="PATH",
                        help="folder of TASK.jsonl files, or one of them (default: predictions; may be missing)")  # fmt: skip
    parser.add_argument("--probes", type=Path, default=Path("probes"), metavar="DIR",
                        help="folder with results of `repro-audit probe` (default: %(default)s; may be missing)")  # fmt: skip
    parser.add_argument("--literature", type=Path, default=LITERATURE, metavar="DIR",
                        help="folder of studies, sets, works, reproductions; may be empty (default: built in)")  # fmt: skip
    parser.add_argument("--outputs", type=Path, metavar="DIR",
                        help="folder of public outputs, see `outputs fetch` (default: the user's cache folder)")  # fmt: skip
    parser.add_argument("--no-outputs", action="store_true", help="read no public outputs")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR",
                        help="where the results go (default: %(default)s)")  # fmt: skip
    parser.add_argument("--format", metavar="NAME[,NAME]",
                        help="only these reports: answers, html, pdf, annex, tex, csv (default: all)")  # fmt: skip
    add_slides_argument(parser)
    add_language_argument(parser)
    parser.add_argument("--replicates", type=int, default=REPLICATES, metavar="N",
                        help="bootstrap replicates (default: %(default)s)")  # fmt: skip
    add_engine_arguments(parser)
    parser.add_argument("--no-package", action="store_true", help="write the results without a signed package")
    key_options.add_arguments(parser, ephemeral=True)
    blind_options.add_arguments(parser)
    add_json(parser)
    parser.add_argument("--require", metavar="VERDICT[,VERDICT]",
                        help="exit with code 1 if any claim has a different verdict")  # fmt: skip


def chosen_study(named: str | None) -> str:
    """The study that `--study` names; without it the one in the current folder, or else SALMONN's."""
    if named is not None:
        return named
    from audit.literature.known_tasks import OWN

    return str(OWN) if OWN.is_file() else "salmonn"


def audit_request(args: argparse.Namespace, predictions: Path | None) -> AuditRequest:
    """The audit that the options describe, with these predictions.

    Raises:
        InputError: An option's value is not valid.
    """
    from audit.literature.outputs.store import default_folder
    from audit.pipeline.request import AuditRequest

    if not args.literature.is_dir():
        raise InputError("there is no such folder", where=f"--literature {args.literature}", fix="Give a folder.")
    if args.replicates < 0:
        raise InputError("must not be negative", where="--replicates", fix="Give 0 for no intervals.")
    return AuditRequest(
        study=chosen_study(args.study),
        predictions=predictions,
        literature=args.literature,
        probes=args.probes,
        replicates=args.replicates,
        cache=args.cache,
        engine=args.engine,
        workers=args.workers,
        outputs=None if args.no_outputs else args.outputs or default_folder(),
    )


def _verdicts(document: AuditDocument) -> list[dict[str, Any]]:
    claims = {claim.id: claim for claim in document.claims}
    measured = {one.id: one for one in document.measurements}
    found = []
    for verdict in document.verdicts:
        best = measured.get(verdict.measurement or "")
        claim = claims[verdict.claim]
        found.append({
            "claim": claim.id, "reported": claim.value, "unit": claim.unit, "verdict": str(verdict.verdict),
            "found": None if best is None else best.value, "convention": None if best is None else best.convention,
        })  # fmt: skip
    return found


def publication_request(args: argparse.Namespace) -> PublicationRequest:
    """The publication that the options describe.

    Raises:
        InputError: A format is unknown.
    """
    from audit.pipeline.request import PublicationRequest

    return PublicationRequest(
        out=args.out,
        files=chosen_files(args.format),
        language=args.lang,
        sign=not args.no_package,
        key=None if args.key is None else lambda: key_options.load(args),
        certificate=key_options.certificate_beside(args),
        slides=args.slides,
        blind=blind_options.blind_options(args),
    )


def required_verdicts(args: argparse.Namespace) -> set[str] | None:
    """The verdicts that `--require` allows; None without it.

    Raises:
        InputError: A verdict is unknown.
    """
    if args.require is None:
        return None
    from audit.schema import Verdict

    names = {str(verdict) for verdict in Verdict}
    wanted = {item.strip() for item in args.require.split(",")}
    if not wanted <= names:
        raise InputError(
            f"unknown verdict {', '.join(sorted(wanted - names))}",
            where="--require",
            fix=f"Use: {', '.join(sorted(names))}.",
        )
    return wanted


def print_decided(args: argparse.Namespace, document: AuditDocument) -> None:
    """Print the verdicts; the reports follow."""
    from audit.pipeline.outputs import summary

    if args.json:
        show(args, (), lambda: _verdicts(document))
    else:
        print(summary(document, shutil.get_terminal_size().columns if sys.stdout.isatty() else None), flush=True)


def print_line(args: argparse.Namespace, line: str) -> None:
    """Print what was just written; beside JSON on standard error."""
    print(line, file=sys.stderr if args.json else sys.stdout, flush=True)


def check_required(args: argparse.Namespace, document: AuditDocument, required: set[str] | None) -> int:
    """1 if a claim has a verdict that is not allowed, and a line that says which; else 0."""
    failed = [d.claim for d in document.verdicts if required is not None and d.verdict not in required]
    if failed and required is not None:
        print_line(args, f"required: {','.join(sorted(required))}; other verdicts: {', '.join(failed)}")
    return 1 if failed else 0
