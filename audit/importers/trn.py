"""NIST's `trn`: a line per utterance, its words, then its id in parentheses (usnistgov/SCTK@9688a26: doc/infmts.htm)."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import InputError
from audit.importers.alternatives import has_alternatives, nearest_reading
from audit.importers.interface import Imported, Importer
from audit.importers.joined import Utterance, add_arguments, joined, lines_of, source_of, two_files, unique
from audit.importers.sample import Sample

if TYPE_CHECKING:
    from tasks.task import Task

_LINE = re.compile(r"(.*?)[ \t]*\(([^()\s]+)\)[ \t]*")


class Trn(Importer):
    """Comments begin with `;;`."""

    example = "hyp.trn --references ref.trn"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        add_arguments(parser, "WORDS... (ID), a line per utterance")

    def recognises(self, source: Sample) -> bool:
        """Every line ends in an id in parentheses, and no id comes twice."""
        found = [_LINE.fullmatch(line) for line in source.lines if not line.startswith(";;")]
        ids = {match[2] for match in found if match}
        return bool(found) and len(ids) == len(found) and source.document is None

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        outputs, references = two_files(options)
        gold = _utterances(options.references, references)
        several = sum(has_alternatives(one.text) for one in gold.values())
        notes = (f"{several} references have alternatives; the one nearest to the output is taken, as sclite does",)
        return joined(
            _utterances(options.file, outputs),
            gold,
            task,
            source_of("trn", options, outputs, references),
            reading=nearest_reading,
            notes=notes if several else (),
        )


def _utterances(path: Path, raw: bytes) -> dict[str, Utterance]:
    found = []
    for where, line in lines_of(path, raw):
        if line.startswith(";;") or not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise InputError("the line does not end in `(ID)`", where=where, fix="Write `WORDS... (ID)` on every line.")
        found.append((match[2], Utterance(where, match[1].strip(" \t"))))
    if not found:
        raise InputError("no utterances", where=str(path), fix="Give a file that contains utterances.")
    return unique(found)
