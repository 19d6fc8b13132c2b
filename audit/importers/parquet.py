"""Parquet files: rows with columns of any names, or the details that lighteval writes.

lighteval's columns are structs: `doc` {query, choices, gold_index, id, task_name}, `model_response` {text} and `metric`
(huggingface/lighteval@3fd1526: src/lighteval/logging/evaluation_tracker.py:254-268), in its manual `__doc__` and so on.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers import mapping
from audit.importers.arrow import columns, pyarrow, reading
from audit.importers.arrow import records as records_of
from audit.importers.interface import Imported, Importer, position_ids, with_finished
from audit.importers.records import MAX_FILE_BYTES, Record, named, read_bytes
from audit.importers.references import reference_of
from audit.importers.sample import Sample
from audit.importers.stored_totals import of_rows
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.task import Task

_DETAILS = ("doc", "model_response", "metric")


class Parquet(Importer):
    """One row per line of the table; unmapped columns are kept in `extra`, without the bytes of sounds and images."""

    example = "outputs.parquet --field hypothesis=pred --field reference=text"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the file; - is standard input")
        mapping.add_arguments(parser)

    def recognises(self, source: Sample) -> bool:
        """The file begins and ends with `PAR1`."""
        return source.raw[:4] == b"PAR1" == source.raw[-4:]

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        arrow = pyarrow()
        raw = read_bytes(options.file)
        where = str(options.file)
        with reading(where, "Parquet"):
            file = arrow.parquet.ParquetFile(arrow.BufferReader(raw))
            groups = [file.metadata.row_group(index) for index in range(file.metadata.num_row_groups)]
            wanted, media = columns(file.schema_arrow)
            if sum(group.total_byte_size for group in groups) > 4 * MAX_FILE_BYTES:
                raise InputError("unpacks to more than 8 GiB", where=where, fix="Split the file.")
            table = file.read(columns=wanted)
            table.validate(full=True)
        found, notes = records_of(table, where)
        source = named("parquet", options.file, raw)
        if media:
            notes = (*notes, f"of the column{'s' if len(media) > 1 else ''} {', '.join(media)} only the path is kept")
        details = _details(found[0])
        if details is not None:
            return _lighteval(found, details, task, source, notes)
        fields = mapping.field_map(options, table.column_names, where, task)
        imported = mapping.to_rows(found, fields, task, source, "rows")
        return mapping.with_notes(imported, notes)


def _details(record: Record) -> tuple[str, ...] | None:
    for names in (_DETAILS, tuple(f"__{name}__" for name in _DETAILS)):
        if all(isinstance(record.fields.get(name), dict) for name in names):
            return names
    return None


def _lighteval(
    found: list[Record], names: tuple[str, ...], task: Task, source: str, notes: tuple[str, ...]
) -> Imported:
    rows = []
    for record, position in zip(found, position_ids(len(found)), strict=True):
        doc, response, metric = (Record(f"{record.where}: {name}", record.value(name) or {}) for name in names)
        texts: Any = response.value("text")
        if isinstance(texts, str):
            texts = [texts]
        if not isinstance(texts, list) or len(texts) != 1 or not isinstance(texts[0], str):
            raise InputError(
                f"must be one text, not {len(texts) if isinstance(texts, list) else type(texts).__name__}",
                where=f"{response.where}: text",
                fix="Several samples of a model are several runs; import each with --run.",
            )
        choices: Any = doc.value("choices")
        gold: Any = doc.value("gold_index")
        golds = gold if isinstance(gold, list) else [gold]
        if not isinstance(choices, list) or not all(isinstance(one, str) for one in choices):
            raise InputError("must be a list of texts", where=f"{doc.where}: choices", fix="Correct the file.")
        if (
            not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < len(choices) for n in golds)
            or not golds
        ):
            raise InputError(f"no choice has the index {gold!r}", where=f"{doc.where}: gold_index", fix="Correct it.")
        query = doc.fields.get("query")
        extra: dict[str, Any] = {"metric": dict(metric.fields), **doc.others("query", "choices", "gold_index", "id")}
        if len(choices) > 1 and len(golds) == 1:
            extra["choices"] = choices
        gold_texts = [choices[n] for n in golds]
        rows.append(
            Row(
                position,
                texts[0],
                reference_of(gold_texts, task, doc.where, query if isinstance(query, str) else None),
                prompt=query if isinstance(query, str) else None,
                extra={**extra, "doc_id": doc.fields.get("id")},
            )
        )
    scores: list[dict[str, Any]] = [row.extra["metric"] for row in rows]
    own = [of_rows(name, [one.get(name) for one in scores]) for name in (scores[0] if scores else ())]
    return Imported(
        with_finished(rows), len(rows), len(rows), (), source.replace("parquet:", "parquet, lighteval details:", 1), "rows",
        notes, stated=tuple(one for one in own if one is not None),
    )  # fmt: skip
