"""LLaSO-Eval result files: a JSON list whose items hold a conversation and the model's output.

Items are `{"conversations": [{"from", "value" (the instruction)}, {"from", "value" (the gold answer)}], "prediction" or
"answer" (the output), ...}` (EIT-NLP/LLaSO@0907788: results/). SALMONN's files call the output `prediction`, most others
`answer`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers.audiobench import one_text
from audit.importers.interface import Imported, Importer, position_ids, with_finished
from audit.importers.records import Record, json_records, named, read_bytes
from audit.importers.sample import Sample
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.task import Task

_OUTPUTS = ("prediction", "answer")


class Llaso(Importer):
    """The items have no ids of their own, so a row's id is its position in the file."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the JSON file")

    def recognises(self, source: Sample) -> bool:
        """Items with a conversation and an output."""
        return source.has("conversations") and any(source.has(name) for name in _OUTPUTS)

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        path: Path = options.file
        raw = read_bytes(path)
        records = json_records(path, raw)
        ids = position_ids(len(records))
        rows = [_row(record, identifier, task) for record, identifier in zip(records, ids, strict=True)]
        source = named("llaso", path, raw)
        return Imported(with_finished(rows), len(records), len(records), (), source, "items")


def _row(record: Record, identifier: str, task: Task) -> Row:
    said = [name for name in _OUTPUTS if name in record.fields]
    if len(said) != 1:
        raise InputError(
            f"needs one of {' and '.join(_OUTPUTS)}, and has {' and '.join(said) or 'neither'}",
            where=record.where,
            fix="Give a file from LLaSO's results folder.",
        )
    turns: Any = record.value("conversations")
    texts = [turn.get("value") for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []
    if len(texts) != 2 or not all(isinstance(text, str) for text in texts):
        raise InputError(
            "must be a list of two turns, each with a text in `value`",
            where=f"{record.where}: conversations",
            fix="Give a file from LLaSO's results folder.",
        )
    prompt, gold = texts
    fields = {name: value for name, value in record.fields.items() if name not in {said[0], "conversations"}}
    return Row(
        identifier,
        record.text(said[0]),
        one_text(Record(f"{record.where}: conversations", {"value": gold}), "value", task),
        prompt=prompt,
        extra=fields,
    )
