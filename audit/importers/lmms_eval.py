"""lmms-eval's samples: `DATE_samples_TASK.jsonl`, a row for each document.

Fields as EvolvingLMMs-Lab/lmms-eval@75571cf writes them (lmms_eval/evaluator.py:1250-1297). Values of metrics are objects
that repeat the texts; `filtered_resps` is the output, `resps` the raw one where it differs. `DATE_results.json` beside the
samples has the run's totals (lmms_eval/loggers/evaluation_tracker.py).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from audit.errors import InputError
from audit.importers.interface import Imported, Importer, with_finished
from audit.importers.records import STDIN, Record, decode, json_records, named, parse, read_bytes
from audit.importers.references import reference_of
from audit.importers.sample import Sample
from audit.importers.stored_totals import StoredTotal, mean_total, metric_of, of_rows, stated
from audit.importers.values import options as options_of
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.task import Task

_NAME = re.compile(r"(?P<date>.+?)_samples_(?P<task>.+)\.jsonl")
_TAKEN = ("doc_id", "target", "filtered_resps", "resps", "input")


class LmmsEval(Importer):
    """A row's id is the document's number."""

    example = "DATE_samples_TASK.jsonl"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the samples; - is standard input")

    def recognises(self, source: Sample) -> bool:
        """Rows with the fields of samples and without lm-eval's `doc`, or of 2024 with `doc` and without `resps`' filters."""
        return source.has("doc_id", "filtered_resps", "input", "doc_hash") and not source.has("doc", "arguments")

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        records = json_records(options.file, raw)
        seen: dict[str, str] = {}
        rows = []
        for record in records:
            row = _row(record, task)
            if row.id in seen:
                raise InputError(
                    f"duplicate doc_id {row.id}, first at {seen[row.id]}",
                    where=record.where,
                    fix="Remove the duplicate.",
                )
            seen[row.id] = record.where
            rows.append(row)
        source = named("lmms-eval", options.file, raw)
        own = _own(options.file, records) or _of_rows(records)
        return Imported(with_finished(rows), len(rows), len(rows), (), source, "samples", stated=own)


def _own(path: Path, records: Sequence[Record]) -> tuple[StoredTotal, ...]:
    """The scores of the results file beside the samples, if it is there and has the task."""
    match = _NAME.fullmatch(path.name)
    beside = path.with_name(f"{match['date']}_results.json") if match else None
    if match is None or beside is None or str(path) == STDIN or not beside.is_file():
        return ()
    value = parse(decode(read_bytes(beside), str(beside)), str(beside))
    every = value.get("results") if isinstance(value, dict) else None
    scores = every.get(match["task"]) if isinstance(every, dict) else None
    found = []
    for key, score in scores.items() if isinstance(scores, dict) else ():
        name = key.partition(",")[0]
        if name.endswith("_stderr"):
            continue
        values = [_score(record, name) for record in records]
        if any(one is None for one in values):
            # A corpus metric: the rows have its texts, and no value each.
            unit: Literal["fraction", "percent"] = (
                "percent" if isinstance(score, int | float) and score > 1 else "fraction"
            )
            own = stated(name, score, len(records), unit) if metric_of(name) else None
        else:
            own = mean_total(name, score, values, metric_of(name))
        found += [own] if own else []
    return tuple(found)


def _of_rows(records: Sequence[Record]) -> tuple[StoredTotal, ...]:
    """The means of the rows' own scores, where there is no results file."""
    names = [name for name in records[0].fields if metric_of(name)] if records else []
    found = [of_rows(name, [_score(record, name) for record in records]) for name in names]
    return tuple(one for one in found if one is not None)


def _score(record: Record, name: str) -> Any:
    """A row's value of a metric: a number, or `score` or `overall` of an object."""
    value = record.fields.get(name)
    if isinstance(value, Mapping):
        value = next((value[key] for key in ("score", "overall") if isinstance(value.get(key), int | float)), None)
    return value if isinstance(value, int | float) else None


def _row(record: Record, task: Task) -> Row:
    identifier = record.value("doc_id")
    if isinstance(identifier, bool) or not isinstance(identifier, int | str) or identifier == "":
        raise InputError("must be a number", where=f"{record.where}: doc_id", fix="Correct the record.")
    output: Any = record.value("filtered_resps")
    while isinstance(output, list) and len(output) == 1:
        output = output[0]
    if not isinstance(output, str):
        raise InputError(
            "must be one text", where=f"{record.where}: filtered_resps", fix="Import one output at a time."
        )
    prompt = record.fields.get("input")
    prompt = prompt if isinstance(prompt, str) else None
    extra = record.others(*_TAKEN)
    if "resps" in record.fields:
        extra["resps"] = record.fields["resps"]
    choices = _choices(record)
    if choices is not None:
        extra["choices"] = choices
    gold = _gold(record)
    return Row(
        f"{identifier:06d}" if isinstance(identifier, int) else identifier,
        output,
        reference_of([gold], task, record.where, prompt),
        prompt=prompt,
        extra=extra,
    )


def _gold(record: Record) -> str:
    """The reference: an ASR metric's own `gt`, since `target` may be the answer of another column, else the target."""
    for name in ("wer", "cer"):
        metric = record.fields.get(name)
        if isinstance(metric, Mapping) and isinstance(metric.get("gt"), str):
            gold: str = metric["gt"]
            return gold
    return record.text("target")


def _choices(record: Record) -> list[str] | None:
    submission = record.fields.get("submission")
    if not isinstance(submission, Mapping) or not submission.get("choices"):
        return None
    return options_of([submission["choices"]], f"{record.where}: submission.choices")
