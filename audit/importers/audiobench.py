"""AudioBench logs: raw outputs, stored WER pairs, or a judge's details.

Raw outputs are a JSON list of `{"text" (the prompt), "answer" (the reference), "task_type", "model_prediction"}`
(AudioLLMs/AudioBench@babe4a2: log/). A score file is `{"wer", "sample_wer": [{"reference", "prediction", "wer"}]}`, with
already normalised texts; a judge's file is `{NAME: {...}, "details": [{"question", "reference", "model_prediction",
"judge_response", "rate_score", "success"}]}`.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Any

from audit.errors import InputError
from audit.importers.interface import Imported, Importer, position_ids, with_finished
from audit.importers.records import Record, decode, items, parse, read_bytes
from tasks.row import ReferenceType, Row
from tasks.task import Task

# AudioBench's task types, by the prefix of our task ids.
_KINDS = {"asr": "ASR", "st": "ST", "aac": "AC", "er": "ER"}


class AudioBench(Importer):
    """The items have no ids, so a row's id is its position in the file."""

    name = "audiobench"
    help = "AudioBench's logs: raw outputs, stored WER pairs or a judge's details"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the JSON file")

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        path: Path = options.file
        raw = read_bytes(path)
        value = parse(decode(raw, str(path)), str(path))
        notes: tuple[str, ...] = ()
        kind = "outputs"
        names: tuple[str, str, str | None] = ("model_prediction", "answer", "text")
        if isinstance(value, dict) and "sample_wer" in value:
            kind, records = "stored pairs", items(value["sample_wer"], f"{path}: sample_wer")
            notes = ("The pairs are already normalised; score them with the convention `verbatim`.",)
            names = ("prediction", "reference", None)
        elif isinstance(value, dict) and "details" in value:
            kind, records = "judged outputs", items(value["details"], f"{path}: details")
            names = ("model_prediction", "reference", "question")
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
        source = f"audiobench, {kind}: {path.name}, sha256 {hashlib.sha256(raw).hexdigest()}"
        return Imported(with_finished(rows), len(records), len(records), (), source, "items", notes)


def _row(record: Record, identifier: str, names: tuple[str, str, str | None], task: Task) -> Row:
    hypothesis, reference, prompt = names
    expected = _KINDS.get(task.id.partition("-")[0])
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

    Raises:
        InputError: The task expects neither.
    """
    text = record.text(name)
    if task.reference_type in {ReferenceType.TEXT, ReferenceType.OPTIONAL}:
        return text
    if task.reference_type is ReferenceType.CAPTIONS:
        return [text]
    raise InputError(
        f"each item has one text, but a reference of {task.id} must be {task.reference_type.value}",
        where=f"{record.where}: {name}",
        fix="Convert the file, and import it with `repro-audit import jsonl`.",
    )
