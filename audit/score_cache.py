"""A cache of counts and intervals on disk, so that a second audit touches only what changed.

Content-addressed: an entry's name is a hash of the predictions, the convention's own hash and the bootstrap's settings, so an
entry is never stale. It can be deleted at any time. Entries are written whole, under a name of their own, and carry a
checksum: a kill, a full disk or a second process leaves a valid entry or none.
"""

from __future__ import annotations

import hashlib
import io
import json
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audit.files import write_atomic
from tasks.compact import Compact

_FORMAT = b"repro-audit/score/2"


@dataclass(frozen=True, slots=True)
class Entry:
    """Counts with what belongs to them: indices of the scored rows, skipped rows, errors, interval."""

    counts: Compact
    kept: array[int]
    facts: dict[str, Any]


class ScoreCache:
    """Entries in a folder; None for no cache at all."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    @staticmethod
    def key(*parts: str) -> str:
        """A name for an entry; the parts are kept apart, so that no two lists of parts give the same name."""
        total = hashlib.sha256(_FORMAT)
        for part in parts:
            raw = part.encode()
            total.update(len(raw).to_bytes(8, "big") + raw)
        return total.hexdigest()

    def _path(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / key[:2] / key

    def get(self, key: str) -> Entry | None:
        """The entry, or None if there is none or it is damaged."""
        if self.folder is None:
            return None
        try:
            raw = self._path(key).read_bytes()
        except OSError:
            return None
        if hashlib.sha256(raw[32:]).digest() != raw[:32]:
            return None
        stream = io.BytesIO(raw[32:])
        facts = json.loads(stream.readline())
        counts = np.load(stream, allow_pickle=False)
        kept = np.load(stream, allow_pickle=False)
        return Entry(counts, array("i", kept.tobytes()), facts)

    def put(self, key: str, entry: Entry) -> None:
        """Keep an entry. A cache that cannot be written to is no error: the work is only done again."""
        if self.folder is None:
            return
        stream = io.BytesIO()
        stream.write(json.dumps(entry.facts).encode() + b"\n")
        np.save(stream, entry.counts, allow_pickle=False)
        np.save(stream, np.asarray(entry.kept, dtype=np.int32), allow_pickle=False)
        raw = stream.getvalue()
        try:
            write_atomic(self._path(key), hashlib.sha256(raw).digest() + raw)
        except OSError:
            self.folder = None
