"""When the files of the default audit are there: `python -m benchmarks.files_of_a_run` prints a table for the documentation.

`repro-audit run` in a new process without any cache, as after an installation, several times. `run` says when a file is
written; the time of each line is noted. Processor seconds are those of the process and its children. The report is to be
there within five seconds on two processors.
"""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TURNS, GOAL = 5, 5.0
WATCHED = ("answers.html", "report.html", "report.pdf", "annex.pdf", "package")
_WROTE = re.compile(r"wrote \S*/(answers\.html|report\.html|report\.pdf|annex\.pdf|package)\b")


def once(folder: Path) -> tuple[dict[str, float], float]:
    """Seconds until each file was there, and processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    command = [sys.executable, "-u", "-m", "audit", "run", "--no-cache", "--no-outputs", "--out", str(folder / "out")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SOURCE_DATE_EPOCH": "1700000000"}
    seen: dict[str, float] = {}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            found = _WROTE.match(line)
            if found:
                seen[found[1]] = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"repro-audit run ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seen, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the table."""
    seconds: dict[str, list[float]] = {name: [] for name in WATCHED}
    spent, load = [], os.getloadavg()[0]
    sizes: dict[str, int] = {}
    for _ in range(TURNS):
        with tempfile.TemporaryDirectory() as name:
            seen, processor = once(Path(name))
            for file, value in seen.items():
                seconds[file].append(value)
            spent.append(processor)
            out = Path(name, "out")
            sizes = {file: (out / (f"{file}.zip" if file == "package" else file)).stat().st_size for file in WATCHED}
    print(f"{TURNS} runs, load before the first {load:.1f}, processors {os.cpu_count()}\n")
    print("| file | seconds until it is there, median | fastest | slowest | kB |")
    print("| :-- | --: | --: | --: | --: |")
    for file in WATCHED:
        times = seconds[file]
        print(
            f"| {file} | {statistics.median(times):.2f} | {min(times):.2f} | {max(times):.2f} | {sizes[file] // 1000:,} |"
        )
    report = statistics.median(seconds["report.pdf"])
    print(f"\nreport.pdf within {GOAL:.0f} s: {'met' if report < GOAL else 'missed'}; processor seconds of a whole run: "
          f"{statistics.median(spent):.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
