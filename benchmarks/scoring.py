"""Time of scoring against the usual scripts, and how it grows; run by `nox -s bench`.

    pytest benchmarks/scoring.py              measures, prints the table
    pytest benchmarks/scoring.py --write      also writes docs/explanation/performance.md and its plot
    pytest benchmarks/scoring.py --captions FILE      also measures captions (-k captions: only them)

Every measurement is a process of its own, so that its peak memory is its own. Ratios are of one run on one machine. Besides
seconds, processor seconds are measured: they tell how much of the machine others had meanwhile.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
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
# (claims, conventions a claim) of made-up audits that are laid out
REPORTS = ((1, 200), (23, 200))
LOAD_AT_START = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


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


@pytest.fixture(scope="module")
def audit_folder() -> Any:
    """Predictions, a cache and results, for the whole audit."""
    with tempfile.TemporaryDirectory() as folder:
        yield folder


@pytest.mark.parametrize("again", ["cold", "warm"])
@pytest.mark.parametrize("rows", ["none", "made-up"])
def test_audit(benchmark: Any, audit_folder: str, rows: str, again: str) -> None:
    """The whole audit, PDF and signed package included: of recorded values alone, and with predictions."""
    run(benchmark, f"audit, {rows}, {again}", "audit", audit_folder, rows)


@pytest.fixture(scope="module")
def captions(request: pytest.FixtureRequest) -> Any:
    """The table of captions, and an index of METEOR's paraphrases that is made for it."""
    file = request.config.getoption("--captions")
    if file is None:
        pytest.skip("needs --captions FILE")
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPRO_AUDIT_METEOR_CACHE", folder)
        RESULTS["captions, index"] = measure("index")
        yield str(Path(file).resolve())


@pytest.mark.parametrize("which", ["coco", "all"])
def test_captions(benchmark: Any, captions: str, tmp_path: Path, which: str) -> None:
    """Captions, by the usual scripts and by this program: equal values."""
    usual = measure("usual-captions", captions, which)
    RESULTS[f"captions, {which}, usual scripts"] = usual
    cold = run(benchmark, f"captions, {which}, ours, cold", "captions", captions, which, str(tmp_path))
    warm = RESULTS[f"captions, {which}, ours, warm"] = measure("captions", captions, which, str(tmp_path))
    assert warm["values"] == cold["values"]
    assert usual["values"].keys() == cold["values"].keys()
    for name, value in usual["values"].items():
        assert value == pytest.approx(cold["values"][name], abs=2e-6), name


@pytest.mark.parametrize(("claims", "conventions"), REPORTS)
def test_report(benchmark: Any, claims: int, conventions: int) -> None:
    """The PDF of a made-up audit."""
    run(benchmark, f"report, {claims} x {conventions}", "report", str(claims), str(conventions))


