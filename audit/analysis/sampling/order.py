"""The random order of a plan's units, which anybody can derive again from the seed: by SHA-256, in any language.

Without strata, units are sorted by SHA-256(seed, newline, id). With L strata, so many units that the rest divides by L come
first, one by one in that order; the rest is sorted by length and cut into L strata of equal size, each sorted by
the same hashes, and every further step is a block with the next unit of each stratum. At every step the expected mean of what
is drawn is the mean of all that is left, which is all that the confidence sequences need.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

Steps = tuple[tuple[str, ...], ...]


def rank(seed: str, name: str) -> bytes:
    """A unit's random number."""
    return hashlib.sha256(f"{seed}\n{name}".encode("utf-8", "surrogatepass")).digest()


def steps(units: Sequence[str], seed: str, strata: int = 1, lengths: Sequence[int] | None = None) -> Steps:
    """The steps of a sample, in order.

    Args:
        units: All ids.
        seed: A text.
        strata: Number of strata of equal size.
        lengths: By unit; needed for several strata.

    Returns:
        For each step the ids of its units; every unit is in one step.
    """
    by_rank = sorted(units, key=lambda name: rank(seed, name))
    if strata == 1 or lengths is None:
        return tuple((name,) for name in by_rank)
    length = dict(zip(units, lengths, strict=True))
    first = len(units) % strata
    rest = sorted(by_rank[first:], key=lambda name: (length[name], name))
    size = len(rest) // strata
    cut = [sorted(rest[n * size : (n + 1) * size], key=lambda name: rank(seed, name)) for n in range(strata)]
    return (*((name,) for name in by_rank[:first]), *zip(*cut, strict=True))


def digest(names: Iterable[str]) -> str:
    """The SHA-256 of an order: the ids, each followed by a newline."""
    found = hashlib.sha256()
    for name in names:
        found.update(name.encode("utf-8", "surrogatepass") + b"\n")
    return found.hexdigest()
