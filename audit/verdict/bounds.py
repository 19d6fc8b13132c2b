"""Bounds on the value over the whole set if only a part was scored: all missing units right, or all wrong.

Nothing is assumed about the missing units: a part not drawn at random by a recorded rule says nothing about them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from audit.facts import WHOLE, Unit

# Metrics whose value is the share of units that are right.
SHARES = frozenset({"accuracy", "following-rate", "abstention-rate"})
# Errors over reference tokens.
ERROR_RATES = frozenset({"wer", "per", "cer"})
# Without a maximum: a unit can contain any number of errors. TER divides by average lengths of references, which no card
# states.
NO_MAXIMUM = ERROR_RATES | {"ter"}
# Metrics that are a mean of unit scores, each at most the end of the scale.
MEANS = frozenset({"rouge-l"})
# Families whose accuracy is over keyphrases, not over units.
NOT_OVER_UNITS = frozenset({"keyphrases"})


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high` in the claim's unit; None means unbounded on that side."""

    low: Fraction | None
    high: Fraction | None


def whole_set(
    value: Fraction,
    *,
    family: str,
    metric: str,
    unit: Unit,
    scored: int,
    unscored: int,
) -> Range:
    """Worst-case bounds of the value over `scored + unscored` units.

    Args:
        value: The value over the scored units, in the claim's unit.
        family: The id of the task's family.
        metric: The metric's id.
        unit: The claim's unit.
        scored: Number of scored units.
        unscored: Number of other units in the set.

    Returns:
        The bounds; for metrics that are not a mean over units (BLEU, METEOR, SPIDEr), the ends of the scale. Error rates are
        at least 0: how many tokens the missing references have after a convention's steps is not known.
    """
    top = WHOLE[unit]
    total = scored + unscored
    if not unscored:
        return Range(value, value)
    if metric in NO_MAXIMUM or top is None:
        return Range(Fraction(0), None)
    if (metric in SHARES and family not in NOT_OVER_UNITS) or metric in MEANS:
        return Range(value * scored / total, (value * scored + top * unscored) / total)
    return Range(Fraction(0), Fraction(top))
