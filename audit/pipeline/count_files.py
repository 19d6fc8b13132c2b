"""The counts of every scored row as files, one for each task, metric and convention."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Iterator, Mapping, Sequence
from tempfile import SpooledTemporaryFile

from audit._util.csv_cells import csv_text, quoted_cells
from audit.pipeline.scored_sets import Scored
from audit.schema import InputFile
from audit.scoring.score import Score

COUNTS = "counts/"
# Bytes of all files that are kept in memory; what is more lies in a temporary file.
_IN_MEMORY = 2**27


class CountFiles:
    """The files of counts of a run, made once: their hashes belong to the audit, which is written before they are.

    Attributes:
        hashes: The files' names and hashes, by name: which counts belong to an audit's values.
    """

    def __init__(self, scored: Mapping[str, Scored]) -> None:
        # Closed with this object; the type says nothing of bytes before Python 3.11.
        self._bytes = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._bytes.close)
        self._sizes: list[tuple[str, int]] = []
        found = []
        for name, data in count_files(scored):
            self._bytes.write(data)
            self._sizes.append((name, len(data)))
            found.append(InputFile(name, hashlib.sha256(data).hexdigest()))
        self.hashes = tuple(sorted(found, key=lambda one: one.path))

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Each file's path below the output folder, with slashes, and its bytes; one at a time, since they may be large."""
        start = 0
        for name, size in self._sizes:
            self._bytes.seek(start)
            yield name, self._bytes.read(size)
            start += size


def count_files(scored: Mapping[str, Scored]) -> Iterator[tuple[str, bytes]]:
    """One CSV for each task, metric and convention: the counts of every scored row; as in `CountFiles`."""
    for task, entry in scored.items():
        # Most conventions score the same rows, whose ids are then one object.
        cells: dict[int, tuple[Sequence[str], list[str]]] = {}
        for item in entry.scores:
            if item.counts is None:
                continue
            known = cells.get(id(item.ids))
            if known is None:
                known = item.ids, list(quoted_cells(item.ids))
                if isinstance(item.ids, tuple):
                    cells[id(item.ids)] = known
            yield f"{COUNTS}{task}/{item.metric}/{item.convention.id}.csv", _csv(item, known[1])


def _csv(score: Score, ids: Sequence[str]) -> bytes:
    assert score.counts is not None
    columns = (map(str, column.tolist()) for column in score.counts.T)
    lines = map(",".join, zip(ids, *columns, strict=True))
    head = csv_text(["id", *score.convention.metric.columns], ())
    return "".join([head, *(f"{line}\n" for line in lines)]).encode("utf-8")
