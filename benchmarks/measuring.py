"""How measurements are taken: seconds and processor seconds, peak memory, versions."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import resource
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

Found = dict[str, Any]


def versions(*distributions: str) -> dict[str, str]:
    """The installed versions of libraries."""
    return {name: metadata.version(name) for name in distributions}


def peak(process: int | str = "self") -> int:
    """Peak memory of a process, in bytes; what it had before it ran another program does not count, as in `getrusage`."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return 0


def workers_peak() -> int:
    """The sum of the worker processes' peaks so far."""
    return sum(peak(child.pid) for child in multiprocessing.active_children() if child.pid)


def processes_below() -> list[tuple[int, float]]:
    """Of all processes that this one started, directly or through others: peak so far and processor seconds, largest first.

    Processor seconds include those of children that have ended.
    """
    second = os.sysconf("SC_CLK_TCK")
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            # The name before may hold blanks and brackets.
            fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            parents[int(folder.name)] = int(fields[1])
            used[int(folder.name)] = sum(map(int, fields[11:15])) / second
    found: list[tuple[int, float]] = []
    last = {os.getpid()}
    while last:
        last = {process for process, parent in parents.items() if parent in last}
        for process in last:
            with contextlib.suppress(OSError):
                found.append((peak(process), used[process]))
    return sorted(found, reverse=True)


class Stopwatch:
    """Seconds since it was made, and processor seconds of this process and of the children that ended since."""

    def __init__(self) -> None:
        self._start, self._before = time.perf_counter(), self._used()

    @staticmethod
    def _used() -> float:
        used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(one.ru_utime + one.ru_stime for one in used)

    def read(self) -> Found:
        """Both, by their names in the results."""
        return {"seconds": time.perf_counter() - self._start, "processor": self._used() - self._before}


def prediction_set(task: str, rows: Sequence[Any]) -> Any:
    """Rows as `repro-audit` has them after reading."""
    from audit.scoring.prediction_meta import PredictionMeta
    from audit.scoring.predictions import PredictionSet

    total = hashlib.sha256()
    for row in rows:
        total.update(f"{row.id}\0{row.hypothesis}\0{row.reference}\0".encode())
    digest = total.hexdigest()
    meta = PredictionMeta(task, "made up", "13b")
    return PredictionSet(task, rows, meta, Path(f"{task}.jsonl"), digest, digest)
