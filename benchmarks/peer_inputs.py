"""What the programs that are compared read: files of predictions for this one, prepared texts as JSON for the others.

The others get texts after the convention's steps, since they have none; preparing them is not measured, in their favour.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import corpus
from tasks.row import Row

# The files in a group's folder.
TEXTS = "texts.json"


def write_predictions(folder: Path, task: str, rows: Sequence[Row], run: str = "") -> None:
    """A predictions file with its meta file; `run` names one of several."""
    from audit.scoring.prediction_meta import META_SCHEMA

    name = f"{task}@{run}" if run else task
    lines = [
        json.dumps({"id": row.id, "hypothesis": row.hypothesis, "finished": row.finished, "reference": row.reference})
        for row in rows
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    meta = {"schema": META_SCHEMA, "task": task, "model": "made up", "variant": "13b"}
    (folder / f"{name}.meta.json").write_text(json.dumps(meta), encoding="utf-8")


def write(kind: str, folder: str, number: str) -> dict[str, Any]:
    """Write the input of one comparison into a folder.

    Args:
        kind: `transcripts`, `translations`, `two-runs`, `speakers` or `captions`.
        folder: An empty one.
        number: How many rows; for `captions`, a table.
    """
    made = {"transcripts": _transcripts, "translations": _translations, "two-runs": _two_runs, "speakers": _speakers,
            "captions": _captions}[kind](Path(folder), number)  # fmt: skip
    Path(folder, TEXTS).write_text(json.dumps(made), encoding="utf-8")
    return {"seconds": 0.0, "processor": 0.0}


def _prepared(folder: Path, task: str, metric: str, convention: str, rows: Sequence[Row]) -> dict[str, Any]:
    from audit.literature.known_tasks import known_tasks
    from benchmarks.usual import texts

    write_predictions(folder, task, rows)
    hypotheses, references = texts(rows, known_tasks()[task].convention(metric, convention))
    return {"hypotheses": hypotheses, "references": references}


def _transcripts(folder: Path, number: str) -> dict[str, Any]:
    return _prepared(folder, "asr-librispeech-clean", "wer", "slam-llm", corpus.english(int(number)))


def _translations(folder: Path, number: str) -> dict[str, Any]:
    return _prepared(folder, "st-en-de", "bleu", "sacrebleu-13a", corpus.german(int(number)))


def _two_runs(folder: Path, number: str) -> dict[str, Any]:
    """A second run in which every third output is another, with fewer words wrong."""
    first = corpus.german(int(number))
    second = [
        row if n % 3 else replace(row, hypothesis=f"{_half(str(row.reference), str(row.hypothesis))}</s>")
        for n, row in enumerate(first)
    ]
    a = _prepared(folder, "st-en-de", "bleu", "sacrebleu-13a", first)
    b = _prepared(folder, "st-en-de", "bleu", "sacrebleu-13a", second)
    for run, rows in (("a", first), ("b", second)):
        write_predictions(folder, "st-en-de", rows, run)
    return {**a, "second": b["hypotheses"]}


def _half(reference: str, hypothesis: str) -> str:
    """The first half of the reference's words, then the output's."""
    right, said = reference.split(), hypothesis.removesuffix("</s>").split()
    middle = len(right) // 2
    return " ".join(right[:middle] + said[middle:])


def _speakers(folder: Path, number: str) -> dict[str, Any]:
    """Streams of words as the convention makes them, joined by blanks."""
    from audit.literature.known_tasks import known_tasks
    from tasks.step_cache import ChainCache

    rows = corpus.overlapped(int(number))
    write_predictions(folder, "osr-librimix", rows)
    convention = known_tasks()["osr-librimix"].convention("wer", "cpwer")
    cache = ChainCache(rows)
    sides = (cache.values(convention.hypothesis_view, convention.hypothesis),
             cache.values(convention.reference_view, convention.reference))  # fmt: skip
    said, wanted = ([[" ".join(stream) for stream in streams] for streams in side] for side in sides)
    return {"hypotheses": said, "references": wanted}


def _captions(_: Path, table: str) -> dict[str, Any]:
    from benchmarks.captions import rows

    found = rows(Path(table))
    return {"hypotheses": [row.hypothesis for row in found], "references": [row.reference for row in found]}


def write_table(file: Path, number: int) -> Path:
    """A table of made-up captions as `benchmarks.captions` reads it."""
    made = corpus.captions(number)
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["candidate", *(f"ref_{n}" for n in range(1, len(made[0][1]) + 1))])
        writer.writerows([said, *captions] for said, captions in made)
    return file
