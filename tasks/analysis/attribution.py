"""Attribution of a gap between two conventions to the steps in which they differ, by exact Shapley values.

The conventions differ in d steps (`tasks.analysis.points`). A step's part of the gap is its effect, averaged over all d!
orders in which the steps can be changed one by one (Shapley 1953): the parts sum to the gap, whatever the interactions, and
a step that changes no value has no part. Two steps interact where the effect of both is not the sum of their effects (the
pairwise interaction index of Grabisch and Roubens 1999). Values are exact fractions; a float, which some metrics fold to,
stands for the exact number it is, so the parts sum to the gap exactly in every case.

The spread of a whole multiverse is attributed in the same way, with the variance of the values as the gap (Owen 2014).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from math import comb, factorial

import numpy as np
from numpy.typing import NDArray

from tasks.analysis.multiverse import Choice, Outcome, Pipeline, Specification, Universe, compose, universe
from tasks.analysis.points import Change, Point, changes, mixture
from tasks.errors import ScoringError
from tasks.row import Row
from tasks.statistics.bootstrap import percentile_interval
from tasks.statistics.clusters import clusters, dominated
from tasks.statistics.compact import compact
from tasks.statistics.defaults import SEED
from tasks.statistics.paired import Part, replicates_together

# An interaction is large from this share of the sum of all parts without their signs.
LARGE = Fraction(1, 10)


def shapley(values: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The exact Shapley values of a game.

    Args:
        values: (2**d,): the value of every set of steps; step i belongs to the set with the number n if bit i of n is set.

    Returns:
        (d,): the part of every step; they sum to `values[-1] - values[0]`.
    """
    return tuple(
        sum((weight * values[number] for number, weight in enumerate(line)), Fraction(0))
        for line in _weights(_steps(values))
    )


def interactions(values: Sequence[Fraction]) -> dict[tuple[int, int], Fraction]:
    """The pairwise interaction index of every two steps of a game, see `shapley`."""
    steps = _steps(values)
    found = {}
    for i, j in combinations(range(steps), 2):
        total = Fraction(0)
        for number in range(len(values)):
            if number >> i & 1 or number >> j & 1:
                continue
            both = number | 1 << i | 1 << j
            change = values[both] - values[number | 1 << i] - values[number | 1 << j] + values[number]
            total += change / (comb(steps - 2, number.bit_count()) * (steps - 1))
        found[i, j] = total
    return found


def _steps(values: Sequence[Fraction]) -> int:
    steps = (len(values) - 1).bit_length()
    if len(values) != 1 << steps:
        raise ValueError(f"{len(values)} values are those of no game")
    return steps


def _weights(steps: int) -> list[list[Fraction]]:
    """(d, 2**d): the weight of every set's value in every step's part."""
    found = []
    for step in range(steps):
        line = []
        for number in range(1 << steps):
            others = number.bit_count() - (number >> step & 1)
            weight = Fraction(factorial(others) * factorial(steps - others - 1), factorial(steps))
            line.append(weight if number >> step & 1 else -weight)
        found.append(line)
    return found


@dataclass(frozen=True, slots=True)
class StepPart:
    """A step's part of a gap, with its 95 % interval over imagined sets of the same kind and size; None if there is none."""

    change: Change
    part: Fraction
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """A gap and the parts of it that the steps make.

    Attributes:
        first: Where the gap begins. second: Where it ends.
        start: The value at the first. end: The value at the second; both in the metric's scale.
        steps: The parts, in the order of the axes; they sum to `end - start` exactly.
        pairs: The interaction of every two steps, by their numbers.
        interval: The gap's 95 % interval.
        scored: Rows scored at both ends.
        rows: The total number of rows.
        unreadable: (row id, reason) of rows that one of the conventions cannot read; none of them counts these.
    """

    first: Point
    second: Point
    start: Fraction
    end: Fraction
    steps: tuple[StepPart, ...]
    pairs: Mapping[tuple[int, int], Fraction]
    interval: tuple[float, float] | None
    scored: tuple[int, int]
    rows: int
    unreadable: tuple[tuple[str, str], ...] = ()

    @property
    def gap(self) -> Fraction:
        """The second value minus the first."""
        return self.end - self.start

    @property
    def large_pairs(self) -> list[tuple[Change, Change, Fraction]]:
        """The large interactions, largest first."""
        size = sum((abs(step.part) for step in self.steps), Fraction(0))
        large = [(abs(amount), pair) for pair, amount in self.pairs.items() if amount and abs(amount) >= LARGE * size]
        ordered = sorted(large, key=lambda item: (-item[0], item[1]))
        return [(self.steps[i].change, self.steps[j].change, self.pairs[i, j]) for _, (i, j) in ordered]


def corners(first: Point, second: Point) -> list[Pipeline]:
    """The conventions between two points: every set of their steps changed, in the order of `shapley`.

    Raises:
        ScoringError: One of them cannot be computed here.
    """
    steps = changes(first, second)
    found = []
    for number in range(1 << len(steps)):
        convention = mixture(first, second, [step for index, step in enumerate(steps) if number >> index & 1])
        missing = convention.unavailable()
        if missing is not None:
            raise ScoringError(f"{convention.id} cannot be computed here: {missing}")
        found.append(Pipeline((("convention", convention.id),), convention))
    return found


