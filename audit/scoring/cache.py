"""Disk cache of counts and intervals, so that a second audit computes only what changed.

The cache is content-addressed: the name of an entry is a hash of the predictions, the convention's hash, the bootstrap
settings, the code that shares, counts and resamples for all conventions, and the versions of its libraries. It can be deleted
at any time. Entries are written atomically and contain a checksum of name and content, so kills, full disks,
concurrent processes and copies leave a valid entry or none.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from audit._util.strict_json import InvalidJsonError
from audit._util.typed_json import read as read_typed
from audit.scoring.entries import read_entry, write_entry
from tasks.statistics.compact import Compact
from tasks.step import digest

_FORMAT = b"repro-audit/score/6"
# Code that affects the counts and intervals of every convention, and is therefore not part of any convention's hash.
SOURCES = (
    "module:audit.scoring.counting",
    "module:audit.scoring.joining",
    "module:audit.scoring.pool",
    "module:audit._util.files",
    "module:audit.scoring.predictions",
    "module:audit.scoring.prediction_meta",
    "module:audit.scoring.row_file",
    "module:audit.scoring.score",
    "module:audit.scoring.cache",
    "module:audit.scoring.entries",
    "module:tasks.datasets.lfs",
    "module:tasks.errors",
    "module:tasks.step_cache",
    "module:tasks.statistics.compact",
    "module:tasks.convention",
    "module:tasks.metrics.accuracy",
    "module:tasks.metrics.metric",
    "module:tasks.statistics.paired",
    "module:tasks.row",
    "module:tasks.statistics.bootstrap",
    "module:tasks.statistics.clusters",
    "module:tasks.statistics.defaults",
    "module:tasks.step",
    "module:tasks.steps.clean",
    "module:tasks.steps.together",
    "unicode:",
    "version:numpy",
    "version:rapidfuzz",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What belongs to counts: rows skipped by the number of the rule, rows with errors, the interval, unreadable rows."""

    skipped: Mapping[int, int]
    errors: int
    interval: tuple[float, float] | None
    unreadable: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """Counts with the indices of the scored rows."""

    counts: Compact
    kept: array[int]
    facts: Facts


@dataclass(frozen=True, slots=True)
class _Head:
    """The first line of an entry: the shape and the type of its counts, how many first rows are kept, and the facts."""

    shape: tuple[int, int]
    kind: Literal["|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8"]
    kept: int | None
    facts: Facts


@cache
def _software() -> bytes:
    """Digests of `SOURCES`, computed once: a process keeps running the code that it started with."""
    return "\n".join(f"{source} {digest(source)}" for source in SOURCES).encode()


class ScoreCache:
    """A cache in a folder; None disables it."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    @staticmethod
    def key(*parts: str) -> str:
        """The name of an entry for this version of the code; different lists of parts give different names."""
        total = hashlib.sha256(_FORMAT)
        for raw in (_software(), *(part.encode() for part in parts)):
            total.update(len(raw).to_bytes(8, "big") + raw)
        return total.hexdigest()

    def get(self, key: str) -> Entry | None:
        """The entry, or None if it is missing, damaged or stored under the wrong name."""
        if self.folder is None:
            return None
        raw = read_entry(self.folder, key)
        if raw is None:
            return None
        end = raw.find(b"\n") + 1
        try:
            head = read_typed(_Head, raw[:end])
        except InvalidJsonError:  # written by another program: the checksum is no secret
            return None
        (rows, columns), facts = head.shape, head.facts
        size = rows * columns * np.dtype(head.kind).itemsize
        left = len(raw) - end - size
        if min(rows, columns) < 0 or left < 0 or (left % 4 if head.kept is None else head.kept != rows or left):
            return None
        counts = np.frombuffer(raw, np.dtype(head.kind), rows * columns, end).reshape(rows, columns)
        if head.kept is not None:
            return Entry(counts, array("i", range(head.kept)), facts)
        indices = np.frombuffer(raw, "<i4", offset=end + size).astype(np.int32)
        return Entry(counts, array("i", indices.tobytes()), facts)

    def put(self, key: str, entry: Entry) -> None:
        """Store an entry. Failure to write is not an error: the entry is only computed again."""
        if self.folder is None:
            return
        # Consecutive indices from 0 are stored as their number.
        whole = not entry.kept or (entry.kept[0] == 0 and entry.kept[-1] == len(entry.kept) - 1)
        head = {
            "shape": entry.counts.shape,
            "kind": entry.counts.dtype.str,
            "kept": len(entry.kept) if whole else None,
            "facts": asdict(entry.facts),
        }
        kept = b"" if whole else np.asarray(entry.kept, dtype="<i4").tobytes()
        raw = json.dumps(head).encode() + b"\n" + entry.counts.tobytes() + kept
        try:
            write_entry(self.folder, key, raw)
        except OSError:
            self.folder = None
