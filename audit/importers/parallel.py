"""Parallel plain text, as WMT and sacreBLEU have it: line n of the outputs belongs to line n of every reference."""

from __future__ import annotations

import argparse
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers.interface import Imported, Importer, position_ids, with_finished
from audit.importers.joined import lines_of
from audit.importers.records import STDIN, Record, decode, items, named, parse, read_bytes
from audit.importers.references import reference_of
from audit.importers.sample import Sample
from audit.importers.stored_totals import StoredTotal, stated
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.task import Task

# wmt-conference/wmt22-news-systems@20240a2: txt-ts/system-outputs/generaltest2022.en-de.hyp.SYSTEM.de
_WMT = re.compile(r"\.[a-z]{2,3}(_[A-Za-z]+)?-[a-z]{2,3}(_[A-Za-z]+)?\.hyp\.[^/]+\.[a-z]{2,3}(_[A-Za-z]+)?$")
_NAMES = re.compile(r"(^|[._-])(hyp|hyps|hypothesis|hypotheses|output|outputs|translations)([._-]|$)", re.IGNORECASE)


class Parallel(Importer):
    """Lines have no ids, so a row's id is its position. Blank lines count."""

    example = "hyp.txt --references ref.A.txt --references ref.B.txt"
    generic = True

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the outputs, one per line; - is standard input")
        parser.add_argument("--references", type=Path, action="append", required=True, metavar="FILE",
                            help="a file of references; repeat it for several references")  # fmt: skip
        parser.add_argument("--tab-separated", action="store_true", help="the references of a line stand in columns")
        parser.add_argument("--sources", type=Path, metavar="FILE", help="the source texts, kept in extra")
        parser.add_argument("--score", type=Path, metavar="FILE", help="what sacreBLEU printed as JSON for these files")

    def recognises(self, source: Sample) -> bool:
        """Text whose name says that it has outputs: `newstest.en-de.hyp.SYSTEM.de`, `hyp.txt`."""
        name = source.path.name
        plain = bool(source.lines) and source.document is None and not source.rows
        return plain and bool(
            _WMT.search(name) or (_NAMES.search(name) and not name.endswith((".trn", ".stm", ".ctm")))
        )

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        files: list[Path] = [options.file, *options.references, *filter(None, [options.sources])]
        if sum(str(path) == STDIN for path in files) > 1:
            raise InputError("several files are standard input", where="-", fix="Give all but one of them as files.")
        raws = [_bytes(path) for path in files]
        sides = [lines_of(path, raw) for path, raw in zip(files, raws, strict=True)]
        outputs, references = sides[0], sides[1 : 1 + len(options.references)]
        for path, side in zip(files, sides, strict=True):
            if len(side) != len(outputs):
                raise InputError(
                    f"{len(side)} lines, but the outputs have {len(outputs)}",
                    where=str(path),
                    fix="Give files of the same lines; blank lines count.",
                )
        columns = _columns(references[0]) if options.tab_separated else None
        rows = []
        for index, (name, (where, text)) in enumerate(zip(position_ids(len(outputs)), outputs, strict=True)):
            gold = [side[index][1].rstrip() for side in references] if columns is None else columns[index]
            extra = {} if options.sources is None else {"source": sides[-1][index][1]}
            rows.append(Row(name, text.rstrip(), reference_of(gold, task, where), extra=extra))
        digests = "".join(
            f"; references {path.name}, sha256 {hashlib.sha256(raw).hexdigest()}"
            for path, raw in zip(options.references, raws[1:], strict=False)
        )
        source = f"{named('parallel', options.file, raws[0])}{digests}"
        own = _scores(options.score, len(rows)) if options.score else ()
        return Imported(with_finished(rows), len(rows), len(rows), (), source, "lines", stated=own)


def _bytes(path: Path) -> bytes:
    # A file of one blank line is one empty output.
    if str(path) != STDIN and path.is_file() and 0 < path.stat().st_size < 2:
        return path.read_bytes()
    return read_bytes(path)


def _columns(lines: list[tuple[str, str]]) -> list[list[str]]:
    cells = [line.split("\t") for _, line in lines]
    for (where, _), row in zip(lines, cells, strict=True):
        if len(row) != len(cells[0]):
            raise InputError(
                f"{len(row)} references, but the first line has {len(cells[0])}",
                where=where,
                fix="Give the same number on every line, separated by tabs.",
            )
    return cells


def _scores(path: Path, rows: int) -> tuple[StoredTotal, ...]:
    """The scores that sacreBLEU printed: an object, or a list of objects for several metrics."""
    value: Any = parse(decode(read_bytes(path), str(path)), str(path))
    found = items(value if isinstance(value, list) else [value], str(path))
    return tuple(_score(record, rows) for record in found)


def _score(record: Record, rows: int) -> StoredTotal:
    own = stated(record.text("name"), record.value("score"), rows, "percent")
    if own is None:
        raise InputError(
            "must be a number", where=f"{record.where}: score", fix="Give what `sacrebleu --format json` prints."
        )
    return own
