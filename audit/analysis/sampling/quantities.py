"""From counts to what the confidence sequences take: which sequence fits a convention, its bounds, and the drawn units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audit.analysis.sampling.plan import Kind, PlannedConvention
from audit.errors import InputError
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import PredictionSet
from audit.scoring.rows_in_memory import IN_MEMORY
from audit.scoring.score import Score, score
from tasks.analysis.row_shares import ratio_parts
from tasks.convention import Convention
from tasks.judging.conventions import find
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.metrics.metric import MeanMetric, RatioMetric
from tasks.metrics.rouge import RougeL
from tasks.phrase import phrase
from tasks.row import Row
from tasks.statistics.compact import wide
from tasks.statistics.confidence_sequences.ratios import Drawn, Population
from tasks.task import Task

Counts = NDArray[np.int64]
# Metrics whose value is the share of points; a row has at most its possible points.
_SHARES = frozenset({"accuracy", "following-rate"})


@dataclass(frozen=True, slots=True)
class Known:
    """What a set's references say about a convention before any output.

    Attributes:
        kind: The sequence that fits.
        largest: Reference tokens of the largest unit. total: Of the set; None if unknown.
        tokens: Of every unit, in order; None if every unit counts as one.
    """

    kind: Kind
    largest: int
    total: int | None
    tokens: tuple[int, ...] | None = None


def kind_of(convention: Convention) -> Kind | None:
    """Which sequence fits a convention; None if none does, because a row's counts depend on the other rows."""
    metric = convention.metric
    if metric.whole_set or any(rule.group is not None for rule in convention.select):
        return None
    if isinstance(metric, ErrorRate):
        return "errors"
    if isinstance(metric, MeanErrorRate):
        return "row-errors"
    if isinstance(metric, RougeL):
        return "mean"
    if isinstance(metric, RatioMetric) and metric.id in _SHARES:
        return "share"
    return "sums"


def known(task: Task, metric: str, convention: Convention, rows: Sequence[Row]) -> Known | None:
    """What the references say about a convention; None if no sequence fits it.

    Reference tokens are counted by scoring empty outputs: the denominators of these metrics do not depend on outputs, which
    is checked again when outputs are there.

    Args:
        task: The task.
        metric: The metric's id in the task.
        convention: The convention, which need not be computable here.
        rows: All units of the set, with their references.

    Raises:
        InputError: The references cannot be scored.
    """
    kind = kind_of(convention)
    if kind is None or kind == "sums":
        return None if kind is None else Known(kind, 1, None)
    if kind in {"mean", "row-errors"}:
        return Known(kind, 1, len(rows))
    if convention.unavailable() is not None:
        return _judged(task, metric, convention, len(rows)) if kind == "share" else None
    twin = undropped(task, metric, convention)
    empty = tuple(replace(row, hypothesis="", finished=True) for row in rows)
    try:
        (item,) = score(_in_memory(task, empty), twin, replicates=0)
    except InputError:
        if kind == "share":  # an empty output that the rule cannot read; a share has one point a row
            return Known(kind, 1, len(rows))
        raise
    if item.counts is None or (item.account is not None and item.account.error):
        return Known(kind, 1, len(rows)) if kind == "share" else None
    _, w = parts(convention, wide(item.counts))
    if not w.sum():
        return None  # the denominator depends on the outputs
    if kind == "share" and w.min() < w.max():
        return Known("sums", 1, None)
    return Known(kind, int(w.max()), int(w.sum()), tuple(map(int, w)))


def _judged(task: Task, metric: str, convention: Convention, rows: int) -> Known | None:
    """A judged share: a row has points up to the highest grade. None where only the best row of a group counts."""
    judged = find(task.family, convention.id, metric)
    if judged is None or judged.group is not None:
        return None
    points = judged.scale.highest * judged.scale.unit
    return Known("share", points, points * rows)


def undropped(task: Task, metric: str, convention: Convention) -> Task:
    """The task with this convention alone, without its selections."""
    return replace(task, declaration=None, conventions={metric: (replace(convention, select=()),)})


def _in_memory(task: Task, rows: tuple[Row, ...]) -> PredictionSet:
    return PredictionSet(task.id, rows, PredictionMeta(task.id, "none", "none"), IN_MEMORY, "", "")


