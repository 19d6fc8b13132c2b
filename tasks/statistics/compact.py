"""Compact integer arrays: the smallest dtype that holds the values."""

from __future__ import annotations

from typing import Any, TypeAlias

from tasks.arrays import NDArray, np

# Integers of the smallest dtype. numpy's sums widen them; other arithmetic needs `wide` first.
Compact: TypeAlias = "NDArray[np.integer[Any]]"
_KINDS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "int64")


def compact(counts: NDArray[np.int64]) -> Compact:
    """The counts, or terms that are whole numbers, in the smallest integer dtype that holds them, usually one byte."""
    if not counts.size:
        # A shard without rows must not widen what it is joined with.
        return counts.astype(_KINDS[0])
    low, high = int(counts.min()), int(counts.max())
    return counts.astype(next(kind for kind in _KINDS if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max))


def wide(counts: Compact) -> NDArray[np.int64]:
    """The counts in 64 bits, as metrics fold them, so that sums do not overflow."""
    return np.asarray(counts, dtype=np.int64)


def placed(whole: Compact, at: slice | NDArray[np.intp], part: Compact) -> Compact:
    """The array with a part of its rows written; a copy in a wider dtype if the part needs one.

    Args:
        whole: (rows, columns).
        at: The rows.
        part: Their counts.
    """
    kind = np.promote_types(whole.dtype, part.dtype)
    found = whole if kind == whole.dtype else whole.astype(kind)
    found[at] = part
    return found
