"""Attribution of a gap to steps of counting: between two conventions, or from a convention to a printed value.

A gap is attributed on one set of outputs, which both of its ends count. The gap between two runs is none of counting:
`repro-audit compare` splits it. A printed value that no pipeline prints on these outputs is therefore attributed to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

from audit._util.adding_up import rounded
from audit._util.terminal import in_a_line
from audit.analysis.gap_lines import PLACES, spread_lines, steps_of, table, wrapped
from audit.analysis.multiverse import check_value, count_all, counted, in_unit, unit_factor
from audit.errors import InputError, MissingError
from audit.schema import LIKELY, AttributedGap, AttributedStep, Interaction, Interval
from audit.scoring.predictions import PredictionSet
from audit.scoring.table import unreadable_lines
from tasks.analysis.attribution import Attribution, Decomposition, attributed, corners, decompose
from tasks.analysis.explain import explain
from tasks.analysis.multiverse import Outcome, Specification, Universe, universe
from tasks.analysis.points import Point, combination, point_of, with_own
from tasks.analysis.readings import MOST, Reading, readings
from tasks.analysis.specifications import specification
from tasks.errors import ScoringError, UnavailableError
from tasks.statistics.bootstrap import stored
from tasks.statistics.odds import Odds
from tasks.statistics.printed import Unit
from tasks.task import Task

SCHEMA = "repro-audit/attribution/1"


@dataclass(frozen=True, slots=True, repr=False)
class Attributed:
    """A gap and its parts on some predictions.

    Attributes:
        predictions: The rows.
        metric: The metric.
        first: The convention where the gap begins.
        printed: The printed value where it ends; None for a gap between two conventions.
        gaps: The gap with its parts. To a printed value: one for every smallest set of steps that leads to it, fewest steps
            first, at most ten; empty if no pipeline prints it.
        readings: The number of these sets.
        tried: Pipelines with a value. nearest: To a printed value that none prints, the nearest one.
        odds: To a printed value: the chance that some pipeline prints a value anywhere in the spread.
        spread: How much of the multiverse's spread each axis makes, if wanted.
        unreadable: (row id, reason) of the rows that are counted nowhere.
    """

    predictions: PredictionSet
    metric: str
    first: str
    printed: str | None
    gaps: tuple[AttributedGap, ...]
    readings: int = 1
    tried: int = 0
    nearest: tuple[str, str] | None = None
    odds: Odds | None = None
    spread: Decomposition | None = None
    unreadable: tuple[tuple[str, str], ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the gap is attributed to nothing, because no pipeline prints the value on these outputs."""
        return not self.gaps

    def lines(self) -> list[str]:
        """For a terminal of 80 columns."""
        rows = self.predictions
        target = self.gaps[0].second if self.printed is None else f"the printed {self.printed}"
        found = [
            f"{rows.task}, {self.metric}; {len(rows.rows)} rows of {in_a_line(rows.meta.model)}",
            f"from {self.first} to {target}",
        ]
        found += unreadable_lines(self.unreadable)
        if self.refused:
            found += self._refusal()
        else:
            found += table(self.gaps[0])
        if self.readings > 1:
            found += [
                "",
                f"{self.readings} sets of steps lead to {self.printed}; these outputs cannot tell them apart:",
            ]
            found += [f"  {steps_of(gap)}" for gap in self.gaps]
            found += ["  ..."] if self.readings > len(self.gaps) else []
        if self.odds is not None and self.odds.chance is not None and self.gaps:
            chance = self.odds.as_json()["chance"]
            doubt = "; the steps may be an accident" if self.odds.chance > LIKELY else ""
            found.append(
                f"Chance that some of {self.tried} pipelines prints a random value of the spread: {chance}{doubt}"
            )
        found += spread_lines(self.spread) if self.spread else []
        return [part for line in found for part in wrapped(line)]

    def _refusal(self) -> list[str]:
        assert self.nearest is not None
        value, name = self.nearest
        return [
            f"None of {self.tried} pipelines prints {self.printed} on these outputs; the nearest gives {value}:",
            f"  {name}",
            "So the gap is attributed to no step: the value was printed for other outputs,",
            "or by a step that the multiverse lacks. `repro-audit compare` splits the gap",
            "between two runs.",
        ]

    def as_json(self) -> dict[str, Any]:
        """Everything as plain JSON without floats; parts are exact fractions."""
        rows, spread = self.predictions, self.spread
        return {
            "schema": SCHEMA,
            "task": rows.task,
            "metric": self.metric,
            "predictions_sha256": rows.sha256,
            "model": rows.meta.model,
            "variant": rows.variant,
            "first": self.first,
            "printed": self.printed,
            "gaps": [asdict(gap) for gap in self.gaps],
            "readings": self.readings,
            "tried": self.tried,
            "nearest": self.nearest and {"value": self.nearest[0], "pipeline": self.nearest[1]},
            "odds": self.odds and self.odds.as_json(),
            "spread": spread
            and {
                "pipelines": spread.pipelines,
                "variance": str(stored(spread.variance)),
                "shares": {axis: str(stored(share)) for axis, share in spread.shares.items()},
                "alone": {axis: str(stored(share)) for axis, share in spread.alone.items()},
                "left_out": [list(choice) for choice in spread.left_out],
            },
        }

    def __repr__(self) -> str:
        return "\n".join(self.lines())


