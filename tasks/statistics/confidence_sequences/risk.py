"""Sharing one risk between several intervals: by Bonferroni's inequality, in equal or weighted parts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def shared(risk: Fraction, weights: Sequence[int]) -> tuple[Fraction, ...]:
    """Each interval's part of the risk.

    The chance that any of the intervals ever misses its value is at most the sum of the parts, whatever the dependence
    between them; conventions that score the same rows depend strongly.

    Args:
        risk: The whole risk, above 0 and below 1.
        weights: One positive integer per interval.

    Raises:
        ValueError: The risk is not between 0 and 1, or a weight is not positive.
    """
    if not 0 < risk < 1:
        raise ValueError("a risk lies between 0 and 1")
    if not weights or min(weights) < 1:
        raise ValueError("weights are positive integers, at least one")
    whole = sum(weights)
    return tuple(risk * weight / whole for weight in weights)
