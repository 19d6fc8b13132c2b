"""Paired bootstrap of many metrics at once: one matrix product of the draws with the terms of all conventions.

The values are bit-identical to those of `Metric.replicate`. Integers are summed in 32-bit floats if no sum can reach 2**24,
otherwise in 64-bit floats; both are exact and independent of order, chunks and threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tasks.metrics.metric import Metric, Sums
from tasks.statistics.bootstrap import Draws, draws, units_of
from tasks.statistics.compact import Compact, compact, placed, wide

# Units per matrix product: a block of floats fits in the processor's cache.
_BLOCK_UNITS = 4096
_BLOCK_REPLICATES = 128
_EXACT_32 = 2**24
# Rows whose counts are widened at a time.
_ROWS = 2**20
# (factor, column) of every byte of a term
Places: TypeAlias = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Part:
    """The counts of one metric on a subset of the rows.

    Attributes:
        metric: The metric to replicate.
        counts: (kept rows, columns).
        kept: The indices of the kept rows in the set, ascending.
    """

    metric: Metric
    counts: Compact
    kept: Sequence[int]


def replicates_together(
    parts: Sequence[Part], clusters: Sequence[str] | int, replicates: int, seed: int
) -> list[NDArray[np.float64]]:
    """The value of every replicate for every part under the same draws: (replicates,) each.

    Args:
        parts: One per convention.
        clusters: The number of rows of the set, or one cluster key per row.
        replicates: The number of replicates.
        seed: Seed of the draws.
    """
    table = _Table(clusters)
    places = [table.add(part) for part in parts]
    sums = list(map(table.sums, draws(table.units, replicates, seed)))  # keeps no chunk while the next one is drawn
    whole = np.concatenate(sums) if sums else np.empty((0, table.width))
    return [part.metric.from_sums(_terms(whole, terms)) for part, terms in zip(parts, places, strict=True)]


class _Table:
    """The distinct columns of the terms of all parts, over all units (rows or clusters), split into bytes.

    The bytes of a larger number are summed separately, in narrow types, and recombined in 64 bits.
    """

    def __init__(self, clusters: Sequence[str] | int) -> None:
        self.rows = clusters if isinstance(clusters, int) else len(clusters)
        self.units, self._unit_of = units_of(clusters)
        self._bytes: dict[bytes, int] = {}
        self._columns: list[NDArray[np.uint8]] = []

    def add(self, part: Part) -> list[Places]:
        """Add the part's terms; returns their columns."""
        kept = None if len(part.kept) == self.rows else np.asarray(part.kept, dtype=np.intp)
        return [self._places(wide(column), kept) for column in _terms_of(part).T]

    def _places(self, column: NDArray[np.int64], kept: NDArray[np.intp] | None) -> Places:
        if kept is not None:
            # Rows that are not kept contribute zero.
            column, some = np.zeros(self.rows, dtype=np.int64), column
            column[kept] = some
        if self._unit_of is not None:
            column, rows = np.zeros(self.units, dtype=np.int64), column
            np.add.at(column, self._unit_of, rows)
        low, high = int(column.min(initial=0)), int(column.max(initial=0))
        signs = [(1, column)] if low >= 0 else [(1, np.maximum(column, 0)), (-1, np.maximum(-column, 0))]
        width = (max(high, -low).bit_length() + 7) // 8
        return [
            (sign << (8 * n), self._place((numbers >> (8 * n)).astype(np.uint8)))
            for sign, numbers in signs
            for n in range(width)
        ]

    def _place(self, column: NDArray[np.uint8]) -> int:
        key = hashlib.blake2b(column.data).digest()
        if key not in self._bytes:
            self._bytes[key] = len(self._columns)
            self._columns.append(column)
        return self._bytes[key]

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self._columns)

    def sums(self, chunk: Draws) -> Sums:
        """The sum of every column under every replicate of a chunk: (replicates, columns)."""
        found = np.zeros((len(chunk), len(self._columns)))
        if not self._columns:
            return found
        most = int(chunk.max())
        for start in range(0, self.units, _BLOCK_UNITS):
            units = slice(start, start + _BLOCK_UNITS)
            block = np.stack([column[units] for column in self._columns])
            kind = _kind(block, most)
            right: NDArray[Any] = np.ascontiguousarray(block.T, dtype=kind)
            for first in range(0, len(chunk), _BLOCK_REPLICATES):
                replicates = slice(first, first + _BLOCK_REPLICATES)
                found[replicates] += chunk[replicates, units].astype(kind) @ right
        return found


def _terms_of(part: Part) -> Compact:
    """(kept rows, terms), compact; some rows at a time, because they are wide meanwhile."""
    first, rows = compact(part.metric.terms(wide(part.counts[:_ROWS]))), len(part.counts)
    found = placed(np.empty_like(first, shape=(rows, first.shape[1])), slice(_ROWS), first)
    for start in range(_ROWS, rows, _ROWS):
        terms = compact(part.metric.terms(wide(part.counts[start : start + _ROWS])))
        found = placed(found, slice(start, start + _ROWS), terms)
    return found


def _kind(block: NDArray[np.uint8], most: int) -> type[np.floating[Any]]:
    """The narrowest float type in which no sum is rounded if no unit is drawn more than `most` times."""
    return np.float32 if int(block.sum(axis=1).max()) * most < _EXACT_32 else np.float64


def _terms(sums: Sums, terms: Sequence[Places]) -> Sums:
    """The sums of the terms from the sums of their bytes: (replicates, terms)."""
    whole = np.zeros((len(sums), len(terms)))
    for term, places in enumerate(terms):
        for factor, place in places:
            whole[:, term] += factor * sums[:, place]
    return whole
