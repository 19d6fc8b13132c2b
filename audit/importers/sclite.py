"""The alignments that NIST's sclite writes with `-o sgml`: outputs and references in one file."""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import InputError
from audit.importers.interface import Imported, Importer, with_finished
from audit.importers.joined import Utterance, lines_of, unique
from audit.importers.records import named, read_bytes
from audit.importers.references import reference_of
from audit.importers.sample import Sample
from audit.importers.stored_totals import StoredTotal
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.task import Task

_PATH = re.compile(r'<PATH id="\(([^"]*)\)"(.*)>')
# C,"ref","hyp"; D,"ref", and I,,"hyp" leave out one of the two; times and confidences may follow.
_ITEM = re.compile(r'([A-Z]),(?:"([^"]*)")?,(?:"([^"]*)")?((?:,[^:"]*)*)(?::|$)')


class Sclite(Importer):
    """sclite lower-cases all texts, unless it is run with `-s`."""

    example = "hyp.trn.sgml"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the file; - is standard input")

    def recognises(self, source: Sample) -> bool:
        """The first tag is `<SYSTEM ... ref_fname=`."""
        return bool(source.lines) and source.lines[0].startswith("<SYSTEM ") and "ref_fname=" in source.lines[0]

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        lines = lines_of(options.file, raw)
        found: list[tuple[str, Utterance]] = []
        names: list[str] = []
        counts = Counter[str]()
        for index, (where, line) in enumerate(lines):
            if line.startswith("<SYSTEM "):
                names += re.findall(r'title="([^"]*)"', line)
            path = _PATH.match(line)
            if path is None:
                continue
            reference, hypothesis, kinds = _aligned(lines[index + 1][1] if index + 1 < len(lines) else "", where)
            found.append((path[1], Utterance(where, hypothesis, {"reference": reference})))
            counts.update(kinds)
        if len(names) != 1 or not lines[-1][1].strip().startswith("</SYSTEM>") or not found:
            raise InputError(
                f"{len(names)} systems and {len(found)} utterances, and {'no ' if not found else ''}end of the file",
                where=str(options.file),
                fix="Give the whole file that `sclite -o sgml` writes for one system.",
            )
        rows = [
            Row(name, one.text, reference_of([one.extra["reference"]], task, one.where))
            for name, one in unique(found).items()
        ]
        notes = ("sclite stores texts in lower case, unless it was run with -s",)
        return Imported(
            with_finished(rows), len(rows), len(rows), (), named("sclite", options.file, raw), "utterances", notes,
            stated=_own(counts, len(rows)),
        )  # fmt: skip


def _own(counts: Mapping[str, int], rows: int) -> tuple[StoredTotal, ...]:
    """The word error rate of sclite's own alignments, in percent with one decimal, as its summaries print it."""
    words = counts["C"] + counts["S"] + counts["D"]
    if not words:
        return ()
    rate = Decimal(100 * (counts["S"] + counts["D"] + counts["I"])) / words
    stored = str(rate.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))
    return (StoredTotal("wer", stored, stored, True, "sclite's own alignments", rows, "wer", "percent"),)


def _aligned(line: str, where: str) -> tuple[str, str, list[str]]:
    """The reference and the output of an alignment, and the kind of each of its pairs: C, S, D or I.

    Raises:
        InputError: The line is not an alignment.
    """
    position, reference, hypothesis, kinds = 0, [], [], []
    while position < len(line):
        item = _ITEM.match(line, position)
        if item is None or item.end() == position:
            raise InputError("not an alignment", where=where, fix="Give the file as `sclite -o sgml` writes it.")
        kinds.append(item[1])
        reference.append(item[2] or "")
        hypothesis.append(item[3] or "")
        position = item.end()
    return " ".join(filter(None, reference)), " ".join(filter(None, hypothesis)), kinds
