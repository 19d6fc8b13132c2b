"""How many units a plan will likely need: simulated audits of true claims, and of claims that are off by some margins.

Rows of a simulated set are independent: errors fall on reference tokens at the value's rate, answers are right at the
value's rate, and row values are Beta-distributed around it. Real rows vary more, so real audits may need more units.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audit.analysis.sampling.order import steps
from audit.analysis.sampling.plan import Expected, Plan, PlannedClaim, PlannedConvention
from audit.analysis.sampling.quantities import population
from audit.facts import WHOLE
from tasks.statistics.confidence_sequences.ratios import Drawn, Population, refuted_at
from tasks.statistics.printed import rounding_interval

OFF_BY = (0, 1, 2, 5)
_SEED = 20_261_129
# Concentration of the Beta distribution of row values.
_CONCENTRATION = 3.0
# Rows of all simulated audits of one claim together: larger sets get fewer audits.
_MOST_ROWS = 400_000

Array = NDArray[np.float64]


def expected(plan: Plan, tokens: Sequence[Sequence[tuple[int, ...] | None]], audits: int) -> tuple[Expected, ...]:
    """Units needed until a claim is settled under its first convention with an exact sequence, at its part of the risk.

    Args:
        plan: The plan; its seed is not used.
        tokens: For each claim and convention the reference tokens of the units, or None if every unit counts as one.
        audits: Simulated audits for each case; 0 for none.
    """
    found: list[Expected] = []
    if not audits:
        return ()
    for number, (claim, known) in enumerate(zip(plan.claims, tokens, strict=True)):
        pairs = ((one, w) for one, w in zip(claim.conventions, known, strict=True) if one.kind != "sums")
        convention, weights = next(pairs, (None, None))
        if convention is None:
            continue
        units = len(plan.units)
        w = np.ones(units) if weights is None else np.array(weights, dtype=np.float64)
        for off in OFF_BY:
            truth = _truth(claim, off)
            if truth is None:
                continue
            needed = simulated(plan, claim, convention, w, truth, max(10, min(audits, _MOST_ROWS // units)))
            found.append(Expected(number, off, int(np.median(needed)), int(np.quantile(needed, 0.9, method="higher"))))
    return tuple(found)


def edges(claim: PlannedClaim) -> tuple[float, float]:
    """The values that agree with the claim, as a ratio: its rounding interval widened by the margin."""
    printed, scale = rounding_interval(claim.value), WHOLE[claim.unit] or 1
    slack = Fraction(claim.margin)
    return float((Fraction(printed.low) - slack) / scale), float((Fraction(printed.high) + slack) / scale)


def _truth(claim: PlannedClaim, off: int) -> float | None:
    """The printed value, or a value some margins outside of what agrees, on the worse side; None outside of the scale."""
    scale = WHOLE[claim.unit] or 1
    if off == 0:
        return float(Fraction(claim.value) / scale)
    low, high = edges(claim)
    step = float(Fraction(claim.margin) / scale) * off
    value = high + step if claim.direction == "lower" else low - step
    return value if 0 <= value <= 1 and step > 0 else None


def simulated(
    plan: Plan, claim: PlannedClaim, convention: PlannedConvention, w: Array, truth: float, audits: int
) -> NDArray[np.int64]:
    """The units that simulated audits needed: (audits,).

    Args:
        plan: Its units and strata; every audit has an order of its own.
        claim: The claim.
        convention: A convention with an exact sequence.
        w: Reference tokens of the units, (units,).
        truth: The rate that rows are drawn with.
        audits: How many.
    """
    random = np.random.default_rng(_SEED)
    whole = population(convention, len(w))
    risk = float(Fraction(convention.risk)) / 2
    needed = np.empty(audits, dtype=np.int64)
    at = {name: index for index, name in enumerate(plan.units)}
    for n in range(audits):
        drawn = steps(plan.units, f"simulated {n}", plan.strata, plan.lengths)
        order = np.array([at[name] for step in drawn for name in step])
        sizes = np.array([len(step) for step in drawn], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        a = _rows(random, convention, w, truth)
        sums = Drawn(np.add.reduceat(a[order], starts), np.add.reduceat(w[order], starts), sizes)
        needed[n] = units_needed(sums, whole, edges(claim), risk)
    return needed


def units_needed(drawn: Drawn, whole: Population, agree: tuple[float, float], risk: float) -> int:
    """The units after which the bounds settle whether the value agrees; the whole set at the latest.

    Args:
        drawn: All units of the set in their order.
        whole: The set.
        agree: The values that agree, from the lowest to the highest.
        risk: Of one side.
    """
    low, high = agree
    last = len(drawn.a)

    def at(r: float, side: str) -> int:
        return refuted_at(drawn, whole, r, "low" if side == "low" else "high", risk) or last

    above, below = at(high, "low"), at(low, "high") if low > 0 else last
    inside = max(at(low, "low") if low > 0 else 0, at(high, "high"))
    step = min(above, below, inside, last)
    return int(drawn.sizes[:step].sum())


def _rows(random: np.random.Generator, convention: PlannedConvention, w: Array, truth: float) -> Array:
    if convention.kind == "mean":
        rate = min(max(truth, 1e-6), 1 - 1e-6)
        return random.beta(_CONCENTRATION * rate, _CONCENTRATION * (1 - rate), len(w))
    if convention.kind == "row-errors":
        return random.poisson(truth * 10, len(w)) / 10
    return random.binomial(w.astype(np.int64), min(truth, 1.0)).astype(np.float64)
