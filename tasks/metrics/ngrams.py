"""Clipped n-gram matches of many rows at once, on integers.

Tokens are numbered within a chunk of rows. An n-gram of a row is one 64-bit integer that packs the row's number and up to
four token numbers, which is exact (no hashing). numpy sorts and matches the integers of both sides for the whole chunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Tokens = tuple[str, ...]
MAX_ORDER = 4
# 63 bits hold a row number below 2**10, four token numbers below 2**13, and the side. A chunk this small also fits in the
# processor's cache while it is sorted.
CHUNK_ROWS = 2**10
_TOKEN_BITS = 13


def matches(hypotheses: Sequence[Tokens], references: Sequence[Tokens], order: int) -> tuple[Ints, Ints, Ints]:
    """Clipped matches of orders 1 to `order`, (rows, order), and the lengths of both sides, (rows,)."""
    if not 1 <= order <= MAX_ORDER:
        raise ValueError(f"n-grams of order {order} are not supported")
    correct = np.zeros((len(hypotheses), order), dtype=np.int64)
    lengths = np.fromiter(map(len, hypotheses), np.int64)
    reference_lengths = np.fromiter(map(len, references), np.int64)
    for start in range(0, len(hypotheses), CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        correct[part] = _chunk(hypotheses[part], references[part], lengths[part], reference_lengths[part], order)
    return correct, lengths, reference_lengths


def _numbered(hypotheses: Sequence[Tokens], references: Sequence[Tokens]) -> tuple[Ints, Ints]:
    """The token numbers of both sides; raises OverflowError if there are too many distinct tokens."""
    numbers = {token: n for n, token in enumerate(dict.fromkeys(chain.from_iterable(chain(hypotheses, references))))}
    if len(numbers) > 1 << _TOKEN_BITS:
        raise OverflowError
    left, right = (
        np.fromiter(map(numbers.__getitem__, chain.from_iterable(side)), np.int64) for side in (hypotheses, references)
    )
    return left, right


def _chunk(hypotheses: Sequence[Tokens], references: Sequence[Tokens], lengths: Ints, others: Ints, order: int) -> Ints:
    try:
        left, right = _numbered(hypotheses, references)
    except OverflowError:
        if len(hypotheses) == 1:
            return _one_by_one(hypotheses[0], references[0], order)
        half = len(hypotheses) // 2
        cut = [(slice(None, half)), (slice(half, None))]
        parts = [_chunk(hypotheses[c], references[c], lengths[c], others[c], order) for c in cut]
        return np.concatenate(parts)
    mine = _Side(left, lengths)
    theirs = _Side(right, others)
    correct = np.zeros((len(hypotheses), order), dtype=np.int64)
    for n in range(1, order + 1):
        correct[:, n - 1] = _clipped(mine.keys(n), theirs.keys(n), n, len(hypotheses))
    return correct


class _Side:
    """The tokens of one side in one array; for each position its row and the number of tokens left in the row."""

    def __init__(self, tokens: Ints, lengths: Ints) -> None:
        self.tokens = tokens
        self.row = np.repeat(np.arange(len(lengths)), lengths)
        self.left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(tokens))
        self.grams = self.row.copy()
        self.order = 0

    def keys(self, order: int) -> Ints:
        """The integers of all n-grams of `order`; must be called with 1, 2, 3, ... in turn."""
        assert order == self.order + 1
        self.order = order
        whole = len(self.tokens) - order + 1
        self.grams = (self.grams[: max(whole, 0)] << _TOKEN_BITS) | self.tokens[order - 1 :]
        return self.grams[self.left[: len(self.grams)] >= order]


def _clipped(mine: Ints, theirs: Ints, order: int, rows: int) -> Ints:
    """For each row, the sum over n-grams of the smaller count of both sides."""
    if not len(mine) or not len(theirs):
        return np.zeros(rows, dtype=np.int64)
    # Both sides in one sorted array with the side as the last bit: a common n-gram forms two adjacent runs.
    both = np.concatenate([mine << 1, (theirs << 1) | 1])
    both.sort()
    starts = np.flatnonzero(np.concatenate([[True], both[1:] != both[:-1]]))
    counts = np.diff(starts, append=len(both))
    grams = both[starts] >> 1
    shared = np.flatnonzero(grams[1:] == grams[:-1])
    smaller = np.minimum(counts[shared], counts[shared + 1])
    return np.bincount(grams[shared] >> (_TOKEN_BITS * order), weights=smaller, minlength=rows).astype(np.int64)


def _one_by_one(hypothesis: Tokens, reference: Tokens, order: int) -> Ints:
    """Count a row with thousands of distinct tokens, using dictionaries."""
    from collections import Counter

    found = []
    for n in range(1, order + 1):
        mine = Counter(hypothesis[i : i + n] for i in range(len(hypothesis) - n + 1))
        theirs = Counter(reference[i : i + n] for i in range(len(reference) - n + 1))
        found.append(sum((mine & theirs).values()))
    return np.array([found])
