"""AudioBench logs: raw outputs, stored WER pairs, or a judge's details.

Raw outputs are a JSON list of `{"text" (the prompt), "answer" (the reference), "task_type", "model_prediction"}`
(AudioLLMs/AudioBench@babe4a2: log/). A score file is `{"wer", "sample_wer": [{"reference", "prediction", "wer"}]}`, with
already normalised texts; a judge's file is `{NAME: {"judge_score", "success_rate"}, "details": [{"question", "reference",
"model_prediction", "judge_response", "rate_score", "success"}]}`, or has the details inside NAME. What a file states
about itself is held against its rows, because some files keep only the first ones.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers.interface import Imported, Importer, position_ids, with_finished
from audit.importers.records import Record, decode, items, named, parse, read_bytes
from audit.importers.sample import Sample
from audit.importers.stored_totals import StoredTotal, judge_totals, word_errors
from tasks.row import ReferenceType, Row

if TYPE_CHECKING:
    from tasks.task import Task

# AudioBench's task types, by family.
_KINDS = {"asr": "ASR", "translation": "ST", "captioning": "AC", "classification": "ER"}


class AudioBench(Importer):
    """The items have no ids, so a row's id is its position in the file."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the JSON file; - is standard input")

    def recognises(self, source: Sample) -> bool:
        """A list of outputs without options, or an object with `sample_wer` or a judge's `details`."""
        value = source.document
        if isinstance(value, dict):
            judged = [one for one in value.values() if isinstance(one, dict) and "judge_score" in one]
            return "sample_wer" in value or bool(judged)
        return (
            isinstance(value, list) and source.has("text", "answer", "model_prediction") and not source.has("choices")
        )

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        path: Path = options.file
        raw = read_bytes(path)
        value = parse(decode(raw, str(path)), str(path))
        notes: tuple[str, ...] = ()
        kind = "outputs"
        names: tuple[str, str, str | None] = ("model_prediction", "answer", "text")
        stored: list[StoredTotal] = []
        normalised = None
        if isinstance(value, dict) and "sample_wer" in value:
            kind, records = "stored pairs", items(value["sample_wer"], f"{path}: sample_wer")
            notes = ("The pairs are already normalised; score them with the convention `verbatim`.",)
            normalised = "audiobench"
            names = ("prediction", "reference", None)
            total = word_errors(value.get("wer"), records)
            stored = [] if total is None else [total]
        elif isinstance(value, dict) and (details := _details(value, path)) is not None:
            kind, records = "judged outputs", items(details.rows, details.where)
            names = ("model_prediction", "reference", "question")
            stored = [item for judge, stated in details.judges for item in judge_totals(judge, stated, records)]
        elif isinstance(value, list):
            records = items(value, str(path))
        else:
            raise InputError(
                "neither a list of outputs nor an object with sample_wer or details",
                where=str(path),
                fix="Give a file from AudioBench's log folder.",
            )
        ids = position_ids(len(records))
        rows = [_row(record, identifier, names, task) for record, identifier in zip(records, ids, strict=True)]
        said = "".join(f", own total {item.name} {item.stored}" for item in stored)
        source = f"{named(f'audiobench, {kind}', path, raw)}{said}"
        return Imported(
            with_finished(rows), len(records), len(records), (), source, "items", notes, normalised, tuple(stored)
        )


@dataclass(frozen=True, slots=True)
class _Details:
    """The rows of a judge's file, their place in it, and what the file states about every judge."""

    rows: Any
    where: str
    judges: tuple[tuple[str, dict[str, Any]], ...]


def _details(value: dict[str, Any], path: Path) -> _Details | None:
    judges = tuple((name, stated) for name, stated in value.items() if isinstance(stated, dict))
    if "details" in value:
        return _Details(value["details"], f"{path}: details", judges)
    inside = [(name, stated) for name, stated in judges if "details" in stated]
    if len(inside) > 1:
        names = ", ".join(name for name, _ in inside)
        raise InputError(f"details of several judges: {names}", where=str(path), fix="Keep those of one judge.")
    if not inside:
        return None
    ((name, stated),) = inside
    return _Details(stated["details"], f"{path}: {name}: details", ((name, stated),))


def _row(record: Record, identifier: str, names: tuple[str, str, str | None], task: Task) -> Row:
    hypothesis, reference, prompt = names
    expected = _KINDS.get(task.family)
    found = record.fields.get("task_type")
    if found is not None and expected is not None and found != expected:
        raise InputError(
            f"the task type is {found!r}, but {task.id} needs {expected!r}",
            where=f"{record.where}: task_type",
            fix="Check --task and the file.",
        )
    taken = [name for name in names if name]
    return Row(
        identifier,
        record.text(hypothesis),
        one_text(record, reference, task),
        prompt=record.text(prompt) if prompt else None,
        extra=record.others(*taken),
    )


def one_text(record: Record, name: str, task: Task) -> Any:
    """The reference of an item with a single text: the text, or a list of it if the task expects a list.

    A list of one text is that text.

    Raises:
        InputError: The task expects neither.
    """
    value = record.value(name)
    one = isinstance(value, list) and len(value) == 1 and isinstance(value[0], str)
    text = value[0] if one else record.text(name)
    if task.reference_type in {ReferenceType.TEXT, ReferenceType.OPTIONAL}:
        return text
    if task.reference_type in {ReferenceType.CAPTIONS, ReferenceType.TEXTS}:
        return [text]
    raise InputError(
        f"each item has one text, but a reference of {task.id} must be {task.reference_type.value}",
        where=f"{record.where}: {name}",
        fix="Convert the file, and import it with `repro-audit import jsonl`.",
    )
