"""Time of scoring against the usual scripts, and how it grows; run by `nox -s bench`.

    pytest benchmarks/scoring.py              measures, prints the table
    pytest benchmarks/scoring.py --write      also writes docs/performance.md and its plot

Every measurement is a process of its own, so that its peak memory is its own. Ratios are of one run on one machine.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
GROWTH = (1_000, 10_000, 100_000, 1_000_000)
TWELVE = ("hufs", "hufs-finished", "qwen-audio", "ultraeval-audio", "nota", "covost2-wer", "gigaspeech-official",
          "slam-llm", "verbatim", "cmi-bench", "cmi-bench-corpus", "hufs-parser")  # fmt: skip
RESULTS: dict[str, dict[str, Any]] = {}


def measure(what: str, *arguments: str) -> dict[str, Any]:
    """Run one measurement in a process of its own: seconds of the work, peak memory in bytes, and what it found."""
    done = subprocess.run(
        [sys.executable, __file__, what, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(benchmark: Any, name: str, what: str, *arguments: str) -> dict[str, Any]:
    """One measurement, once, under a name."""
    RESULTS[name] = benchmark.pedantic(measure, args=(what, *arguments), rounds=1, iterations=1)
    benchmark.extra_info.update({key: value for key, value in RESULTS[name].items() if key != "values"})
    return RESULTS[name]


@pytest.fixture(scope="module")
def cache_folder() -> Any:
    """A cache that the cold run fills and the warm one finds."""
    with tempfile.TemporaryDirectory() as folder:
        yield folder


@pytest.mark.parametrize("rows", GROWTH)
def test_growth(benchmark: Any, rows: int) -> None:
    """Twelve conventions on more and more rows."""
    run(benchmark, f"{rows:,} rows", "growth", str(rows))


def test_cold(benchmark: Any, cache_folder: str) -> None:
    """Everything from nothing."""
    run(benchmark, "ours, cold", "ours", cache_folder)


def test_warm(benchmark: Any, cache_folder: str) -> None:
    """The same again."""
    found = run(benchmark, "ours, warm", "ours", cache_folder)
    assert found["values"] == RESULTS["ours, cold"]["values"]


def test_usual(benchmark: Any) -> None:
    """The same values in the usual way."""
    found = run(benchmark, "usual scripts", "usual")
    ours = RESULTS["ours, cold"]["values"]
    assert found["values"].keys() == ours.keys()
    for name, value in found["values"].items():
        assert value == pytest.approx(ours[name], abs=2e-6), name


def test_stages(benchmark: Any) -> None:
    """Where the time goes."""
    run(benchmark, "stages", "stages")


def test_zz_report(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    """Print the tables; with `--write`, write the page."""
    from benchmarks.performance_page import growth_table, page, stage_table, table

    with capsys.disabled():
        print("\n" + table(RESULTS))
        print("\n" + growth_table(RESULTS) + "\n\n" + stage_table(RESULTS))
    if request.config.getoption("--write"):
        page(RESULTS, machine())


def machine() -> str:
    """This machine in words."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    from audit.engines import cores

    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    version = f"Python {platform.python_version()}, {platform.system()}"
    return f"{model}, {cores()} processors (load average at the end {busy:.1f}), {version}"


def _peak(children: int) -> int:
    """Peak memory of this process and its workers, in bytes."""
    import resource

    # Of children the system knows the largest one's; there are as many as workers, and all are counted as that large.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1024 * (own + children * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def _prediction_set(task: str, rows: Any) -> Any:
    import hashlib

    from audit.predictions import PredictionSet

    total = hashlib.sha256()
    for row in rows:
        total.update(f"{row.id}\0{row.hypothesis}\0{row.reference}\0".encode())
    digest = total.hexdigest()
    return PredictionSet(task, rows, {"model": "made up", "variant": "13b"}, Path(f"{task}.jsonl"), digest, digest)


def _ours(folder: str) -> dict[str, Any]:
    from audit.engines import cores, engine
    from audit.score import begin, in_turn
    from audit.score_cache import ScoreCache
    from benchmarks.corpus import SETS
    from tasks.registry import tasks

    sets = {name: _prediction_set(name, make(size)) for name, (size, make) in SETS.items()}
    start = time.perf_counter()
    values = {}
    with engine() as counting:
        cache = ScoreCache(Path(folder))
        begun = (begin(rows, tasks()[name], cache=cache, engine=counting) for name, rows in sets.items())
        for name, scores in zip(sets, in_turn(begun), strict=True):
            for item in scores:
                if item.exact is not None:
                    values[f"{name}/{item.convention.id}"] = float(item.exact)
    return {
        "seconds": time.perf_counter() - start,
        "values": values,
        "rows_scored": sum(len(s.rows) for s in sets.values()),
        "workers": cores(),
    }


def _usual() -> dict[str, Any]:
    from benchmarks import usual
    from benchmarks.corpus import SETS
    from tasks.registry import tasks

    sets = {name: make(size) for name, (size, make) in SETS.items()}
    start = time.perf_counter()
    values = {}
    for name, rows in sets.items():
        for items in tasks()[name].conventions.values():
            for convention in items:
                if not convention.unavailable():
                    values[f"{name}/{convention.id}"] = usual.score(rows, convention)[0]
    return {"seconds": time.perf_counter() - start, "values": values}


def _growth(number: int) -> dict[str, Any]:
    from audit.engines import cores, engine
    from audit.score import score
    from benchmarks.corpus import english
    from tasks.registry import tasks

    task = tasks()["asr-librispeech-clean"]
    rows = _prediction_set(task.id, english(number))
    start = time.perf_counter()
    with engine() as counting:
        found = score(rows, task, conventions=TWELVE, engine=counting)
    return {"seconds": time.perf_counter() - start, "conventions": len(found), "rows": number, "workers": cores()}


def _stages() -> dict[str, Any]:
    from benchmarks import stages
    from benchmarks.corpus import SETS
    from tasks.registry import tasks

    sets = {
        name: (make(size), [c for items in tasks()[name].conventions.values() for c in items if not c.unavailable()])
        for name, (size, make) in SETS.items()
    }
    start = time.perf_counter()
    return {"stages": stages.measure(sets), "seconds": time.perf_counter() - start}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    what, *rest = sys.argv[1:]
    measured: dict[str, Callable[[], dict[str, Any]]] = {
        "ours": lambda: _ours(rest[0]),
        "usual": _usual,
        "growth": lambda: _growth(int(rest[0])),
        "stages": _stages,
    }
    result = measured[what]()
    print(json.dumps({**result, "peak": _peak(result.get("workers", 0))}))
