"""When the files of the default audit are there: `python -m benchmarks --only files`.

`repro-audit run` in a new process without any cache, as after an installation. `run` says when a file is written; the time of
each line is noted. Processor seconds are those of the process and its children, and of reading what it says.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measuring import Stopwatch

ROOT = Path(__file__).resolve().parent.parent
WATCHED = ("answers.html", "report.html", "report.pdf", "annex.pdf", "package")
_WROTE = re.compile(r"wrote \S*/(answers\.html|report\.html|report\.pdf|annex\.pdf|package)\b")


def once(folder: Path) -> tuple[dict[str, float], float]:
    """Seconds until each file was there, and processor seconds."""
    watch = Stopwatch()
    command = [sys.executable, "-u", "-m", "audit", "run", "--no-cache", "--no-outputs", "--out", str(folder / "out")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SOURCE_DATE_EPOCH": "1700000000"}
    seen: dict[str, float] = {}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            found = _WROTE.match(line)
            if found:
                seen[found[1]] = watch.read()["seconds"]
    if process.returncode:
        raise SystemExit(f"repro-audit run ended with {process.returncode}")
    return seen, watch.read()["processor"]


def measure() -> dict[str, Any]:
    """One run: seconds until each file was there, their sizes in bytes, seconds until the last, and processor seconds."""
    with tempfile.TemporaryDirectory() as name:
        seen, processor = once(Path(name))
        out = Path(name, "out")
        sizes = {file: (out / (f"{file}.zip" if file == "package" else file)).stat().st_size for file in WATCHED}
    return {"files": {file: seen[file] for file in WATCHED}, "bytes": sizes, "seconds": max(seen.values()),
            "processor": processor}  # fmt: skip
