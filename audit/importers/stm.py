"""NIST's `stm`: segments with times, outputs and references cut alike."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from audit.errors import InputError
from audit.importers.alternatives import has_alternatives, nearest_reading
from audit.importers.interface import Imported, Importer
from audit.importers.joined import Utterance, add_arguments, joined, source_of, two_files, unique
from audit.importers.sample import Sample
from audit.importers.time_marked import IGNORED, Segment, segment_of, segments

if TYPE_CHECKING:
    from tasks.task import Task


class Stm(Importer):
    """A segment is known by its file, channel and times; the speaker of an output may have another name."""

    example = "hyp.stm --references ref.stm"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        add_arguments(parser, "FILE CHANNEL SPEAKER BEGIN END [<LABEL>] WORDS...")

    def recognises(self, source: Sample) -> bool:
        """Every line is a segment."""
        lines = [line for line in source.lines if not line.startswith(";;")]
        return bool(lines) and all(segment_of(line, "") for line in lines)

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        outputs, references = two_files(options)
        gold, notes = scored(segments(options.references, references))
        ids = {_key(segment): segment.id for segment in gold}
        said = [
            (ids.get(_key(segment), segment.id), Utterance(segment.where, segment.text))
            for segment in segments(options.file, outputs)
        ]
        return joined(
            unique(said),
            unique([(segment.id, Utterance(segment.where, segment.text, segment.facts)) for segment in gold]),
            task,
            source_of("stm", options, outputs, references),
            reading=nearest_reading,
            notes=notes,
        )


def scored(gold: list[Segment]) -> tuple[list[Segment], tuple[str, ...]]:
    """The segments that count, and notes on the others and on alternatives.

    Raises:
        InputError: All segments are excluded.
    """
    kept = [segment for segment in gold if IGNORED not in segment.text.upper()]
    if not kept:
        raise InputError("every segment is excluded from scoring", where=gold[0].where, fix="Give other references.")
    notes = []
    if len(kept) < len(gold):
        notes.append(f"{len(gold) - len(kept)} segments are excluded from scoring ({IGNORED})")
    several = sum(has_alternatives(segment.text) for segment in kept)
    if several:
        notes.append(f"{several} references have alternatives; the one nearest to the output is taken, as sclite does")
    return kept, tuple(notes)


def _key(segment: Segment) -> tuple[str, str, float, float]:
    return segment.file, segment.channel.lower(), segment.begin, segment.end
