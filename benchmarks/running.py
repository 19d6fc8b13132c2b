"""Measure groups run by run, each way a process of its own, and check that values are equal.

All groups are measured once before any is measured again, so that every run of a group stands beside the same state of the
machine, and the runs of one lie far apart.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.environments import PeerError, last_line
from benchmarks.groups import COLD, OURS, WARM, Found, Group, Way, environment
from benchmarks.results import Results

ROOT = Path(__file__).resolve().parent.parent
# Values of others may differ by this much, in per cent: this program's are rounded to six decimals.
TOLERANCE = 2e-6
# Seconds that a process may take.
_LIMIT = 7200


class MeasurementError(Exception):
    """A measurement of this program failed, or values are not equal."""


def measure(groups: Sequence[Group], runs: int, results: Results, unchanged: Callable[[], bool] = lambda: True) -> None:
    """Measure what the results lack.

    Args:
        groups: What to measure; those that are unavailable are passed over.
        runs: Of every group.
        results: Takes what is found, group by group.
        unchanged: Whether the code is still what the results are of; asked before what was found is kept.

    Raises:
        MeasurementError: A measurement of this program failed, values differ, or the code was changed meanwhile; what was
            found before is kept.
    """
    for run in range(1, runs + 1):
        for group in groups:
            if group.unavailable is None and not results.has(group.id, run):
                load = os.getloadavg()[0]
                with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
                    found = _measured(group, Path(folder))
                check(group, found)
                if run > 1:
                    before = results.measured([group.id], 1)
                    check_again(group, found, {way.name: before.first(f"{group.id}/{way.name}") for way in group.ways})
                if not unchanged():
                    raise MeasurementError(
                        "the code was changed meanwhile: this and what follows would measure another"
                    )
                results.add(group.id, run, load, found)
                said = (f"{name} {one['seconds']:.3g} s" for name, one in found.items() if "seconds" in one)
                print(f"run {run} of {runs}, {group.id}: {'; '.join(said)}", file=sys.stderr, flush=True)


def _measured(group: Group, folder: Path) -> dict[str, Found]:
    if group.inputs is not None:
        once(Way("inputs", group.inputs), folder)
    found = {}
    for way in group.ways:
        try:
            found[way.name] = once(way, folder)
        except PeerError as error:
            print(f"{group.id}, {way.name}: not measured: {error}", file=sys.stderr, flush=True)
            found[way.name] = {"failed": str(error)}
    return found


def once(way: Way, folder: Path) -> Found:
    """Run one way: what it says it found, with seconds and processor seconds of the whole process where it says none.

    Raises:
        PeerError: It is a program of others, and cannot be installed or run.
        MeasurementError: It is this program, and failed.
    """
    command = way.command(folder)
    before, start = _children(), time.perf_counter()
    # Other programs see none of this project's folders, which they might take for what they look for.
    place = folder if way.peer else ROOT
    try:
        done = subprocess.run(
            command,
            cwd=place,
            env=environment(way, folder),
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT,
        )
    except subprocess.TimeoutExpired as error:
        raise _error(way, f"not done within {_LIMIT} s") from error
    times = {"seconds": time.perf_counter() - start, "processor": _children() - before}
    if done.returncode:
        raise _error(way, last_line(done.stderr).replace(f"{folder}/", "") if way.peer else done.stderr[-4000:])
    try:
        return times | way.read(done.stdout)
    except (ValueError, KeyError, IndexError) as error:
        raise _error(way, f"printed something else than values ({error})") from error


def _error(way: Way, what: str) -> Exception:
    return PeerError(what) if way.peer else MeasurementError(f"{way.name}: {what}")


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def check(group: Group, found: Mapping[str, Found]) -> None:
    """Compare the values of ways with the same label with this program's first.

    Raises:
        MeasurementError: Values are missing, or differ: this program's at all, those of others by more than `TOLERANCE`.
    """
    labels: dict[str, list[str]] = {}
    for way in group.ways:
        if way.same is not None and "failed" not in found[way.name]:
            labels.setdefault(way.same, []).append(way.name)
    for names in labels.values():
        own = next(name for name in names if _own(name))
        for name in names:
            _equal(
                group, found[own]["values"], found[name]["values"], f"{own} and {name}", 0 if _own(name) else TOLERANCE
            )


def check_again(group: Group, found: Mapping[str, Found], before: Mapping[str, Found]) -> None:
    """Compare the values with those of the first run: they are the same, of whatever program.

    Raises:
        MeasurementError: They are not.
    """
    for name, one in found.items():
        if "values" in one and "values" in before[name]:
            _equal(group, before[name]["values"], one["values"], f"{name}, the first run and this one", 0)


def _own(name: str) -> bool:
    return name.endswith((OURS, COLD, WARM))


def _equal(group: Group, one: Mapping[str, float], other: Mapping[str, float], who: str, tolerance: float) -> None:
    if one.keys() != other.keys():
        raise MeasurementError(f"{group.id}: {who} do not have the same values: {sorted(one.keys() ^ other.keys())}")
    wrong = {key: (value, other[key]) for key, value in one.items() if not abs(value - other[key]) <= tolerance}
    if wrong:
        raise MeasurementError(f"{group.id}: {who} differ: {json.dumps(wrong)}")
