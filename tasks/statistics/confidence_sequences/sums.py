"""An approximate confidence sequence for a function of sums (BLEU, chrF, macro-averaged F1), calibrated by simulation.

Such a value is not a mean of bounded numbers, and no exact bets are known for it. To first order it moves with the mean of
the rows' influences, the gradient of the function times the rows' terms. A path of means without replacement, divided by its
own standard error sqrt((1/n - 1/N) s^2), tends to a normalised Brownian bridge, whatever the rows are. The critical value is
the quantile of the largest absolute value of simulated paths from the first moment that counts to the last unit but one.

The sequence is approximate: the function is not linear, and rows are not normal. It says so wherever it is shown, and it
never suffices for the verdict `reproduced`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

# Fewer rows say nothing about their own spread.
FIRST = 50
_PATHS = 2_000
_SEED = 20_210_706
# Numbers held at once by the simulation.
_AT_ONCE = 4_000_000


@lru_cache(maxsize=64)
def critical(units: int, first: int, risk: float) -> float:
    """The critical value for a set of this size: the (1 - risk) quantile of the largest |mean| / error of a path.

    Paths are random orders of normal numbers, with the standard deviation estimated from the numbers drawn so far, at every
    moment from `first` to `units - 1`. Deterministic.

    Args:
        units: The size of the set, above `first`.
        first: The first moment that counts, at least 2.
        risk: Of both sides together.

    Raises:
        ValueError: The set is too small.
    """
    if not 2 <= first < units:
        raise ValueError("the set is not larger than the first moment that counts")
    random = np.random.default_rng(_SEED)
    n = np.arange(1, units, dtype=np.float64)
    largest: list[Array] = []
    chunk = max(1, _AT_ONCE // units)
    for start in range(0, _PATHS, chunk):
        values = random.standard_normal((min(chunk, _PATHS - start), units))
        values -= values.mean(axis=1, keepdims=True)
        sums = np.cumsum(values, axis=1)[:, :-1]
        squares = np.cumsum(values**2, axis=1)[:, :-1]
        variance = (squares - sums**2 / n) / np.maximum(n - 1, 1)
        ratio = np.abs(sums / n)[:, first - 1 :] / np.sqrt((1 / n - 1 / units) * variance)[:, first - 1 :]
        largest.append(ratio.max(axis=1))
    return float(np.quantile(np.concatenate(largest), 1 - risk, method="higher"))


def influences(terms: Array, from_sums: Callable[[Array], Array]) -> Array:
    """What each row contributes to the value, to first order: (rows,), with mean 0 up to rounding.

    Args:
        terms: (rows, terms).
        from_sums: The value of each row of sums, (replicates, terms) -> (replicates,).
    """
    sums = terms.sum(axis=0)
    rows, columns = terms.shape
    # About the size of one row's terms, where the function is smooth enough for a central difference.
    step = np.maximum(np.abs(sums) / max(rows, 1), 1e-9)
    moved = np.concatenate([sums + np.diag(step), sums - np.diag(step)])
    values = from_sums(moved)
    gradient = (values[:columns] - values[columns:]) / (2 * step)
    found = (terms - terms.mean(axis=0)) @ np.nan_to_num(gradient) * rows
    return np.asarray(found, dtype=np.float64)


def half_width(influence: Array, units: int, risk: float, first: int = FIRST) -> float | None:
    """Half of the approximate interval's width, in the value's unit; None before the first moment that counts.

    Args:
        influence: Of the rows drawn so far, from `influences`: (n,).
        units: The size of the set.
        risk: Of both sides together.
        first: The first moment that counts.
    """
    n = len(influence)
    if n >= units:
        return 0.0
    if n < first or units <= first:
        return None
    error = np.sqrt((1 / n - 1 / units) * float(np.var(influence, ddof=1)))
    return critical(units, first, risk) * float(error)
