"""A multiverse on more and more rows, once each: `python -m benchmarks.multiverse --rows 10000 100000`.

Not part of `python -m benchmarks`, because 100,000 rows under all pipelines of an ASR task take minutes. The rows are those of
`benchmarks.corpus.english`; each number of rows is a process of its own. Prints lines of a table; its last column is the
processor time of a row by that of the line before, 1.00 where time grows as the rows do.
"""

from __future__ import annotations

import argparse
import subprocess

from benchmarks.corpus import english
from benchmarks.groups import last_json, worker
from benchmarks.measuring import Found, Stopwatch, prediction_set
from benchmarks.plot import MIB

TASK = "asr-librispeech-clean"


def of_rows(number: str, replicates: str = "0") -> Found:
    """All pipelines of the task's word error rate on so many rows, as `repro-audit multiverse` computes and prints them."""
    from audit.analysis.multiverse import explore
    from audit.literature.known_tasks import known_tasks

    rows = prediction_set(TASK, english(int(number)))
    watch = Stopwatch()
    found = explore(known_tasks()[TASK], "wer", rows, int(replicates))
    found.lines()
    assert len(found.known) == len(found.outcomes), found.outcomes
    return {**watch.read(), "rows": int(number), "pipelines": len(found.outcomes)}


def line(found: Found, before: Found | None) -> str:
    """A line of the table."""
    of_a_row = [one["processor"] / one["rows"] for one in (found, before) if one is not None]
    cells = [f"{found['rows']:,}", f"{found['pipelines']:,}", f"{found['seconds']:,.1f}", f"{found['processor']:,.1f}",
             f"{of_a_row[0] * 1e6:,.0f}", f"{found['peak'] / MIB:,.0f}",
             f"{of_a_row[0] / of_a_row[1]:.2f}" if len(of_a_row) > 1 else ""]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure each number of rows, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.multiverse", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--replicates", type=int, default=0, help="of the bootstrap (default: no intervals)")
    args = parser.parse_args()
    print(
        "| rows | pipelines | seconds | processor seconds | microseconds a row | peak, MiB | a row, to the line before |"
    )
    print("| --: | --: | --: | --: | --: | --: | --: |", flush=True)
    before = None
    for number in args.rows:
        command = worker("multiverse", str(number), str(args.replicates))
        found = last_json(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        print(line(found, before), flush=True)
        before = found


if __name__ == "__main__":
    main()
