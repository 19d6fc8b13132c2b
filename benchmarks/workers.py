"""What is measured, each in a process of its own: `python -m benchmarks.workers WHAT ...` prints what it found as JSON.

Seconds are those of the work alone: Python's start and the making of texts come before. Besides seconds, processor seconds are
measured: they tell how much of the machine others had meanwhile. Peak memory is that of all processes together, each at its
own peak.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import corpus
from benchmarks.measuring import Found, Stopwatch, peak, prediction_set, versions, workers_peak

ROOT = Path(__file__).resolve().parent.parent
# Conventions of transcripts that growth is measured with.
TWELVE = ("hufs", "hufs-finished", "qwen-audio", "ultraeval-audio", "nota", "covost2-wer", "gigaspeech-official",
          "slam-llm", "verbatim", "cmi-bench", "cmi-bench-corpus", "hufs-parser")  # fmt: skip


def ours(folder: str, most: str) -> Found:
    """Every convention of the made-up sets, with intervals; the folder is the cache."""
    from audit.literature.known_tasks import known_tasks as tasks
    from audit.scoring.cache import ScoreCache
    from audit.scoring.pool import engine
    from audit.scoring.score import begin, in_turn

    sets = {name: prediction_set(name, rows) for name, rows in corpus.sets(int(most)).items()}
    watch, values = Stopwatch(), {}
    with engine() as counting:
        cache = ScoreCache(Path(folder))
        begun = (begin(rows, tasks()[name], cache=cache, engine=counting) for name, rows in sets.items())
        for name, scores in zip(sets, in_turn(begun), strict=True):
            for item in scores:
                if item.exact is not None:
                    values[f"{name}/{item.metric}/{item.convention.id}"] = float(item.exact)
        workers = workers_peak()
    return {**watch.read(), "values": values, "rows": sum(len(s.rows) for s in sets.values()), "workers": workers}


def usual(most: str) -> Found:
    """The same values by the usual scripts."""
    from audit.literature.known_tasks import known_tasks as tasks
    from benchmarks import usual as scripts

    sets = corpus.sets(int(most))
    watch, values = Stopwatch(), {}
    for name, rows in sets.items():
        for metric, items in tasks()[name].conventions.items():
            for convention in items:
                if not convention.unavailable():
                    values[f"{name}/{metric}/{convention.id}"] = scripts.score(rows, convention)[0]
    return {**watch.read(), "values": values, "versions": versions("jiwer", "sacrebleu", "numpy")}


def growth(number: str) -> Found:
    """Twelve conventions on so many rows."""
    from audit.literature.known_tasks import known_tasks as tasks
    from audit.scoring.pool import engine
    from audit.scoring.score import score

    task = tasks()["asr-librispeech-clean"]
    rows = prediction_set(task.id, corpus.english(int(number)))
    watch = Stopwatch()
    with engine() as counting:
        found = score(rows, task, conventions=TWELVE, engine=counting)
        workers = workers_peak()
    values = {f"{one.metric}/{one.convention.id}": float(one.exact or 0) for one in found}
    return {**watch.read(), "values": values, "rows": int(number), "workers": workers}


def audit(folder: str, rows: str, most: str) -> Found:
    """`repro-audit run` as a user runs it; a second time with what the first left in the cache."""
    from benchmarks.peer_inputs import write_predictions

    place = Path(folder) / "audit"
    predictions = place / "predictions"
    if not predictions.is_dir():
        predictions.mkdir(parents=True)
        if rows != "none":
            for name, texts in corpus.sets(int(most)).items():
                write_predictions(predictions, name, texts)
    command = [sys.executable, "-m", "audit", "run", "--predictions", str(predictions)]
    command += ["--out", str(place / "out"), "--cache", str(place / "cache")]
    watch = Stopwatch()
    done = subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1"}
    )
    if done.returncode:
        raise RuntimeError(f"repro-audit run ended with {done.returncode}: {done.stderr[-2000:]}")
    return watch.read()


def report(claims: str, conventions: str) -> Found:
    """The report of a made-up audit, laid out; the audit is the tests'."""
    from audit.report.page import render
    from audit.report.pdf import render_pdf
    from tests.support.example_audit import build, document

    example = document(build(claims=int(claims), conventions=int(conventions), hostile=False))
    watch = Stopwatch()
    made = render_pdf(example)
    return {
        **watch.read(),
        "claims": int(claims),
        "measurements": len(example.measurements),
        "pdf_bytes": len(made),
        "html_bytes": len(render(example).encode()),
    }


def stages(most: str) -> Found:
    """Where the time goes."""
    from audit.literature.known_tasks import known_tasks as tasks
    from benchmarks import stages as of_a_run

    sets = {
        name: (rows, [c for items in tasks()[name].conventions.values() for c in items if not c.unavailable()])
        for name, rows in corpus.sets(int(most)).items()
    }
    watch, steps = Stopwatch(), dict[str, list[float]]()
    return {"stages": of_a_run.measure(sets, steps), "steps": steps, **watch.read()}


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the result as the last line."""
    from benchmarks import captions, files_of_a_run, multiverse, page_in_browser, peer_inputs, starts

    what, *rest = arguments
    measured: Mapping[str, Callable[..., Found]] = {
        "ours": ours,
        "usual": usual,
        "growth": growth,
        "multiverse": multiverse.of_rows,
        "audit": audit,
        "report": report,
        "stages": stages,
        "listing": starts.listing,
        "helps": starts.helps,
        "index": captions.make_index,
        "captions": captions.ours,
        "usual-captions": captions.usual,
        "files": files_of_a_run.measure,
        "browser": page_in_browser.measure,
        "inputs": peer_inputs.write,
    }
    result = measured[what](*rest)
    print(json.dumps({**result, "peak": peak() + result.get("workers", 0)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
