"""Disk cache of counts and intervals, so that a second audit computes only what changed.

The cache is content-addressed: the name of an entry is a hash of the predictions, the convention's hash, the bootstrap
settings, the code that shares, counts and resamples for all conventions, and the versions of its libraries. It can be deleted
at any time. Entries are written atomically and contain a checksum of name and content, so kills, full disks,
concurrent processes and copies leave a valid entry or none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np

from audit._util.files import write_atomic
from tasks.statistics.compact import Compact
from tasks.step import digest

# Temporary files older than this, in seconds, were left by a killed run.
_LEFT_BEHIND = 3600
_FORMAT = b"repro-audit/score/4"
# Code that affects the counts and intervals of every convention, and is therefore not part of any convention's hash.
SOURCES = (
    "module:audit.scoring.counting",
    "module:audit.scoring.pool",
    "module:audit._util.files",
    "module:audit.scoring.predictions",
    "module:audit.scoring.prediction_meta",
    "module:audit.scoring.score",
    "module:audit.scoring.cache",
    "module:tasks.datasets.lfs",
    "module:tasks.step_cache",
    "module:tasks.statistics.compact",
    "module:tasks.convention",
    "module:tasks.metrics.metric",
    "module:tasks.statistics.paired",
    "module:tasks.row",
    "module:tasks.statistics.bootstrap",
    "module:tasks.statistics.clusters",
    "module:tasks.statistics.defaults",
    "module:tasks.step",
    "unicode:",
    "version:numpy",
    "version:rapidfuzz",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What belongs to counts: rows skipped by the number of the rule, rows with errors, the interval."""

    skipped: Mapping[int, int]
    errors: int
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Entry:
    """Counts with the indices of the scored rows."""

    counts: Compact
    kept: array[int]
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

    def _path(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / key[:2] / key

    def get(self, key: str) -> Entry | None:
        """The entry, or None if it is missing, damaged or stored under the wrong name."""
        if self.folder is None:
            return None
        try:
            raw = self._path(key).read_bytes()
        except OSError:
            return None
        if _checksum(key, raw[32:]) != raw[:32]:
            return None
        end = raw.index(b"\n", 32) + 1
        shape, kind, kept, stored = json.loads(raw[32:end])
        skipped = {int(number): rows for number, rows in stored["skipped"].items()}
        facts = Facts(skipped, stored["errors"], stored["interval"] and tuple(stored["interval"]))
        counts = np.frombuffer(raw, np.dtype(kind), shape[0] * shape[1], end).reshape(shape)
        if kept is not None:
            return Entry(counts, array("i", range(kept)), facts)
        indices = np.frombuffer(raw, "<i4", offset=end + counts.nbytes).astype(np.int32)
        return Entry(counts, array("i", indices.tobytes()), facts)

    def put(self, key: str, entry: Entry) -> None:
        """Store an entry. Failure to write is not an error: the entry is only computed again."""
        if self.folder is None:
            return
        # Consecutive indices from 0 are stored as their number.
        whole = not entry.kept or (entry.kept[0] == 0 and entry.kept[-1] == len(entry.kept) - 1)
        head = [entry.counts.shape, entry.counts.dtype.str, len(entry.kept) if whole else None, asdict(entry.facts)]
        kept = b"" if whole else np.asarray(entry.kept, dtype="<i4").tobytes()
        raw = json.dumps(head).encode() + b"\n" + entry.counts.tobytes() + kept
        try:
            path = self._path(key)
            _sweep(path.parent)
            write_atomic(path, _checksum(key, raw) + raw, durable=False)
        except OSError:
            self.folder = None


def _checksum(key: str, raw: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\n" + raw).digest()


def _sweep(folder: Path) -> None:
    """Remove temporary files of killed runs; files that other processes are writing are younger."""
    for left in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):  # another process may have removed it
            if time.time() - left.stat().st_mtime > _LEFT_BEHIND:
                left.unlink()
