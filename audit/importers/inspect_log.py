"""inspect_ai's logs: `.eval` (a zip with one JSON file for each sample) and `.json` (one object).

Layout as in UKGovernmentBEIS/inspect_ai@499e615: src/inspect_ai/log/_recorders/eval.py:92-101, log version 2.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers.interface import Imported, Importer, with_finished
from audit.importers.records import Record, decode, items, named, parse, read_bytes
from audit.importers.references import reference_of
from audit.importers.sample import Sample
from audit.importers.stored_totals import StoredTotal, mean_total, metric_of
from audit.importers.zip_members import Members, is_zip
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.task import Task

_SAMPLE = re.compile(r"samples/.+\.json")
# A scorer's letters: correct, incorrect, partial, no answer.
_VALUES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}


class Inspect(Importer):
    """A row's id is the sample's id; with several epochs, `ID@epoch-N`, and the sample is the resampling unit."""

    example = "logs/DATE_TASK_ID.eval"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the log; - is standard input")
        parser.add_argument("--epoch", type=int, metavar="N", help="only this epoch (default: all)")

    def recognises(self, source: Sample) -> bool:
        """A zip with `header.json` or `_journal/start.json`, or an object with `version`, `eval` and `samples`."""
        if is_zip(source.raw):
            return bool({"header.json", "_journal/start.json"} & set(Members.names_in(source.raw)))
        value = source.document
        return (
            isinstance(value, dict)
            and "version" in value
            and isinstance(value.get("eval"), dict)
            and "samples" in value
        )

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        path: Path = options.file
        raw = read_bytes(path)
        log, samples = _zip(path, raw) if is_zip(raw) else _document(path, raw)
        evaluation = _object(log.value("eval"), f"{log.where}: eval")
        if options.epoch is not None:
            samples = [record for record in samples if record.fields.get("epoch", 1) == options.epoch]
            if not samples:
                raise InputError(f"no epoch {options.epoch}", where="--epoch", fix="Leave --epoch out.")
        epochs = {str(record.fields.get("epoch", 1)) for record in samples}
        rows: list[Row] = []
        seen: dict[str, str] = {}
        models: dict[str, None] = {}
        for record in samples:
            row = _row(record, task, several=len(epochs) > 1)
            if row.id in seen:
                raise InputError(
                    f"duplicate sample {row.id!r}, first at {seen[row.id]}",
                    where=record.where,
                    fix="Remove the duplicate.",
                )
            seen[row.id] = record.where
            rows.append(row)
            models[str(_object(record.fields.get("output"), record.where).get("model") or evaluation.get("model"))] = (
                None
            )
        if len(models) > 1:
            raise InputError(f"outputs of {len(models)} models: {', '.join(models)}", where=str(path),
                             fix="Give one log for each model.")  # fmt: skip
        status = log.fields.get("status")
        notes = [] if status == "success" else [f"the run's status is {str(status)[:40]!r}: samples may be missing"]
        if len(epochs) > 1:
            notes.append(f"{len(epochs)} epochs of {len({row.extra['cluster'] for row in rows})} samples; the log's own "
                         "scores reduce the epochs first, the values here are over rows")  # fmt: skip
        own = _own(log, samples)
        return Imported(with_finished(rows), len(rows), len(rows), (), named("inspect", path, raw), "samples",
                        tuple(notes), stated=own, models=tuple(models))  # fmt: skip


def _zip(path: Path, raw: bytes) -> tuple[Record, list[Record]]:
    members = Members(path, raw)
    name = "header.json" if "header.json" in members.names else "_journal/start.json"
    if name not in members.names:
        raise InputError(
            "a zip archive with neither header.json nor _journal/start.json",
            where=str(path),
            fix="Give a log as inspect_ai writes it.",
        )
    where = f"{path}: {name}"
    log = _object(parse(decode(members.read(name), where), where), where)
    samples = []
    for member in members.names:
        if _SAMPLE.fullmatch(member):
            where = f"{path}: {member}"
            samples.append(Record(where, _object(parse(decode(members.read(member), where), where), where)))
    if not samples:
        raise InputError("no samples", where=str(path), fix="The run ended before its first sample was written.")
    # A log of an unfinished run has no header; its journal says what was run.
    found = log if name == "header.json" else {"status": "started", **log}
    return Record(f"{path}: {name}", found), samples


def _document(path: Path, raw: bytes) -> tuple[Record, list[Record]]:
    value = _object(parse(decode(raw, str(path)), str(path)), str(path))
    log = Record(str(path), value)
    return log, items(log.value("samples"), f"{path}: samples")


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InputError("must be an object", where=where, fix="Give a log as inspect_ai writes it.")
    return value


def _row(record: Record, task: Task, *, several: bool) -> Row:
    name = record.value("id")
    epoch = record.fields.get("epoch", 1)
    for value, field in ((name, "id"), (epoch, "epoch")):
        if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
            raise InputError("must be a text or a number", where=f"{record.where}: {field}", fix="Correct the log.")
    output = _object(record.value("output"), f"{record.where}: output")
    prompt = _prompt(record)
    choices = record.fields.get("choices")
    lettered = isinstance(choices, list) and len(choices) > 1 and all(isinstance(one, str) for one in choices)
    extra: dict[str, Any] = {"scores": record.fields.get("scores"), "metadata": record.fields.get("metadata")}
    if lettered:
        extra["choices"] = choices
    if several:
        extra |= {"cluster": str(name), "epoch": epoch}
    text: Any = output.get("completion")
    failed = record.fields.get("error")
    if failed is not None or not output.get("choices"):
        message = failed.get("message") if isinstance(failed, dict) else failed
        extra["error"] = str(message or "the sample has no output")[:2000]
        text = None
    elif not isinstance(text, str):
        raise InputError("must be a text", where=f"{record.where}: output.completion", fix="Correct the log.")
    golds = list(_golds(record, choices if isinstance(choices, list) and lettered else None))
    identifier = f"{name}@epoch-{epoch}" if several else str(name)
    return Row(
        identifier, text, reference_of(golds, task, f"{record.where}: target", prompt), prompt=prompt, extra=extra
    )


def _prompt(record: Record) -> str | None:
    """The text of the user's messages, if the input has text alone."""
    found = record.fields.get("input")
    if isinstance(found, list):
        messages = [one for one in found if isinstance(one, dict) and one.get("role") == "user"]
        texts = [one.get("content") for one in messages]
        parts = [
            part.get("text")
            for text in texts
            for part in (text if isinstance(text, list) else [{"text": text}])
            if isinstance(part, dict) and part.get("text") is not None
        ]
        found = "\n".join(part for part in parts if isinstance(part, str))
    return found if isinstance(found, str) and found else None