def parts(convention: Convention, counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The numerator and the denominator of every row: (rows,) each.

    Raises:
        TypeError: The metric is neither a ratio nor a mean.
    """
    metric = convention.metric
    if isinstance(metric, RatioMetric):
        top, bottom = ratio_parts(metric, counts)
        return top.astype(np.float64), bottom.astype(np.float64)
    if isinstance(metric, MeanMetric):
        above, below = metric.row_value(counts)
        return above / below, np.ones(len(counts))
    raise TypeError(f"{metric.id} is neither a ratio nor a mean")


def population(planned: PlannedConvention, units: int, *, dropping: bool = False) -> Population:
    """The set as the sequences take it.

    The total of reference tokens is used only where it follows from the number of units: nobody can check the total of a plan
    on the units that were not drawn.

    Args:
        planned: The convention.
        units: Size of the set.
        dropping: Outputs decide which rows count, so the total over the set is not known.
    """
    fixed = planned.kind != "errors" and planned.total == units * planned.largest
    total = planned.total if fixed and not dropping else None
    if planned.kind in {"share", "mean"}:
        return Population(units, planned.largest, total=total)
    return Population(units, planned.largest, planned.cap, capped=planned.cap is not None, total=total)


@dataclass(frozen=True, slots=True)
class Sample:
    """The drawn units of one convention.

    Attributes:
        drawn: For the sequences.
        broken: Why the plan's bounds do not hold for an output; None if they do.
    """

    drawn: Drawn
    broken: str | None = None


def sample(item: Score, rows: Mapping[str, Row], steps: Iterable[Sequence[str]], planned: PlannedConvention) -> Sample:
    """The units of completed steps, in order.

    Units that the convention drops count nothing. Units without an output, or that cannot be read, count at their best for
    one limit and at their worst for the other.

    Args:
        item: Their score, with counts.
        rows: The rows by id.
        steps: The completed steps, each with its ids.
        planned: The convention in the plan.
    """
    assert item.counts is not None
    a, w = parts(item.convention, wide(item.counts))
    at = {name: index for index, name in enumerate(item.ids)}
    unread = {name for name, _ in item.unreadable}
    largest, most = float(planned.largest), float(max(planned.cap or 0, planned.largest))
    worst = (largest, largest) if planned.kind in {"share", "mean"} else (most, 0.0)
    sums: list[NDArray[np.float64]] = []
    sizes: list[int] = []
    lost = False
    for step in steps:
        total = np.zeros(4)
        for name in step:
            index = at.get(name)
            if index is not None:
                total += (a[index], w[index], a[index], w[index])
            elif rows[name].hypothesis is None or name in unread:
                lost = True
                total += (0.0, largest, *worst)
        sums.append(total)
        sizes.append(len(step))
    columns = np.array(sums, dtype=np.float64).reshape(-1, 4).T
    high = (columns[2], columns[3]) if lost else (None, None)
    drawn = Drawn(columns[0], columns[1], np.array(sizes, dtype=np.int64), *high)
    return Sample(drawn, _broken(item, a, w, planned))


def _broken(item: Score, a: NDArray[np.float64], w: NDArray[np.float64], planned: PlannedConvention) -> str | None:
    """Whether a row contradicts the bounds that the plan states."""
    if len(w) and float(w.max()) > planned.largest:
        row = item.ids[int(w.argmax())]
        return phrase(
            "row {row} has {n} reference tokens, more than the plan's {most}",
            row=row,
            n=int(w.max()),
            most=planned.largest,
        )
    if planned.kind == "share" and len(w) and float(w.min()) < planned.largest:
        row = item.ids[int(w.argmin())]
        return phrase(
            "row {row} has {n} possible points, not the plan's {wanted}",
            row=row,
            n=int(w.min()),
            wanted=planned.largest,
        )
    bound = np.maximum(w, 0 if planned.cap is None else planned.cap)
    if planned.kind in {"share", "mean"} or planned.cap is not None:
        over = np.flatnonzero(a > bound + 1e-12)
        if len(over):
            return phrase(
                "row {row} counts {n}, more than the plan's bound {bound}",
                row=item.ids[over[0]],
                n=format(a[over[0]], "g"),
                bound=format(bound[over[0]], "g"),
            )
    return None