def find_point(task: Task, metric: str, spec: Specification, name: str, where: str) -> Point:
    """The point of a convention's id, or of options joined by slashes.

    Raises:
        InputError: There is neither.
    """
    known = {c.id: c for c in task.conventions[metric]}
    point = combination(spec, name.split("/"))
    if name in known:
        missing = known[name].unavailable()
        if missing is not None:
            raise InputError(f"{name} cannot be computed here: {missing}", where=where, fix="Name another convention.")
        return point_of(spec, known[name])
    if point is None:
        axes = "/".join(axis.name.upper() for axis in spec.axes)
        raise InputError(
            f"{task.id} has no convention {name!r} for {metric}",
            where=where,
            fix=f"Conventions: {', '.join(known)}. Or options of the axes: {axes}.",
        )
    return point


@contextmanager
def _errors(rows: PredictionSet) -> Iterator[None]:
    try:
        yield
    except ScoringError as error:
        raise InputError(error.what, where=str(rows.path), fix="Name conventions that count these rows.") from error
    except UnavailableError as error:
        raise MissingError(str(error), where=rows.task) from error


def between(
    task: Task,
    metric: str,
    rows: PredictionSet,
    ends: tuple[str, str],
    *,
    unit: Unit | None = None,
    replicates: int = 0,
    spread: bool = False,
) -> Attributed:
    """Attribute the gap between two conventions, by their ids or their options.

    Args:
        task: The task.
        metric: One of its metrics.
        rows: The predictions.
        ends: Where the gap begins, and where it ends.
        unit: Of the values; None for the metric's own scale.
        replicates: Bootstrap replicates of the intervals; 0 for none.
        spread: Whether to compute how much of the whole multiverse's spread each axis makes.

    Raises:
        InputError: There is no such convention, a row cannot be scored, or a convention between the two has no value.
        MissingError: A convention between the two cannot be computed here.
    """
    spec = specification(task, metric)
    first, second = (
        find_point(task, metric, spec, name, where) for name, where in zip(ends, ("--from", "--to"), strict=True)
    )
    with _errors(rows):
        pipelines = corners(first, second)
        found = attributed(counted(task, rows, pipelines), first, second, pipelines, replicates=replicates)
    gap = gap_value(task.id, metric, found, unit_factor(pipelines[0].convention.metric, unit))
    whole = decompose(spec, count_all(task, metric, rows)[1].outcomes()) if spread else None
    return Attributed(rows, metric, first.name, None, (gap,), spread=whole, unreadable=found.unreadable)


