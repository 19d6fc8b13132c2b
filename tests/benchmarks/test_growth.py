"""Growth with the rows: what the commands for large files and for a multiverse read, and what they print."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks import large_file, multiverse
from benchmarks.measuring import processes_below
from tests.support.paths import ROOT

LARGE = """
import sys; from pathlib import Path; from audit.scoring import predictions; from benchmarks import large_file
predictions.MAX_KEPT = 0
print(large_file.measure(Path(sys.argv[1]), "local", 1))
"""


def test_a_large_file_is_scored_from_the_file(tmp_path: Path) -> None:
    """In a process of its own: this one may have started others."""
    path = large_file.write(tmp_path, 30)
    command = [sys.executable, "-c", LARGE, str(path)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    cells = said.strip("|\n ").split(" | ")
    assert cells[:3] == ["30", "local", "1"]
    assert len(cells) == 9
    assert cells[7] == "0"
    assert cells[6] == cells[8] != "0"


def test_peaks_and_seconds_are_those_of_processes_below_this_one() -> None:
    """Also of one that another one has started."""
    before = len(processes_below())
    starts = "import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    inner = "import time\nwhile time.process_time() < 0.2: pass\nprint('up', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", starts.format(inner=inner)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        found = processes_below()
        process.communicate("\n")
    assert len(found) == before + 2
    assert found == sorted(found, reverse=True)
    assert min(most for most, _ in found) > 2**20
    assert sum(seconds for _, seconds in found) > 0


def test_a_multiverse_is_measured_at_several_sizes() -> None:
    command = [sys.executable, "-m", "benchmarks.multiverse", "--rows", "4", "8"]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    head, _, *lines = [line.strip("| ").split(" | ") for line in said.splitlines()]
    assert head[:2] == ["rows", "pipelines"]
    assert [cells[0] for cells in lines] == ["4", "8"]
    assert all(len(cells) >= 6 for cells in lines)


def test_the_processor_time_of_a_row_is_compared_with_the_line_before() -> None:
    first = {"rows": 10, "pipelines": 5, "seconds": 2.0, "processor": 1.0, "peak": 2**20}
    assert multiverse.line(first, None) == "| 10 | 5 | 2.0 | 1.0 | 100,000 | 1 |  |"
    second = {**first, "rows": 100, "processor": 12.5}
    assert multiverse.line(second, first) == "| 100 | 5 | 2.0 | 12.5 | 125,000 | 1 | 1.25 |"
