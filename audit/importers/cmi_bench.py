"""CMI-Bench result files: a JSON list, whatever the suffix, with literal `<s>` and `</s>` in the outputs.

Items are `{"question" (the prompt), "response", "correct_answer" (the reference), "audioid", "other"}`
(nicolaus625/CMI-bench@4c15f41: model/results/).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from audit.importers.audiobench import one_text
from audit.importers.interface import Imported, Importer, position_ids, with_finished
from audit.importers.records import json_records, named, read_bytes
from audit.importers.sample import Sample
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.task import Task


class CmiBench(Importer):
    """A row's id is its position, because an `audioid` names a recording, which may have several items."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the file: a JSON list, even if it is called *.jsonl")
        parser.add_argument(
            "--cluster-by-audio",
            action="store_true",
            help="resample recordings instead of items in the bootstrap, for sets with several items per recording",
        )

    def recognises(self, source: Sample) -> bool:
        """Items with the fields of its results."""
        return source.has("question", "response", "correct_answer", "audioid")

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        path: Path = options.file
        raw = read_bytes(path)
        records = json_records(path, raw)
        rows = []
        for record, identifier in zip(records, position_ids(len(records)), strict=True):
            extra = record.others("question", "response", "correct_answer")
            if options.cluster_by_audio:
                extra["cluster"] = record.text("audioid")
            rows.append(
                Row(
                    identifier,
                    record.text("response"),
                    one_text(record, "correct_answer", task),
                    prompt=record.text("question"),
                    extra=extra,
                )
            )
        source = named("cmi-bench", path, raw)
        return Imported(with_finished(rows), len(records), len(records), (), source, "items")
