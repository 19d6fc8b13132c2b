"""How long short commands take from their start to their end: `python -m benchmarks --only starts`.

Each command runs once before, so that its files are in the machine's memory.
"""

from __future__ import annotations

import subprocess
import sys
from operator import itemgetter
from pathlib import Path

from benchmarks.measuring import Found, Stopwatch

ROOT = Path(__file__).resolve().parent.parent


def once(*arguments: str) -> Found:
    """Seconds and processor seconds of one command."""
    watch = Stopwatch()
    done = subprocess.run(
        [sys.executable, "-m", "audit", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    times = watch.read()
    if done.returncode:
        raise SystemExit(f"repro-audit {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return times


def listing() -> Found:
    """`conventions`, which lists all of them."""
    once("conventions")
    return once("conventions")


def helps() -> Found:
    """`--help` of every command: that which took longest, and the number of commands."""
    from audit.cli import COMMANDS

    found = []
    for name in COMMANDS:
        once(name, "--help")
        found.append(once(name, "--help"))
    return {**max(found, key=itemgetter("seconds")), "commands": len(found)}
