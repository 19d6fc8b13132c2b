"""`repro-audit run`: the whole audit into a folder."""

from __future__ import annotations

import argparse
import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from audit._util.paths import LITERATURE
from audit.cli import key_options
from audit.errors import InputError
from audit.verdict.rules import Verdict
from tasks.statistics.bootstrap import REPLICATES

if TYPE_CHECKING:
    from audit.pipeline.outputs import Written

HELP = """Audit a study: join its claims, the recorded values, the literature and whatever predictions there are, and write
audit.json, report.html, report.pdf, table.tex, measurements.csv and counts/ into a folder, and sign them as a package
that `repro-audit verify` checks. Without --key the signing key is made for this run: integrity, not identity."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--study", default="salmonn", help="which study of literature/studies (default: %(default)s)")
    parser.add_argument("--predictions", type=Path, metavar="DIR",
                        help="folder with TASK.jsonl files (default: predictions, which may be missing)")  # fmt: skip
    parser.add_argument("--probes", type=Path, default=Path("probes"), metavar="DIR",
                        help="folder with results of `repro-audit probe` (default: %(default)s; may be missing)")  # fmt: skip
    parser.add_argument("--literature", type=Path, default=LITERATURE, metavar="DIR", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR",
                        help="where the results go (default: %(default)s)")  # fmt: skip
    parser.add_argument("--format", metavar="NAME[,NAME]",
                        help="only these reports: html, pdf, tex, csv (default: all)")  # fmt: skip
    parser.add_argument("--replicates", type=int, default=REPLICATES, metavar="N",
                        help="bootstrap replicates (default: %(default)s)")  # fmt: skip
    add_engine_arguments(parser)
    parser.add_argument("--no-package", action="store_true", help="write the results without signing a package of them")
    key_options.add_arguments(parser, ephemeral=True)
    parser.add_argument("--require", metavar="VERDICT[,VERDICT]",
                        help="end with exit code 1 if any claim has another verdict than these")  # fmt: skip


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Where rows are counted, and what is kept between runs; for every command that scores."""
    parser.add_argument("--engine", choices=["auto", "local", "ray"], default="auto",
                        help="count rows in processes here, or on a Ray cluster (default: here)")  # fmt: skip
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one a processor)")
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="DIR",
                        help="counts kept between runs; may be deleted at any time (default: %(default)s)")  # fmt: skip
    parser.add_argument("--no-cache", action="store_const", const=None, dest="cache", help="keep nothing between runs")


def default_cache() -> Path:
    """The user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "repro-audit" / "scores"


def run(args: argparse.Namespace) -> int:
    """Run the audit; 0 if done, 1 if a claim has a verdict that `--require` does not allow."""
    allowed = None if args.require is None else _verdicts(args.require)
    if args.replicates < 0:
        raise InputError("must not be negative", where="--replicates", fix="Give 0 for no intervals.")
    if args.predictions is not None and not args.predictions.is_dir():
        raise InputError(
            "is not a folder", where=str(args.predictions), fix="Give the folder that holds TASK.jsonl files."
        )
    args.predictions = args.predictions or Path("predictions")
    from audit.report.formats import chosen_files
    from audit.report.typesetter import here, typesetter

    chosen = chosen_files(args.format)
    packed = not args.no_package and {"report.html", "report.pdf"} <= set(chosen)
    kept = args.cache and args.cache / "reports"
    # Begun before anything else is even imported: it is what the run waits for in the end.
    with typesetter(kept) if "report.pdf" in chosen else nullcontext(here) as typeset:
        from audit.pipeline import run as pipeline
        from audit.pipeline.outputs import summary, write

        audit = pipeline.run(
            args.literature,
            args.predictions,
            study_id=args.study,
            replicates=args.replicates,
            cache=args.cache,
            engine=args.engine,
            workers=args.workers,
            probes=args.probes,
        )
        if packed:
            audit.document["signing"] = {"identity": key_options.identity(args.key)}
        meanwhile = _prepare_package if packed else lambda: None
        written = write(audit, args.out, chosen, kept, typesetter=typeset, meanwhile=meanwhile)
    print(summary(audit.document))
    for line in written.lines:
        print(line)
    if packed:
        print(_package(args, written))
    failed = [v["claim"] for v in audit.document["verdicts"] if allowed is not None and v["verdict"] not in allowed]
    if failed:
        print(f"required: {args.require}; other verdicts: {', '.join(failed)}")
    return 1 if failed else 0


def _prepare_package() -> None:
    """Load what signs, and list what is installed: half of a package's time, and none of it needs the PDF."""
    from audit.provenance import package  # noqa: F401
    from audit.provenance.records import packages

    packages.installed()


def _package(args: argparse.Namespace, written: Written) -> str:
    """Sign the results; a line for people. Without the PDF there is no package."""
    from audit.provenance import package

    if "report.pdf" not in written.files:
        return "no package was signed: it needs report.pdf"
    predictions = args.predictions if args.predictions.is_dir() else None
    options = package.Options(key=key_options.load(args), predictions=predictions)
    folder = package.build(args.out, options, written.files)
    who = "a key made for this run (integrity, not identity)" if args.key is None else "your key"
    return f"wrote {folder} and {folder}.zip, signed by {who}"


def _verdicts(text: str) -> set[str]:
    names = {v.value for v in Verdict}
    wanted = {item.strip() for item in text.split(",")}
    if not wanted <= names:
        raise InputError(
            f"unknown verdict {', '.join(sorted(wanted - names))}",
            where="--require",
            fix=f"Use: {', '.join(sorted(names))}.",
        )
    return wanted
