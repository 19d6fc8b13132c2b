"""How long short commands take from their start to their end: `python -m benchmarks --only starts`.

Each command runs once before, so that its files are in the machine's memory.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def once(*arguments: str) -> tuple[float, float]:
    """Seconds and processor seconds of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "audit", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"repro-audit {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def listing() -> dict[str, Any]:
    """`conventions`, which lists all of them."""
    once("conventions")
    seconds, processor = once("conventions")
    return {"seconds": seconds, "processor": processor}


def helps() -> dict[str, Any]:
    """`--help` of every command: that which took longest, and the number of commands."""
    from audit.cli import COMMANDS

    found = {}
    for name in COMMANDS:
        once(name, "--help")
        found[name] = once(name, "--help")
    seconds, processor = max(found.values())
    return {"seconds": seconds, "processor": processor, "commands": len(found)}
