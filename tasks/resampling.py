"""Many metrics under one bootstrap: every replicate's draws are multiplied with the terms of all conventions at once.

The sums are those of `Metric.replicate`, and so is every bit of the values: whole numbers are summed, in 32 bits only where
no sum can reach 2**24, else in 64; both are exact, whatever the order, the chunks and the threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.compact import Compact, compact, wide
from tasks.metrics.metric import Metric, Sums
from tasks.statistics import Draws, draws, units_of

# Rows multiplied at once: what they take as floating point stays in the processor's cache.
_BLOCK_ROWS = 8192
_EXACT_32 = 2**24


@dataclass(frozen=True, slots=True)
class Part:
    """A metric's counts of some rows of a set.

    Attributes:
        metric: Whose replicates are wanted.
        counts: (rows kept, columns).
        kept: Their indices in the set, ascending.
    """

    metric: Metric
    counts: Compact
    kept: Sequence[int]


def replicates_together(
    parts: Sequence[Part], clusters: Sequence[str] | int, replicates: int, seed: int
) -> list[NDArray[np.float64]]:
    """What `metric.replicate` gives for every part under the same draws: (replicates,) each.

    Args:
        parts: One a convention.
        clusters: The set's number of rows, or one cluster key a row.
        replicates: How many there are.
        seed: Of the draws.
    """
    table = _Table(clusters)
    places = [table.add(part) for part in parts]
    sums = [table.sums(chunk) for chunk in draws(table.units, replicates, seed)]
    whole = np.concatenate(sums) if sums else np.empty((0, len(table.columns)))
    return [part.metric.from_sums(whole[:, place]) for part, place in zip(parts, places, strict=True)]


class _Table:
    """The different columns of all parts' terms, each over all units (rows, or clusters of rows)."""

    def __init__(self, clusters: Sequence[str] | int) -> None:
        self.rows = clusters if isinstance(clusters, int) else len(clusters)
        self.units, self._unit_of = units_of(clusters)
        self.columns: list[Compact] = []
        self._places: dict[tuple[str, bytes], int] = {}

    def add(self, part: Part) -> list[int]:
        """Where the part's terms are among the columns."""
        terms = part.metric.terms(wide(part.counts)).astype(np.int64)
        kept = None if len(part.kept) == self.rows else np.asarray(part.kept)
        return [self._place(column, kept) for column in terms.T]

    def _place(self, column: NDArray[np.int64], kept: NDArray[np.intp] | None) -> int:
        if kept is not None:
            # A row that is not kept adds nothing.
            column, some = np.zeros(self.rows, dtype=np.int64), column
            column[kept] = some
        if self._unit_of is not None:
            column, rows = np.zeros(self.units, dtype=np.int64), column
            np.add.at(column, self._unit_of, rows)
        small = compact(np.ascontiguousarray(column))
        key = (small.dtype.str, hashlib.blake2b(small.data).digest())
        if key not in self._places:
            self._places[key] = len(self.columns)
            self.columns.append(small)
        return self._places[key]

    def sums(self, chunk: Draws) -> Sums:
        """Every column's sum under every replicate of a chunk: (replicates, columns)."""
        found = np.zeros((len(chunk), len(self.columns)), dtype=np.float64)
        most = int(chunk.max(initial=0))
        groups: dict[bool, list[int]] = {}
        for place, column in enumerate(self.columns):
            groups.setdefault(column.dtype.kind == "u" and column.dtype.itemsize <= 2, []).append(place)
        for start in range(0, self.units, _BLOCK_ROWS):
            part = slice(start, start + _BLOCK_ROWS)
            drawn: dict[type, NDArray[Any]] = {}
            for small, places in groups.items():
                block = np.stack([self.columns[place][part] for place in places])
                short = small and int(block.sum(axis=1, dtype=np.int64).max()) * most < _EXACT_32
                kind = np.float32 if short else np.float64
                if kind not in drawn:
                    drawn[kind] = chunk[:, part].astype(kind)
                found[:, places] += drawn[kind] @ block.astype(kind).T
        return found
