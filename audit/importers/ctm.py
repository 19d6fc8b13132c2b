"""NIST's `ctm`: words with times as outputs, held against the segments of an stm file or the words of another ctm file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from audit.errors import InputError
from audit.importers.alternatives import nearest_reading
from audit.importers.interface import Imported, Importer
from audit.importers.joined import Utterance, add_arguments, joined, lines_of, source_of, two_files, unique
from audit.importers.sample import Sample
from audit.importers.stm import scored
from audit.importers.time_marked import IGNORED, Word, segment_of, segments, word_of, words, words_of_segments

if TYPE_CHECKING:
    from tasks.task import Task


class Ctm(Importer):
    """With an stm file as references there is a row for each segment, otherwise one for each channel of a recording."""

    example = "hyp.ctm --references ref.stm"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        add_arguments(parser, "FILE CHANNEL BEGIN DURATION WORD [CONFIDENCE]")

    def recognises(self, source: Sample) -> bool:
        """Every line is a word."""
        lines = [line for line in source.lines if not line.startswith(";;")]
        return bool(lines) and all(word_of(line, "") for line in lines)

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        outputs, references = two_files(options)
        source = source_of("ctm", options, outputs, references)
        said = words(options.file, outputs)
        first = [line for _, line in lines_of(options.references, references) if line.strip() and line[:2] != ";;"][:20]
        if not all(segment_of(line, "") for line in first):
            gold = _recordings(words(options.references, references))
            note = "one row for each channel of a recording: a ctm file as references has no segments"
            return joined(_recordings(said), gold, task, source, notes=(note,))
        every = segments(options.references, references)
        kept, notes = scored(every)
        texts = dict(zip([s.id for s in every], words_of_segments(every, said), strict=True))
        lost = sum(len(texts[s.id]) for s in every if IGNORED in s.text.upper())
        if lost:
            notes = (*notes, f"{lost} words lie in excluded segments")
        outside = sum(not s.begin <= word.middle < s.end for s in kept for word in texts[s.id])
        if outside:
            notes = (*notes, f"{outside} words lie outside every segment; each counts in the next one, or in the last")
        spoken = [(s.id, Utterance(s.where, " ".join(word.text for word in texts[s.id]))) for s in kept]
        return joined(
            unique(spoken),
            unique([(s.id, Utterance(s.where, s.text, s.facts)) for s in kept]),
            task,
            source,
            reading=nearest_reading,
            notes=notes,
        )


def _recordings(found: Sequence[Word]) -> dict[str, Utterance]:
    texts: dict[str, list[Word]] = {}
    for word in sorted(found, key=lambda word: word.middle):
        texts.setdefault(f"{word.file}-{word.channel}", []).append(word)
    if not texts:
        raise InputError("no words", fix="Give a file that contains words.")
    return {name: Utterance(said[0].where, " ".join(word.text for word in said)) for name, said in texts.items()}