def test_zz_report(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    """Print the tables; with `--write`, write the page."""
    from benchmarks import captions
    from benchmarks.performance_page import (
        COLD,
        STAGES,
        audit_table,
        captions_page,
        growth_table,
        page,
        report_table,
        stage_table,
        stages_page,
        step_table,
        table,
    )

    tables = (table, growth_table, audit_table, report_table, stage_table, step_table, captions.table)
    with capsys.disabled():
        print("\n" + "\n\n".join(make(RESULTS) for make in tables))
    if request.config.getoption("--write"):
        command = shlex.join(["pytest", *request.config.invocation_params.args])
        if COLD in RESULTS:
            page(RESULTS, machine(), command)
        if STAGES in RESULTS:
            stages_page(RESULTS, machine(), command)
        if captions.table(RESULTS):
            captions_page(RESULTS, machine(), command)


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
    from audit._util.cpu import cores

    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    version = f"Python {platform.python_version()}, {platform.system()}"
    load = f"load average {LOAD_AT_START:.1f} at the start, {busy:.1f} at the end"
    return f"{model}, {cores()} processors ({load}), {version}"


def _peak(process: int | str = "self") -> int:
    """Peak memory of a process, in bytes; what it had before it ran another program does not count, as in `getrusage`."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return 0


def _workers_peak() -> int:
    """The sum of the worker processes' peaks so far."""
    import multiprocessing

    return sum(_peak(child.pid) for child in multiprocessing.active_children() if child.pid)


def _processor() -> float:
    """Processor seconds of this process and of the children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _prediction_set(task: str, rows: Any) -> Any:
    import hashlib

    from audit.scoring.prediction_meta import PredictionMeta
    from audit.scoring.predictions import PredictionSet

    total = hashlib.sha256()
    for row in rows:
        total.update(f"{row.id}\0{row.hypothesis}\0{row.reference}\0".encode())
    digest = total.hexdigest()
    meta = PredictionMeta(task, "made up", "13b")
    return PredictionSet(task, rows, meta, Path(f"{task}.jsonl"), digest, digest)


def _ours(folder: str) -> dict[str, Any]:
    from audit.literature.known_tasks import known_tasks as tasks
    from audit.scoring.cache import ScoreCache
    from audit.scoring.pool import engine
    from audit.scoring.score import begin, in_turn
    from benchmarks.corpus import SETS

    sets = {name: _prediction_set(name, make(size)) for name, (size, make) in SETS.items()}
    start, before = time.perf_counter(), _processor()
    values = {}
    with engine() as counting:
        cache = ScoreCache(Path(folder))
        begun = (begin(rows, tasks()[name], cache=cache, engine=counting) for name, rows in sets.items())
        for name, scores in zip(sets, in_turn(begun), strict=True):
            for item in scores:
                if item.exact is not None:
                    values[f"{name}/{item.convention.id}"] = float(item.exact)
        workers = _workers_peak()
    return {
        "seconds": time.perf_counter() - start,
        "processor": _processor() - before,
        "values": values,
        "rows_scored": sum(len(s.rows) for s in sets.values()),
        "workers": workers,
    }


def _usual() -> dict[str, Any]:
    from audit.literature.known_tasks import known_tasks as tasks
    from benchmarks import usual
    from benchmarks.corpus import SETS

    sets = {name: make(size) for name, (size, make) in SETS.items()}
    start, before = time.perf_counter(), _processor()
    values = {}
    for name, rows in sets.items():
        for items in tasks()[name].conventions.values():
            for convention in items:
                if not convention.unavailable():
                    values[f"{name}/{convention.id}"] = usual.score(rows, convention)[0]
    return {"seconds": time.perf_counter() - start, "processor": _processor() - before, "values": values}


def _growth(number: int) -> dict[str, Any]:
    from audit.literature.known_tasks import known_tasks as tasks
    from audit.scoring.pool import engine
    from audit.scoring.score import score
    from benchmarks.corpus import english

    task = tasks()["asr-librispeech-clean"]
    rows = _prediction_set(task.id, english(number))
    start, before = time.perf_counter(), _processor()
    with engine() as counting:
        found = score(rows, task, conventions=TWELVE, engine=counting)
        workers = _workers_peak()
    return {
        "seconds": time.perf_counter() - start,
        "processor": _processor() - before,
        "conventions": len(found),
        "rows": number,
        "workers": workers,
    }


def _audit(folder: str, rows: str) -> dict[str, Any]:
    """`repro-audit run` as a user runs it; a second time with what the first left in the cache."""
    place = Path(folder) / rows
    predictions = place / "predictions"
    if not predictions.is_dir():
        predictions.mkdir(parents=True)
        if rows != "none":
            _write_predictions(predictions)
    command = [sys.executable, "-m", "audit", "run", "--predictions", str(predictions)]
    command += ["--out", str(place / "out"), "--cache", str(place / "cache")]
    start, before = time.perf_counter(), _processor()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1"})
    return {"seconds": time.perf_counter() - start, "processor": _processor() - before, "audit": rows}


def _write_predictions(folder: Path) -> None:
    from audit.scoring.predictions import META_SCHEMA
    from benchmarks.corpus import SETS

    for name, (size, make) in SETS.items():
        lines = [
            json.dumps(
                {"id": row.id, "hypothesis": row.hypothesis, "finished": row.finished, "reference": row.reference}
            )
            for row in make(size)
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        meta = {"schema": META_SCHEMA, "task": name, "model": "made up", "variant": "13b"}
        (folder / f"{name}.meta.json").write_text(json.dumps(meta), encoding="utf-8")


def _report(claims: int, conventions: int) -> dict[str, Any]:
    """The report of a made-up audit, laid out; the audit is the tests'."""
    from audit.report.page import render
    from audit.report.pdf import render_pdf
    from tests.support.example_audit import build, document

    audit = document(build(claims=claims, conventions=conventions, hostile=False))
    start, before = time.perf_counter(), _processor()
    made = render_pdf(audit)
    return {
        "seconds": time.perf_counter() - start,
        "processor": _processor() - before,
        "claims": claims,
        "values": len(audit.measurements),
        "pdf_bytes": len(made),
        "html_bytes": len(render(audit).encode()),
    }


def _stages() -> dict[str, Any]:
    from audit.literature.known_tasks import known_tasks as tasks
    from benchmarks import stages
    from benchmarks.corpus import SETS

    sets = {
        name: (make(size), [c for items in tasks()[name].conventions.values() for c in items if not c.unavailable()])
        for name, (size, make) in SETS.items()
    }
    start, steps = time.perf_counter(), dict[str, list[float]]()
    return {"stages": stages.measure(sets, steps), "steps": steps, "seconds": time.perf_counter() - start}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from benchmarks import captions as of_captions

    what, *rest = sys.argv[1:]
    measured: dict[str, Callable[[], dict[str, Any]]] = {
        "ours": lambda: _ours(rest[0]),
        "usual": _usual,
        "growth": lambda: _growth(int(rest[0])),
        "audit": lambda: _audit(*rest),
        "report": lambda: _report(int(rest[0]), int(rest[1])),
        "stages": _stages,
        "index": of_captions.make_index,
        "captions": lambda: of_captions.ours(*rest),
        "usual-captions": lambda: of_captions.usual(*rest),
    }
    result = measured[what]()
    print(json.dumps({**result, "peak": _peak() + result.get("workers", 0)}))
