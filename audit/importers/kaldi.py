"""Kaldi's `text`: one utterance per line, its id first, then its words. ESPnet, k2 and NeMo scripts write the same."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import InputError
from audit.importers.interface import Imported, Importer
from audit.importers.joined import Utterance, add_arguments, joined, lines_of, source_of, two_files, unique
from audit.importers.sample import Sample

if TYPE_CHECKING:
    from tasks.task import Task

_ID = re.compile(r"(?=\S*\d)(?=\S*[-_])[\w.:-]+")
_LINE = re.compile(r"(\S+)(?:[ \t]+(.*))?", re.DOTALL)


class Kaldi(Importer):
    """The id alone is an empty transcript."""

    example = "exp/decode/text --references data/test/text"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        add_arguments(parser, "ID WORDS..., a line per utterance")

    def recognises(self, source: Sample) -> bool:
        """Sorted lines with unique ids, in a file called `text` or with ids such as `spk1-utt2`."""
        ids = [line.split(maxsplit=1)[0] for line in source.lines]
        if not ids or len(set(ids)) < len(ids) or source.rows or source.document is not None:
            return False
        if source.path.name == "text" or source.path.name.startswith("text."):
            return all(re.fullmatch(r"[\w.:/@+-]+", name) for name in ids)
        return len(ids) > 1 and all(_ID.fullmatch(name) for name in ids) and ids == sorted(ids)

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        outputs, references = two_files(options)
        return joined(
            utterances(options.file, outputs),
            utterances(options.references, references),
            task,
            source_of("kaldi", options, outputs, references),
        )


def utterances(path: Path, raw: bytes) -> dict[str, Utterance]:
    """The utterances of a file by id.

    Raises:
        InputError: An empty line, a line that begins with white space, a duplicate id, or invalid UTF-8.
    """
    found = []
    for where, line in lines_of(path, raw):
        match = _LINE.fullmatch(line)
        if match is None:
            raise InputError(
                "the line does not begin with an utterance's id", where=where, fix="Write `ID WORDS...` on every line."
            )
        found.append((match[1], Utterance(where, (match[2] or "").strip(" \t"))))
    return unique(found)
