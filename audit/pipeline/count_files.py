"""The counts of every scored row as files, one for each task, metric and convention."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from audit._util.csv_cells import csv_text
from audit.pipeline.scored_sets import Scored
from audit.schema import InputFile

COUNTS = "counts/"


def count_files(scored: Mapping[str, Scored]) -> Iterator[tuple[str, bytes]]:
    """One CSV for each task, metric and convention: the counts of every scored row.

    Yields:
        Its path below the output folder, with slashes, and its bytes; one at a time, since there may be many rows.
    """
    for task, entry in scored.items():
        for item in entry.scores:
            if item.counts is None:
                continue
            rows = ([name, *row] for name, row in zip(item.ids, item.counts.tolist(), strict=True))
            text = csv_text(["id", *item.convention.metric.columns], rows)
            yield f"{COUNTS}{task}/{item.metric}/{item.convention.id}.csv", text.encode("utf-8")


def count_hashes(scored: Mapping[str, Scored]) -> tuple[InputFile, ...]:
    """The files' names and hashes, by name: which counts belong to an audit's values.

    The files are made twice, here and where they are written: all of them at once may be more than the memory holds.
    """
    found = (InputFile(name, hashlib.sha256(data).hexdigest()) for name, data in count_files(scored))
    return tuple(sorted(found, key=lambda one: one.path))
