"""JSON Lines (or a JSON list of objects) with arbitrary field names."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from audit.importers import mapping
from audit.importers.interface import Imported, Importer
from audit.importers.records import json_records, named, read_bytes
from audit.importers.roles import has_output
from audit.importers.sample import Sample

if TYPE_CHECKING:
    from tasks.task import Task


class JsonLines(Importer):
    """One object per line; unmapped fields are kept in `extra`."""

    example = "outputs.jsonl --field id=utt --field hypothesis=pred --field reference=text"
    generic = True

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the file; - is standard input")
        mapping.add_arguments(parser)

    def recognises(self, source: Sample) -> bool:
        """Objects with a field of outputs."""
        return has_output(source.fields)

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        records = json_records(options.file, raw)
        names = list(dict.fromkeys(name for record in records for name in record.fields))
        fields = mapping.field_map(options, names, str(options.file), task)
        return mapping.to_rows(records, fields, task, named("jsonl", options.file, raw), "records")