def attribute(
    rows: Sequence[Row], first: Point, second: Point, *, replicates: int = 0, seed: int = SEED
) -> Attribution:
    """Attribute the gap between two conventions on one set of rows.

    Args:
        rows: The rows.
        first: Where the gap begins.
        second: Where it ends; a point of the same specification.
        replicates: Bootstrap replicates of the intervals; 0 for none.
        seed: Of the bootstrap.

    Raises:
        ScoringError: A row cannot be scored, or a convention between the two has no value on these rows.
        UnavailableError: A convention between the two cannot be computed here.
    """
    between = corners(first, second)
    return attributed(universe(rows, between), first, second, between, replicates=replicates, seed=seed)


def attributed(
    counted: Universe,
    first: Point,
    second: Point,
    between: Sequence[Pipeline],
    *,
    replicates: int = 0,
    seed: int = SEED,
) -> Attribution:
    """As `attribute`, with the conventions between the two counted before, perhaps among others."""
    tables = [counted.counts(pipeline) for pipeline in between]
    values: list[Fraction] = []
    for pipeline, counts in zip(between, tables, strict=True):
        value = pipeline.convention.metric.fold(counts)
        if value is None:
            raise ScoringError(f"{pipeline.id} counts none of these rows, so the gap cannot be split")
        values.append(Fraction(value))
    steps = changes(first, second)
    intervals: list[tuple[float, float] | None] = [None] * (len(steps) + 1)
    if replicates:
        intervals = _intervals(counted, between, tables, len(steps), replicates, seed)
    parts = zip(steps, shapley(values), intervals, strict=False)
    return Attribution(
        first,
        second,
        values[0],
        values[-1],
        tuple(StepPart(change, part, interval) for change, part, interval in parts),
        interactions(values),
        intervals[-1],
        (len(tables[0]), len(tables[-1])),
        counted.rows,
        counted.unreadable,
    )


def _intervals(
    counted: Universe,
    between: Sequence[Pipeline],
    tables: Sequence[NDArray[np.int64]],
    steps: int,
    replicates: int,
    seed: int,
) -> list[tuple[float, float] | None]:
    """The intervals of every step's part, and that of the gap; None if one cluster holds more than half of the rows."""
    units = clusters(counted.live)
    if dominated(units) or len(counted.live) < 2:
        return [None] * (steps + 1)
    parts = [
        Part(
            pipeline.convention.metric,
            compact(counts),
            np.flatnonzero(counted.masks[pipeline.convention.select]).tolist(),
        )
        for pipeline, counts in zip(between, tables, strict=True)
    ]
    drawn = np.stack(replicates_together(parts, units, replicates, seed))
    found = [drawn[-1] - drawn[0]]
    for line in reversed(_weights(steps)):
        # One after the other: the order of a matrix product's sums depends on the machine.
        part = np.zeros(replicates)
        for weight, values in zip(line, drawn, strict=True):
            part += float(weight) * values
        found.insert(0, part)
    # Weights are no binary fractions, so a step without any effect has parts of 10**-15: these are nothing.
    return [percentile_interval(np.round(one, 12) + 0.0) for one in found]


@dataclass(frozen=True, slots=True)
class Decomposition:
    """How much of a multiverse's spread each axis makes.

    Attributes:
        shares: Axis -> its Shapley share of the variance; they sum to 1.
        alone: Axis -> the share of its options' means alone, without interactions.
        variance: Of the values.
        pipelines: The number of combinations.
        left_out: (axis, option) without a value on these rows, which were left out.
    """

    shares: Mapping[str, float]
    alone: Mapping[str, float]
    variance: float
    pipelines: int
    left_out: tuple[Choice, ...] = ()


def decompose(spec: Specification, outcomes: Sequence[Outcome]) -> Decomposition | None:
    """Attribute the variance of a multiverse's values to its axes, every combination with the same weight.

    Options are left out until every combination has a value, those first of which most combinations have none.

    Args:
        spec: The axes.
        outcomes: Of all its pipelines.

    Returns:
        None if fewer than two combinations are left, or all values are equal.
    """
    known = {o.pipeline.convention.signature: o.value for o in outcomes}
    values: dict[tuple[str, ...], float] = {}
    for options in product(*(axis.options for axis in spec.axes)):
        names = tuple(option.name for option in options)
        if spec.allowed(frozenset(names)):
            value = known.get(compose(options, "").signature)
            if value is not None:
                values[names] = float(value)
    left = [[option.name for option in axis.options] for axis in spec.axes]
    left_out: list[Choice] = []
    while all(left) and (missing := [combination for combination in product(*left) if combination not in values]):
        share = {
            (index, name): sum(combination[index] == name for combination in missing) * len(options)
            for index, options in enumerate(left)
            for name in options
            if len(options) > 1
        }
        if not share:
            return None
        index, name = max(share, key=lambda key: (share[key], -key[0]))
        left[index].remove(name)
        left_out.append((spec.axes[index].name, name))
    grid = np.array([values[combination] for combination in product(*left)]).reshape([len(n) for n in left])
    variance = float(grid.var())
    if grid.size < 2 or not variance:
        return None
    everything = range(grid.ndim)
    explained = []
    for number in range(1 << grid.ndim):
        rest = tuple(axis for axis in everything if not number >> axis & 1)
        explained.append(float(grid.mean(axis=rest).var()) / variance)
    weights = np.array([[float(weight) for weight in line] for line in _weights(grid.ndim)])
    shares = weights @ np.array(explained)
    return Decomposition(
        {axis.name: float(shares[index]) for index, axis in enumerate(spec.axes)},
        {axis.name: explained[1 << index] for index, axis in enumerate(spec.axes)},
        variance,
        grid.size,
        tuple(left_out),
    )
