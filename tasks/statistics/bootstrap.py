"""Intervals: a paired bootstrap over stored counts, and Wilson intervals for recorded values.

A replicate is a vector of how often each unit was drawn. The units are the rows, or clusters of rows (speakers,
recordings) if the rows name one. All conventions of a set use the same draws, so differences between conventions are
paired. Integer sums are exact in any order, so a replicate depends on neither threads nor chunks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from tasks.arrays import NDArray, np
from tasks.metrics.metric import Counts, Metric, Weights
from tasks.statistics.defaults import REPLICATES, SEED

_ROUNDING: dict[str, Callable[[Fraction], int]] = {
    ROUND_FLOOR: math.floor,
    ROUND_CEILING: math.ceil,
    ROUND_HALF_EVEN: round,
    ROUND_HALF_UP: lambda x: math.floor(x + Fraction(1, 2)),
}
_CHUNK_BYTES = 64 * 2**20
# Replicates drawn at a time, however many units there are: with fewer, sums take longer to prepare than to add up.
_LEAST_REPLICATES = 16
_KEPT_BYTES = 32 * 2**20
Draws: TypeAlias = "NDArray[np.unsignedinteger[Any]]"  # (replicates, units)
_Z95 = Fraction(1959963985, 10**9)  # 97.5 % point of the normal distribution


def weights(clusters: Sequence[str] | int, replicates: int = REPLICATES, seed: int = SEED) -> Iterator[Weights]:
    """Yield chunks of (replicates, rows) bootstrap weights over rows or clusters.

    Args:
        clusters: The number of rows, or one cluster key per row.
        replicates: The total number of replicates.
        seed: Seed of the generator; replicates are drawn in sequence, so the chunk size does not change the draws.
    """
    rows = clusters if isinstance(clusters, int) else len(clusters)
    units, unit_of = units_of(clusters)
    if not rows:
        return
    lines = _lines(units, seed)
    step = max(1, _CHUNK_BYTES // (8 * rows))
    for start in range(0, replicates, step):
        chunk = np.empty((min(step, replicates - start), rows))
        for line in chunk:
            drawn = next(lines)
            line[:] = drawn if unit_of is None else drawn[unit_of]
        yield chunk
        del chunk, line  # free the memory before the next one is made


def units_of(clusters: Sequence[str] | int) -> tuple[int, NDArray[np.int64] | None]:
    """The number of units, and the unit of each row; None if every row is a unit."""
    if isinstance(clusters, int):
        return clusters, None
    # Not numpy strings: these drop trailing NULs, which would merge clusters.
    numbers = {key: number for number, key in enumerate(sorted(set(clusters)))}
    return len(numbers), np.array([numbers[key] for key in clusters], dtype=np.int64)


def draws(units: int, replicates: int, seed: int) -> Iterator[Draws]:
    """Compact form of `weights`: chunks of (replicates, units) with how often each unit was drawn.

    They depend only on the arguments. The last small ones are cached, because sets of a study are often of the same size.
    """
    if 0 < units * replicates <= _KEPT_BYTES:
        yield _kept_draws(units, replicates, seed)
    elif units:
        lines = _lines(units, seed)
        step = max(_LEAST_REPLICATES, _CHUNK_BYTES // units)
        for start in range(0, replicates, step):
            yield _chunk(lines, min(step, replicates - start), units)


@lru_cache(maxsize=1)
def _kept_draws(units: int, replicates: int, seed: int) -> Draws:
    return _chunk(_lines(units, seed), replicates, units)


def _lines(units: int, seed: int) -> Iterator[NDArray[np.int64]]:
    generator = np.random.Generator(np.random.PCG64(seed))
    while True:
        yield np.bincount(generator.integers(units, size=units), minlength=units)


def _chunk(lines: Iterator[NDArray[np.int64]], replicates: int, units: int) -> Draws:
    chunk: Draws = np.empty((replicates, units), dtype=np.uint8)
    for index in range(replicates):
        drawn = next(lines)
        if chunk.dtype == np.uint8 and drawn.max() > 255:
            chunk = chunk.astype(np.uint32)
        chunk[index] = drawn
    return chunk


def percentile_interval(
    values: NDArray[np.float64], coverage: Fraction = Fraction(95, 100)
) -> tuple[float, float] | None:
    """The two order statistics that enclose `coverage` of the defined replicates; None if there are none."""
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return None
    tail = (1 - coverage) / 2
    low = math.floor(tail * len(known))
    high = math.ceil((1 - tail) * len(known)) - 1
    return float(known[low]), float(known[high])


def replicates(metric: Metric, counts: Counts, chunks: Sequence[Weights]) -> NDArray[np.float64]:
    """The metric's value in every replicate: (replicates,)."""
    return np.concatenate([metric.replicate(counts, chunk) for chunk in chunks]) if chunks else np.empty(0)


def wilson_interval(successes: int, trials: int, places: int = 6) -> tuple[Decimal, Decimal]:
    """The 95 % Wilson score interval of a proportion, rounded outward to `places` decimals.

    Raises:
        ValueError: `trials` is not positive, or `successes` is outside 0..trials.
    """
    if trials <= 0 or not 0 <= successes <= trials:
        raise ValueError(f"not a proportion: {successes} of {trials}")
    share, z = Fraction(successes, trials), _Z95
    centre = share + z * z / (2 * trials)
    spread_squared = z * z * (share * (1 - share) / trials + z * z / (4 * trials * trials))
    # Never too wide, so that the interval stays within 0 to 1.
    spread = Fraction(math.isqrt(int(spread_squared * 10**24)), 10**12)
    scale = 1 + z * z / trials
    low, high = (centre - spread) / scale, (centre + spread) / scale
    return decimal(low, places, ROUND_FLOOR), decimal(high, places, ROUND_CEILING)


def decimal(value: Fraction | float | Decimal, places: int, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """A value rounded to `places` decimals; exact for a Fraction, from the shortest decimal form for a float."""
    quantum = Decimal(1).scaleb(-places)
    if isinstance(value, Fraction):
        scaled = value * 10**places
        return Decimal(_ROUNDING[rounding](scaled)).scaleb(-places)
    return (value if isinstance(value, Decimal) else Decimal(repr(float(value)))).quantize(quantum, rounding=rounding)


# Decimals of stored values, and the most that `stored` adds to keep them off ties.
PLACES = 6
MOST_PLACES = 12


def stored(value: Fraction | float | Decimal, places: int = PLACES) -> Decimal:
    """The value with `places` decimals, or with as many more as it takes that it can be rounded once more.

    Rounding 13.69514996 to 13.695150 and then to four places gives 13.6952 instead of 13.6951: a value that is no tie has
    become one. Such a value keeps more decimals (13.69514996), so that any number of places up to `places` - 1 gives what the
    value itself gives. Within 10**-12 of a tie, where floats carry noise, it is taken for the tie.
    """
    short = decimal(value, places)
    exact = (
        value if isinstance(value, Fraction) else Fraction(Decimal(repr(value)) if isinstance(value, float) else value)
    )
    for more in range(places, MOST_PLACES + 1):
        found = decimal(value, more)
        _, digits, exponent = found.normalize().as_tuple()
        if not (isinstance(exponent, int) and exponent < 0 and digits[-1] == 5) or Fraction(found) == exact:
            return found
    return short