def to_printed(
    task: Task,
    metric: str,
    rows: PredictionSet,
    start: str,
    printed: str,
    *,
    unit: Unit | None = None,
    replicates: int = 0,
    spread: bool = False,
) -> Attributed:
    """Attribute the gap between a convention's value and a printed one to the fewest steps that lead there.

    Args:
        task: The task.
        metric: One of its metrics.
        rows: The predictions.
        start: The convention's id, or its options.
        printed: The value as printed.
        unit: As `between`.
        replicates: As `between`.
        spread: As `between`.

    Raises:
        InputError: As `between`, or the value is not a plain decimal number, or no pipeline has a value.
        MissingError: As `between`.
    """
    check_value(printed)
    plain = specification(task, metric)
    first = find_point(task, metric, plain, start, "--from")
    # Its own steps may stay while others change.
    spec, everything = count_all(task, metric, rows, with_own(plain, first))
    values = everything.outcomes()
    found = from_counts(rows, metric, (spec, everything, values), first, printed, unit=unit, replicates=replicates)
    return replace(found, spread=decompose(plain, values)) if spread else found


def from_counts(
    rows: PredictionSet,
    metric: str,
    whole: tuple[Specification, Universe, Sequence[Outcome]],
    first: Point,
    printed: str,
    *,
    unit: Unit | None = None,
    replicates: int = 0,
) -> Attributed:
    """As `to_printed`, with all pipelines counted before: `whole` is the axes, the counts and the values.

    Raises:
        InputError: No pipeline has a value, or a convention between the two ends has none.
    """
    factor = unit_factor(first.convention.metric, unit)
    spec, everything, values = whole
    outcomes = in_unit(values, factor)
    with _errors(rows):
        answer = explain(outcomes, printed, nearest=1)
        found = readings(spec, first, outcomes, printed)
        gaps = tuple(
            printed_gap(rows.task, metric, everything, first, reading, printed, factor, 0 if index else replicates)
            for index, reading in enumerate(found[:MOST])
        )
    near = answer.nearest[0] if answer.nearest else None
    return Attributed(
        rows,
        metric,
        first.name,
        printed,
        gaps,
        len(found),
        answer.tried,
        (str(rounded(Fraction(near.value), PLACES)), near.pipeline.id) if near and near.value is not None else None,
        answer.odds,
        unreadable=everything.unreadable,
    )


def printed_gap(
    task: str,
    metric: str,
    everything: Universe,
    first: Point,
    reading: Reading,
    printed: str,
    factor: Fraction,
    replicates: int,
) -> AttributedGap:
    """The gap from a convention to a pipeline that prints a value, with what rounding hides as the residual."""
    pipelines = corners(first, reading.point)
    if all(everything.holds(pipeline) for pipeline in pipelines):
        found = attributed(everything, first, reading.point, pipelines, replicates=replicates)
    else:
        found = attributed(universe(everything.live, pipelines), first, reading.point, pipelines, replicates=replicates)
        found = replace(found, rows=everything.rows)
    gap = gap_value(task, metric, found, factor)
    return replace(gap, printed=printed, residual=str(Fraction(printed) - Fraction(gap.end)))


def gap_value(task: str, metric: str, found: Attribution, factor: Fraction) -> AttributedGap:
    """An attribution as a value of the document, its numbers multiplied by a factor."""
    places = {step.change: number for number, step in enumerate(found.steps)}
    return AttributedGap(
        task,
        metric,
        found.first.name,
        found.second.name,
        str(found.start * factor),
        str(found.end * factor),
        tuple(
            AttributedStep(
                s.change.axes, s.change.before, s.change.after, str(s.part * factor), _interval(s.interval, factor)
            )
            for s in found.steps
        ),
        tuple(Interaction(places[a], places[b], str(amount * factor)) for a, b, amount in found.large_pairs),
        found.scored,
        found.rows,
        _interval(found.interval, factor),
    )


def _interval(bounds: tuple[float, float] | None, factor: Fraction) -> Interval | None:
    if bounds is None:
        return None
    low, high = (stored(bound * float(factor)) for bound in bounds)
    return Interval(f"{low + 0:f}", f"{high + 0:f}", "95", "bootstrap")
