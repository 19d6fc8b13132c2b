"""CSV and TSV files with a header line and arbitrary column names."""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from audit.errors import InputError
from audit.importers import mapping
from audit.importers.interface import Imported, Importer
from audit.importers.records import Record, decode, named, read_bytes
from audit.importers.roles import has_output
from audit.importers.sample import Sample
from audit.scoring.prediction_meta import MAX_LINE_BYTES

if TYPE_CHECKING:
    from tasks.task import Task


class Csv(Importer):
    """A table with one row per line; unmapped columns are kept in `extra`, as text."""

    example = "outputs.csv --field hypothesis=output --field reference=text"
    generic = True

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the file; - is standard input")
        parser.add_argument(
            "--delimiter", help="the column separator, one or several characters (default: a comma; a tab for *.tsv)"
        )
        parser.add_argument("--no-quotes", action="store_true", help="treat quotation marks as part of the text")
        mapping.add_arguments(parser)

    def recognises(self, source: Sample) -> bool:
        """A header with a column of outputs, and as many columns on the next lines."""
        return guessed_delimiter(source) is not None

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        usual = "\t" if options.file.suffix == ".tsv" else ","
        delimiter = usual if options.delimiter is None else options.delimiter
        delimiter = delimiter.replace("\\t", "\t")
        if not delimiter or set(delimiter) & set('\r\n"\0'):
            raise InputError(
                f"{delimiter!r} separates no columns",
                where="--delimiter",
                fix="Write \\t for a tab, or '||' for two bars.",
            )
        names, records = _table(decode(raw, str(options.file)), options.file, delimiter, quotes=not options.no_quotes)
        fields = mapping.field_map(options, names, str(options.file), task)
        return mapping.to_rows(records, fields, task, named("csv", options.file, raw), "records")


def guessed_delimiter(source: Sample) -> str | None:
    """The delimiter under which the first lines are a table with a column of outputs; None if there is none."""
    if len(source.lines) < 2 or source.document is not None or source.rows:
        return None
    for delimiter in ("\t", ",", ";", "|||", "||", "|"):
        try:
            names, records = _table("\n".join(source.lines[:20]), source.path, delimiter, quotes=True)
        except InputError:
            continue
        if len(names) > 1 and records and has_output(names):
            return delimiter
    return None


def _table(text: str, path: Path, delimiter: str, *, quotes: bool) -> tuple[list[str], list[Record]]:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    written = delimiter
    if len(delimiter) > 1:
        # Python's reader splits at one character: one that the text does not have stands for all of them, and is put back
        # where quotes kept it.
        delimiter = next(chr(code) for code in range(0xE000, 0x110000) if chr(code) not in text)
        text = text.replace(written, delimiter)
    # `newline=""` leaves newlines to the CSV reader, which preserves those inside quotes.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    limit = csv.field_size_limit(MAX_LINE_BYTES)
    line, names, records = 1, list[str](), list[Record]()
    try:
        for found in reader:
            cells = found if delimiter == written else [cell.replace(delimiter, written) for cell in found]
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
