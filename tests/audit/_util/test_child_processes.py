"""A process of a pool ends with the process that started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.paths import ROOT

# Its worker, and a process that the worker started, sleep for an hour.
PROGRAM = """
import os, sys, time
from pathlib import Path
from audit._util.child_processes import kill, pool

def sleep(folder):
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(3600)

def deeper(folder):
    with pool(1) as workers:
        workers.submit(sleep, folder)
        sleep(folder)

if __name__ == "__main__":
    folder = sys.argv[1]
    with pool(1) as workers:
        workers.submit(deeper, folder)
        while len(os.listdir(folder)) < 2:
            time.sleep(0.05)
        if sys.argv[2] == "itself":
            kill(workers)
        (Path(folder) / "ready").touch()
"""
# Work and results are larger than a pipe.
AT_ANY_MOMENT = """
import random, sys, time
from audit._util.child_processes import kill, pool

def turn(data):
    return data[::-1]

if __name__ == "__main__":
    chance = random.Random(1)
    for _ in range(int(sys.argv[1])):
        workers = pool(2)
        for number in range(40):
            workers.submit(turn, bytes([number]) * 3_000_000)
        time.sleep(chance.random() / 2)
        kill(workers)
        workers.shutdown(cancel_futures=True)
    print("ended")
"""


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.parametrize("ended", ["killed", "itself"])
def test_workers_and_their_workers_end(ended: str, tmp_path: Path) -> None:
    program, folder = tmp_path / "program.py", tmp_path / "pids"
    program.write_text(PROGRAM, encoding="utf-8")
    folder.mkdir()
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, str(program), str(folder), ended], env=variables, stderr=subprocess.DEVNULL
    )
    while not (folder / "ready").exists():
        assert process.poll() is None
        time.sleep(0.05)
    pids = [int(file.name) for file in folder.iterdir() if file.name != "ready"]
    assert len(pids) == 2
    if ended == "killed":
        process.kill()
    process.wait(60)
    for _ in range(600):
        if not any(map(running, pids)):
            break
        time.sleep(0.05)
    assert [pid for pid in pids if running(pid)] == []


def test_a_pool_is_killed_at_any_moment(tmp_path: Path) -> None:
    """Also while a worker writes half of a result, which the pool would wait for."""
    program = tmp_path / "program.py"
    program.write_text(AT_ANY_MOMENT, encoding="utf-8")
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(program), "12"], env=variables, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout == "ended\n", done.stderr
