"""JSON Lines (or a JSON list of objects) with arbitrary field names."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from audit.importers import mapping
from audit.importers.interface import Imported, Importer
from audit.importers.records import json_records, read_bytes
from tasks.task import Task


class JsonLines(Importer):
    """One object per line; unmapped fields are kept in `extra`."""

    name = "jsonl"
    help = "JSON Lines, or a JSON list of objects, with arbitrary field names"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the file")
        mapping.add_arguments(parser)

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        records = json_records(options.file, raw)
        names = list(dict.fromkeys(name for record in records for name in record.fields))
        fields = mapping.field_map(options, names, str(options.file), task)
        source = f"jsonl: {options.file.name}, sha256 {hashlib.sha256(raw).hexdigest()}"
        return mapping.to_rows(records, fields, task, source, "records")
