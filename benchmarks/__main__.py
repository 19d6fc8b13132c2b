"""Measure everything that docs/explanation/performance.md says, and write its measured parts: `python -m benchmarks`.

Every measurement is a process of its own; all of them are made once, then all again, so that the runs of one lie far apart.
What is found is kept in a JSON file as it goes: the same command goes on where an earlier one was stopped. Values are compared
in every run; one that differs ends the command with exit code 1. A program of others that cannot be installed or run has a
row that says why.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit._util.cpu import cores
from audit.errors import InputError
from benchmarks.environments import Environments
from benchmarks.groups import FULL, PARTS, QUICK, chosen, groups
from benchmarks.performance_page import DOCS, Occasion, write
from benchmarks.results import Results
from benchmarks.running import MeasurementError, measure

ROOT = Path(__file__).resolve().parent.parent
# What decides about a measurement; of this folder all but what writes the page.
_CODE = ("audit", "tasks", "literature", "templates", "benchmarks")
_WRITES = {"__main__.py", "performance_page.py", "plot.py", "results.py", "tables.py"}


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--runs", type=_positive, metavar="N", help="of everything (default: 5; with --quick 1)")
    made.add_argument("--only", nargs="+", choices=PARTS, default=[], metavar="PART",
                      help=f"only these parts of the page: {', '.join(PARTS)}")  # fmt: skip
    made.add_argument("--captions", type=Path, metavar="FILE",
                      help="a CSV file of outputs and captions: candidate, ref_1, ref_2, ...; without it this "
                      "part of the page stays as it is")  # fmt: skip
    made.add_argument("--checkouts", type=Path, metavar="DIR",
                      help="folder with a clone of huggingface/evaluate, named huggingface+evaluate, for its metrics' "
                      "scripts; without it they are fetched from the Hub")  # fmt: skip
    made.add_argument(
        "--quick", action="store_true", help="small sizes: to see that everything works, not how fast it is"
    )
    made.add_argument("--results", type=Path, metavar="FILE",
                      help="raw results (default: out/benchmarks.json; with --quick out/benchmarks-quick.json)")  # fmt: skip
    made.add_argument("--scratch", type=Path, default=ROOT / ".cache" / "benchmarks", metavar="DIR",
                      help="takes the environments of other programs (default: .cache/benchmarks)")  # fmt: skip
    made.add_argument("--docs", type=Path, metavar="DIR",
                      help="folder of the documentation to be written (default: docs; with --quick none)")  # fmt: skip
    return made


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def machine() -> str:
    """This machine in words."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), platform.machine())
    return f"{model}, {cores()} processor{'s' * (cores() != 1)}, {platform.system()}"


def code() -> str:
    """A hash of what decides about a measurement."""
    total = hashlib.sha256()
    for folder in _CODE:
        for path in sorted((ROOT / folder).rglob("*")):
            measures = folder != "benchmarks" or path.name not in _WRITES
            if measures and path.is_file() and "__pycache__" not in path.parts:
                total.update(f"{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes())
    return total.hexdigest()[:16]


def conditions(*, quick: bool, captions: Path | None) -> dict[str, Any]:
    """What all runs in a results file must have in common."""
    found: dict[str, Any] = {
        "sizes": "quick" if quick else "full",
        "code": code(),
        "machine": machine(),
        "python": platform.python_version(),
    }
    if captions is not None:
        found["captions"] = hashlib.sha256(captions.read_bytes()).hexdigest()[:16]
    return found


def said(options: argparse.Namespace, runs: int) -> str:
    """The command for the page: what decides about the figures, without anybody's folders."""
    words = ["python -m benchmarks", f"--runs {runs}"]
    if options.quick:
        words.append("--quick")
    if options.only:
        words += ["--only", *options.only]
    words += [
        f"--{name} {what}" for name, what in (("captions", "FILE"), ("checkouts", "DIR")) if getattr(options, name)
    ]
    return " ".join(words)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write; the exit code."""
    options = parser().parse_args(arguments)
    if options.captions is None and not options.quick:
        if "captions" in options.only:
            parser().error("the part on captions needs --captions FILE")
        if not options.only:
            print("captions: not measured, and left on the page as it is: no --captions FILE", file=sys.stderr)
    runs = options.runs or (1 if options.quick else 5)
    file = options.results or ROOT / "out" / ("benchmarks-quick.json" if options.quick else "benchmarks.json")
    docs = options.docs or (None if options.quick else DOCS)
    try:
        results = Results(file, conditions(quick=options.quick, captions=options.captions))
        every = groups(
            QUICK if options.quick else FULL, Environments(options.scratch), options.captions, options.checkouts
        )
        wanted = chosen(every, options.only)
        for group in wanted:
            if group.unavailable is not None:
                print(f"{group.id}: not measured: {group.unavailable}", file=sys.stderr, flush=True)
        measure(wanted, runs, results, lambda: code() == results.conditions["code"])
    except (InputError, MeasurementError, OSError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    print(f"wrote {file}", file=sys.stderr)
    if docs is not None:
        occasion = Occasion(said(options, runs), machine(), platform.python_version(), runs)
        write(wanted, results, occasion, docs)
        print(f"wrote {docs / 'explanation' / 'performance.md'}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
