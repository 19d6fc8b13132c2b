"""Whole numbers in the fewest bytes that hold them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# The same numbers in the fewest bytes: sums widen them, other arithmetic needs `wide` first.
Compact: TypeAlias = NDArray[np.integer[Any]]
_KINDS = (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.int64)


def compact(counts: NDArray[np.int64]) -> Compact:
    """The same counts in the smallest integers that hold them: a byte a count, for nearly all."""
    if not counts.size:
        return counts
    low, high = int(counts.min()), int(counts.max())
    return counts.astype(next(kind for kind in _KINDS if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max))


def wide(counts: Compact) -> NDArray[np.int64]:
    """The same counts as metrics fold them: in 64 bits, so that no sum overflows."""
    return counts.astype(np.int64, copy=False)
