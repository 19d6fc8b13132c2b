"""Twelve conventions on a predictions file of any length, once: `python -m benchmarks.large_file --rows 10000000`.

Not part of `python -m benchmarks`, because ten million rows take half an hour of one processor. The rows are those of
`benchmarks.corpus.english`, 50,000 of them again and again under other ids. Prints a line of the table in
docs/explanation/performance.md.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from audit.literature.known_tasks import known_tasks
from audit.scoring.pool import engine
from audit.scoring.prediction_meta import META_SCHEMA
from audit.scoring.predictions import load
from audit.scoring.score import score
from benchmarks.corpus import english
from benchmarks.measuring import Stopwatch, peak, processes_below
from benchmarks.plot import MIB
from benchmarks.workers import TWELVE

TASK = "asr-librispeech-clean"
_DISTINCT = 50_000


def write(folder: Path, rows: int) -> Path:
    """A predictions file with its meta file."""
    path = folder / f"{TASK}.jsonl"
    made = english(min(rows, _DISTINCT))
    # All of a row but its id.
    parts = [
        json.dumps({"hypothesis": row.hypothesis, "finished": row.finished, "reference": row.reference})[1:]
        for row in made
    ]
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            file.write(f'{{"id": "{number:09}", {parts[number % len(parts)]}\n')
    meta = {"schema": META_SCHEMA, "task": TASK, "model": "made up", "variant": "13b"}
    path.with_suffix(".meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return path


def measure(path: Path, name: str, workers: int | None) -> str:
    """Read and score a file; the table's line, with peaks and processor seconds of this process and of all that it started.

    Each process is at its own peak.
    """
    task = known_tasks()[TASK]
    watch = Stopwatch()
    with engine("ray" if name == "ray" else "local", workers) as counting:
        predictions = load(path, task)
        found = score(predictions, task, conventions=TWELVE, engine=counting)
        others, times = processes_below(), watch.read()
        number = counting[1]
    assert all(one.value is not None and one.interval is not None for one in found), found
    rows, peaks = len(predictions.rows), [most for most, _ in others]
    processor = times["processor"] + sum(seconds for _, seconds in others)
    cells = [f"{rows:,}", name, str(number), f"{times['seconds']:,.0f}", f"{processor:,.0f}",
             f"{processor / rows * 1e6:.0f}", f"{peak() / MIB:,.0f}",
             f"{max(peaks, default=0) / MIB:,.0f}", f"{(peak() + sum(peaks)) / MIB:,.0f}"]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Make the file, score it, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_file", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--engine", choices=("local", "ray"), default="local")
    parser.add_argument("--workers", type=int, help="processes (default: one a processor)")
    parser.add_argument("--folder", type=Path, help="keeps the file, for the next engine (default: a temporary one)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{TASK}.jsonl"
        if not path.is_file():
            write(folder, args.rows)
        print(
            "| rows | engine | workers | seconds | processor seconds | microseconds a row | peak, MiB "
            "| largest other process | all processes |"
        )
        print(measure(path, args.engine, args.workers), flush=True)


if __name__ == "__main__":
    main()
