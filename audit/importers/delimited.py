"""CSV and TSV files with a header line and arbitrary column names."""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
from pathlib import Path
from typing import Literal

from audit.errors import InputError
from audit.importers import mapping
from audit.importers.interface import Imported, Importer
from audit.importers.records import Record, decode, read_bytes
from audit.scoring.predictions import MAX_LINE_BYTES
from tasks.task import Task


class Csv(Importer):
    """A table with one row per line; unmapped columns are kept in `extra`, as text."""

    name = "csv"
    help = "a CSV or TSV file with a header line and arbitrary column names"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the file")
        parser.add_argument("--delimiter", help="the column separator (default: a comma; a tab for *.tsv)")
        parser.add_argument("--no-quotes", action="store_true", help="treat quotation marks as part of the text")
        mapping.add_arguments(parser)

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        delimiter = options.delimiter or ("\t" if options.file.suffix == ".tsv" else ",")
        delimiter = "\t" if delimiter == "\\t" else delimiter
        if len(delimiter) != 1:
            raise InputError("--delimiter must be one character", fix="Write \\t for a tab.")
        names, records = _table(decode(raw, str(options.file)), options.file, delimiter, quotes=not options.no_quotes)
        fields = mapping.field_map(options, names, str(options.file), task)
        source = f"csv: {options.file.name}, sha256 {hashlib.sha256(raw).hexdigest()}"
        return mapping.to_rows(records, fields, task, source, "records")


def _table(text: str, path: Path, delimiter: str, *, quotes: bool) -> tuple[list[str], list[Record]]:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    # `newline=""` leaves newlines to the CSV reader, which preserves those inside quotes.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    limit = csv.field_size_limit(MAX_LINE_BYTES)
    line, names, records = 1, list[str](), list[Record]()
    try:
        for cells in reader:
            place = f"{path}:{line}"
            line = reader.line_num + 1
            if not names:
                names = cells
                copies = [name for name in names if names.count(name) > 1]
                if copies:
                    raise InputError(
                        f"duplicate column {copies[0]!r}",
                        where=place,
                        fix="The first line must name the columns.",
                    )
                continue
            if len(cells) != len(names):
                raise InputError(
                    f"{len(cells)} columns instead of {len(names)}",
                    where=place,
                    fix="Quote cells that contain the delimiter, or check --delimiter and --no-quotes.",
                )
            records.append(Record(place, dict(zip(names, cells, strict=True))))
    except csv.Error as error:
        raise InputError(
            f"invalid CSV ({error})", where=f"{path}:{line}", fix="Check --delimiter and --no-quotes."
        ) from error
    finally:
        csv.field_size_limit(limit)
    if not records:
        raise InputError("no rows below the header", where=str(path), fix="Give a file that contains rows.")
    return names, records
