"""Clipped n-gram matches of many rows at once, on integers, for tokens and for characters.

Tokens are numbered from 1 within a chunk of rows. The n-grams that begin at a token are one 63-bit integer: the number of the
row, as many token numbers as the longest order has (0 beyond the row's end), and the side. That is exact (no hashing). numpy
sorts the integers of both sides once; n-grams of a shorter order are the common beginnings of neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TypeAlias, TypeVar

from tasks.arrays import NDArray, np

Ints: TypeAlias = "NDArray[np.int64]"
Tokens = tuple[str, ...]
# Clipped matches, (rows, orders), and the lengths of both sides, (rows,).
Matches = tuple[Ints, Ints, Ints]
Text = TypeVar("Text", Tokens, str)
# A chunk this small fits in the processor's cache while it is sorted, and leaves 52 bits to the tokens.
CHUNK_ROWS = 2**10
_BITS = 63


def matches(hypotheses: Sequence[Tokens], references: Sequence[Tokens], order: int) -> Matches:
    """Clipped matches of orders 1 to `order`, (rows, order), and the lengths of both sides, (rows,)."""
    return _in_chunks(hypotheses, references, order, _numbers)


def character_matches(hypotheses: Sequence[str], references: Sequence[str], order: int) -> Matches:
    """As `matches`, for the characters of texts."""
    return _in_chunks(hypotheses, references, order, _code_points)


def _in_chunks(
    hypotheses: Sequence[Text], references: Sequence[Text], order: int, numbered: Callable[..., list[Ints]]
) -> Matches:
    if order < 1:
        raise ValueError(f"n-grams of order {order} are not supported")
    lengths = np.fromiter(map(len, hypotheses), np.int64, len(hypotheses))
    others = np.fromiter(map(len, references), np.int64, len(references))
    correct = np.zeros((len(hypotheses), order), dtype=np.int64)
    for start in range(0, len(hypotheses), CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        left, right = numbered(hypotheses[part], references[part])
        correct[part] = _counted(left, right, lengths[part], others[part], order)
    return correct, lengths, others


def _numbers(*sides: Sequence[Tokens]) -> list[Ints]:
    """The tokens of each side, one row after another, equal ones under one number."""
    tokens = [list(chain.from_iterable(side)) for side in sides]
    numbers = {token: n for n, token in enumerate(dict.fromkeys(chain(*tokens)))}
    return [np.fromiter(map(numbers.__getitem__, side), np.int64, len(side)) for side in tokens]


def _code_points(*sides: Sequence[str]) -> list[Ints]:
    """The characters of each side, one row after another."""
    raw = ("".join(side).encode("utf-32-le", "surrogatepass") for side in sides)
    return [np.frombuffer(one, "<u4").astype(np.int64) for one in raw]


def _counted(left: Ints, right: Ints, lengths: Ints, others: Ints, order: int) -> Ints:
    """The matches of a chunk, (rows, order), from the numbers of both sides' tokens, one row after another.

    A chunk with more distinct tokens than its bits can hold is counted in halves, one such row by itself.
    """
    rows = len(lengths)
    seen = np.zeros(max(left.max(initial=0), right.max(initial=0)) + 1, dtype=np.bool_)
    seen[left] = seen[right] = True
    known = np.flatnonzero(seen)
    bits = len(known).bit_length()
    if (rows - 1).bit_length() + order * bits + 1 > _BITS:
        if rows == 1:
            return _one_row(left, right, order)
        half = rows // 2
        a, b = int(lengths[:half].sum()), int(others[:half].sum())
        return np.concatenate(
            [
                _counted(left[:a], right[:b], lengths[:half], others[:half], order),
                _counted(left[a:], right[b:], lengths[half:], others[half:], order),
            ]
        )
    numbers = np.zeros(len(seen), dtype=np.int64)
    numbers[known] = np.arange(1, len(known) + 1)
    sides = [_packed(numbers[tokens], sizes, order, bits) for tokens, sizes in ((left, lengths), (right, others))]
    return _matched(np.concatenate([sides[0] << 1, (sides[1] << 1) | 1]), rows, order, bits)


def _packed(tokens: Ints, lengths: Ints, order: int, bits: int) -> Ints:
    """For every token its row and the `order` tokens from it on, 0 for those beyond the row's end."""
    found = np.repeat(np.arange(len(lengths)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(tokens))
    beyond = np.concatenate([tokens, np.zeros(order, dtype=np.int64)])
    for n in range(order):
        found <<= bits
        found |= beyond[n : n + len(tokens)] * (left > n)
    return found


def _matched(both: Ints, rows: int, order: int, bits: int) -> Ints:
    """For each row and order, the sum over n-grams of the smaller count of both sides; the last bit names the side."""
    correct = np.zeros((rows, order), dtype=np.int64)
    both.sort()
    before = np.concatenate([[0], np.cumsum(both & 1)])
    grams = both >> 1
    starts = np.arange(len(both) + 1)
    for n in range(order, 0, -1):
        first = np.flatnonzero(np.concatenate([[True], grams[1:] != grams[:-1]])[: len(grams)])
        grams = grams[first]
        starts = starts[np.append(first, len(starts) - 1)]
        theirs = np.diff(before[starts])
        smaller = np.minimum(theirs, np.diff(starts) - theirs)
        # An n-gram whose last token lies beyond the row's end is a shorter one.
        smaller[(grams & ((1 << bits) - 1)) == 0] = 0
        correct[:, n - 1] = np.bincount(grams >> (bits * n), weights=smaller, minlength=rows)
        grams >>= bits
    return correct


def _one_row(left: Ints, right: Ints, order: int) -> Ints:
    """The matches of a row with thousands of distinct tokens, (1, order): its n-grams are numbered anew for every order."""
    split = len(left)
    tokens = np.unique(np.concatenate([left, right]), return_inverse=True)[1]
    sides = tokens[:split], tokens[split:]
    grams, found = sides, []
    for n in range(order):
        if n:
            # An n-gram is a shorter one and the next token; both numbers are below the number of tokens.
            longer = [gram[:-1] * len(tokens) + side[n:] for gram, side in zip(grams, sides, strict=True)]
            numbers = np.unique(np.concatenate(longer), return_inverse=True)[1]
            grams = numbers[: len(longer[0])], numbers[len(longer[0]) :]
        counts = [np.bincount(gram, minlength=len(tokens)) for gram in grams]
        found.append(np.minimum(*counts).sum())
    return np.array([found])
