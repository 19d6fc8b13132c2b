"""The effect of changed outputs on a task's metrics, with an interval: different bits alone are not a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from audit.scoring.counting import Counted, count
from tasks.convention import Convention
from tasks.row import Row
from tasks.statistics.bootstrap import decimal, percentile_interval, weights
from tasks.statistics.clusters import cluster_keys
from tasks.statistics.compact import wide
from tasks.statistics.defaults import REPLICATES
from tasks.task import Task

PLACES = 6


@dataclass(frozen=True, slots=True)
class Effect:
    """A metric of two runs on the same items.

    Attributes:
        difference: Value of the variant minus value of the base, in the metric's scale.
        interval: Its paired 95 % bootstrap interval, over rows or clusters.
    """

    metric: str
    convention: str
    base: str | None
    variant: str | None
    difference: str | None
    interval: tuple[str, str] | None
    replicates: int


def chosen(task: Task) -> list[tuple[str, Convention]]:
    """The first convention that can be computed here, for every metric of the task."""
    found = []
    for metric, conventions in task.conventions.items():
        able = next((c for c in conventions if c.unavailable() is None), None)
        if able is not None:
            found.append((metric, able))
    return found


def effects(
    task: Task | None, base: Sequence[Row], variant: Sequence[Row], replicates: int = REPLICATES
) -> tuple[Effect, ...]:
    """The difference of every metric between two runs on the same ids; nothing without a task.

    Raises:
        ValueError: The runs have different ids.
    """
    if task is None:
        return ()
    if [row.id for row in base] != [row.id for row in variant]:
        raise ValueError("the two runs have different items")
    pairs = chosen(task)
    one, two = count(base, pairs), count(variant, pairs)
    chunks = list(weights(cluster_keys(base), replicates))
    result = []
    for metric, convention in pairs:
        left, right = one[metric, convention.id], two[metric, convention.id]
        if left.counts is None or right.counts is None:
            continue
        values = [_value(convention, side) for side in (left, right)]
        gap = None if values[0] is None or values[1] is None else values[1] - values[0]
        spread = None
        if gap is not None:
            drawn = [np.concatenate([convention.metric.replicate(wide(side.counts), chunk[:, side.kept]) for chunk in chunks])
                     for side in (left, right) if side.counts is not None]  # fmt: skip
            spread = percentile_interval(drawn[1] - drawn[0])
        shown = [None if v is None else _text(v) for v in (*values, gap)]
        interval = None if spread is None else (_text(spread[0]), _text(spread[1]))
        result.append(Effect(metric, convention.id, shown[0], shown[1], shown[2], interval, replicates))
    return tuple(result)


def _value(convention: Convention, side: Counted) -> Fraction | float | None:
    return None if side.counts is None else convention.metric.fold(wide(side.counts))


def _text(value: Fraction | float) -> str:
    return str(decimal(value, PLACES))
