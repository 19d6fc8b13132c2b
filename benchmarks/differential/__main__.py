"""Command line: run all programs, or the named ones, and store their outputs."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.differential import choices, classes, harnesses, labels, recognition, team, translation

_MODULES = (recognition, translation, labels, team, harnesses, choices, classes)
PROGRAMS = {program.__name__: program for module in _MODULES for program in module.PROGRAMS}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.differential")
    parser.add_argument(
        "--checkouts", type=Path, required=True, help="folder with a clone of each repository as OWNER+NAME"
    )
    parser.add_argument("names", nargs="*", help=", ".join(PROGRAMS))
    given = parser.parse_args()
    if len(given.names) == 1:
        for output in PROGRAMS[given.names[0]](given.checkouts.resolve()):
            print(
                output.write(f"python -m benchmarks.differential --checkouts DIR {given.names[0]}").name,
                output.values.whole,
            )
        return 0
    # Each in a process of its own: programs bring modules of the same name.
    command = [sys.executable, "-m", "benchmarks.differential", "--checkouts", str(given.checkouts)]
    return sum(subprocess.run([*command, name], check=False).returncode != 0 for name in given.names or PROGRAMS)


if __name__ == "__main__":
    raise SystemExit(main())
