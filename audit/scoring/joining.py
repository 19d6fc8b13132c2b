"""Joining the results of shards as they come, so that the parts are not in memory beside the whole."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from audit.scoring.counting import Counted, Key
from tasks.statistics.compact import Compact, placed


class Joining:
    """The joined results of the shards so far, for each convention.

    The result is that of the parts in order and does not depend on when they came. Conventions that keep the same rows share
    their indices, as most do.
    """

    def __init__(self, rows: int, keys: Sequence[Key]) -> None:
        """Nothing joined yet.

        Args:
            rows: The number of rows of all shards.
            keys: The conventions.
        """
        self._rows = rows
        self._keys = tuple(keys)
        self._wholes = {key: _Whole() for key in keys}
        self._groups = [_Group(array("i"), list(keys))] if keys else []
        self._ended: dict[Key, Counted] = {}

    def add(self, offset: int, part: Mapping[Key, Counted]) -> None:
        """Join the next shard, of which nothing is kept.

        Args:
            offset: The index of the shard's first row.
            part: Its result under every convention.
        """
        groups: list[_Group] = []
        for group in self._groups:
            same: list[tuple[array[int], list[Key]]] = []  # conventions of the group by the rows that they keep
            for key in group.keys:
                found = part[key]
                if found.unavailable or found.failure:
                    # The first such part is the result, whatever others say.
                    self._ended[key] = found
                    del self._wholes[key]
                    continue
                self._wholes[key].add(found, self._rows)
                known = next((keys for kept, keys in same if kept is found.kept or kept == found.kept), None)
                if known is None:
                    same.append((found.kept, [key]))
                else:
                    known.append(key)
            # Those that part from each other take copies of what they share.
            wholes = [group.kept[:] for _ in same[1:]] + [group.kept]
            for (kept, keys), whole in zip(same, wholes, strict=False):
                whole.extend(array("i", (np.asarray(kept, dtype=np.int32) + np.int32(offset)).tobytes()))
                groups.append(_Group(whole, keys))
        self._groups = groups

    def joined(self) -> dict[Key, Counted]:
        """The results, in the order of the conventions; the indices of a group are one object."""
        kept = {key: group.kept for group in self._groups for key in group.keys}
        return {
            key: self._ended[key] if key in self._ended else self._wholes[key].counted(kept[key]) for key in self._keys
        }


@dataclass(slots=True)
class _Group:
    """Conventions that kept the same rows so far."""

    kept: array[int]
    keys: list[Key]


@dataclass(slots=True)
class _Whole:
    """What is joined of one convention, but for the indices of its rows."""

    skipped: Counter[int] = field(default_factory=Counter)
    errors: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    counts: Compact | None = None  # room for all rows; what is not written to takes no memory
    filled: int = 0

    def add(self, part: Counted, rows: int) -> None:
        self.skipped += part.skipped
        self.errors += part.errors
        self.unreadable += part.unreadable
        new = part.counts
        assert new is not None
        if self.counts is None:
            self.counts = np.empty((rows, new.shape[1]), dtype=new.dtype)
        self.counts = placed(self.counts, slice(self.filled, self.filled + len(new)), new)
        self.filled += len(new)

    def counted(self, kept: array[int]) -> Counted:
        assert self.counts is not None
        return Counted(kept, self.skipped, self.errors, self.counts[: self.filled], unreadable=tuple(self.unreadable))
