"""The bounds of a planned sample on the value over the whole set, and their path over the units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from audit.analysis.sampling.plan import Ordered, PlannedConvention
from audit.analysis.sampling.quantities import population, sample
from audit.scoring.score import Score
from tasks.phrase import phrase
from tasks.row import Row
from tasks.statistics.compact import wide
from tasks.statistics.confidence_sequences import ratios, sums

MOMENTS = 60


@dataclass(frozen=True, slots=True)
class Reach:
    """Bounds in the metric's scale; None means unbounded on that side.

    Attributes:
        units: Units of completed steps.
        exact: Valid at the stated risk; otherwise approximate.
        path: (units, low, high) at some moments; empty unless asked for.
        problem: Why there are no bounds.
    """

    units: int
    low: float | None
    high: float | None
    exact: bool
    path: tuple[tuple[int, float | None, float | None], ...] = ()
    problem: str | None = None


def completed(plan: Ordered, present: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    """The steps from the first on of which every unit is present."""
    found: list[tuple[str, ...]] = []
    for step in plan.steps:
        if not present.issuperset(step):
            break
        found.append(step)
    return tuple(found)


def departure(plan: Ordered, present: frozenset[str]) -> str | None:
    """How the units that are present depart from the planned order; None if they are its first ones.

    A block of strata that was only begun does not count.
    """
    if not present:
        return None
    done = completed(plan, present)
    later = present.difference(name for step in done for name in step)
    begun = plan.steps[len(done)] if len(done) < len(plan.steps) else ()
    beyond = sorted(later.difference(begun))
    if not beyond:
        return None
    skipped = sorted(set(begun) - present)
    return phrase(
        "{n} units beyond the planned order are there, and {unit} before them is not: units were dropped, or another "
        "order was followed",
        n=len(beyond),
        unit=repr(skipped[0]),
    )


def reach(
    item: Score,
    rows: Mapping[str, Row],
    plan: Ordered,
    planned: PlannedConvention,
    *,
    present: frozenset[str],
    with_path: bool = False,
) -> Reach:
    """The bounds of one convention.

    Args:
        item: The score over the rows that are present.
        rows: These rows by id.
        plan: The plan.
        planned: The convention in the plan.
        present: The ids that were drawn: rows, or judged rows.
        with_path: Whether to compute the path over the units, too.
    """
    done = completed(plan, present)
    units = sum(map(len, done))
    exact = planned.kind != "sums"
    if not done or item.counts is None:
        return Reach(units, None, None, exact, problem=phrase("no unit of the plan was scored"))
    if not exact:
        return _approximate(item, done, planned, len(plan.plan.units), with_path=with_path)
    # Units that are not drawn yet may be dropped, too: then the total over the set is not known.
    whole = population(planned, len(plan.plan.units), dropping=bool(item.convention.select))
    found = sample(item, rows, done, planned)
    if found.broken is not None:
        return Reach(units, None, None, exact, problem=found.broken)
    scale, risk = item.convention.metric.scale, float(Fraction(planned.risk))
    low, high = ratios.limits(found.drawn, whole, risk)
    path = ratios.path(found.drawn, whole, risk, MOMENTS) if with_path else ()

    def scaled(value: float | None) -> float | None:
        return None if value is None else value * scale

    return Reach(units, scaled(low), scaled(high), exact, tuple((p.units, scaled(p.low), scaled(p.high)) for p in path))


def _approximate(
    item: Score, done: Sequence[Sequence[str]], planned: PlannedConvention, size: int, *, with_path: bool
) -> Reach:
    """Without the running intersection that exact sequences allow: an approximate limit may come back."""
    assert item.counts is not None
    at = {name: index for index, name in enumerate(item.ids)}
    indices = [[at[name] for name in step if name in at] for step in done]
    drawn = [index for step in indices for index in step]
    units = sum(map(len, done))
    if len(drawn) < units:
        why = phrase("drawn units without a score have no approximate bound")
        return Reach(units, None, None, exact=False, problem=why)
    terms = item.convention.metric.terms(wide(item.counts)[drawn]).astype(np.float64)
    risk, metric = float(Fraction(planned.risk)), item.convention.metric

    def at_units(n: int) -> tuple[float, float] | None:
        width = sums.half_width(sums.influences(terms[:n], metric.from_sums), size, risk)
        if width is None:
            return None
        value = float(metric.from_sums(terms[:n].sum(axis=0, keepdims=True))[0])
        return None if np.isnan(value) or np.isnan(width) else (value - width, value + width)

    last = at_units(units)
    if last is None:
        why = phrase("fewer than {n} units have no approximate bound", n=sums.FIRST)
        return Reach(units, None, None, exact=False, problem=why)
    path: list[tuple[int, float | None, float | None]] = []
    if with_path:
        ends = np.cumsum([len(step) for step in done])
        for n in np.unique(np.rint(np.geomspace(1, len(ends), min(MOMENTS, len(ends)))).astype(int)):
            here = at_units(int(ends[n - 1]))
            if here is not None:
                path.append((int(ends[n - 1]), *here))
    return Reach(units, *last, exact=False, path=tuple(path))