def _golds(record: Record, choices: Sequence[str] | None) -> Iterator[str]:
    """The targets as texts; the letters of a multiple-choice item as its choices."""
    value = record.value("target")
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, str):
            raise InputError(
                "must be a text or a list of texts", where=f"{record.where}: target", fix="Correct the log."
            )
        index = ord(one) - ord("A") if choices is not None and len(one) == 1 else -1
        yield choices[index] if choices is not None and 0 <= index < len(choices) else one


def _own(log: Record, samples: Sequence[Record]) -> tuple[StoredTotal, ...]:
    """The log's scores, each held against the mean of the samples' values."""
    results = log.fields.get("results")
    listed = results.get("scores") if isinstance(results, dict) else None
    found = []
    for score in listed if isinstance(listed, list) else ():
        metrics = score.get("metrics") if isinstance(score, dict) else None
        for metric in metrics.values() if isinstance(metrics, dict) else ():
            name = str(metric.get("name")) if isinstance(metric, dict) else ""
            if name not in {"accuracy", "mean"}:
                continue
            values = [_value(record, str(score.get("name"))) for record in samples]
            own = mean_total(
                name, metric.get("value"), values, metric_of(name), f"mean of the samples' scores {score.get('name')}"
            )
            found += [own] if own else []
    return tuple(found)


def _value(record: Record, scorer: str) -> Any:
    scores = record.fields.get("scores")
    score = scores.get(scorer) if isinstance(scores, dict) else None
    value = score.get("value") if isinstance(score, dict) else None
    return _VALUES.get(value, value) if isinstance(value, str) else value
