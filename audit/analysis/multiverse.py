"""A task's multiverse on a predictions file: loading, computing, and output formats."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from audit._util.csv_cells import csv_text
from audit._util.progress import progress
from audit._util.terminal import in_a_line
from audit.analysis.specification_curve import draw
from audit.errors import InputError, MissingError
from audit.literature.known_tasks import claimed_metrics, find_task
from audit.scoring.predictions import PredictionSet
from audit.scoring.table import unreadable_lines
from tasks.analysis.explain import Explanation, explain, outcome_json
from tasks.analysis.multiverse import Outcome, Pipeline, Specification, Universe, universe
from tasks.analysis.specifications import specification
from tasks.errors import ScoringError, UnavailableError
from tasks.metrics.metric import Metric
from tasks.statistics.printed import Unit, parse
from tasks.task import Task

SCHEMA = "repro-audit/multiverse/1"
EXPLANATION_SCHEMA = "repro-audit/explanation/1"


@dataclass(frozen=True, slots=True, repr=False)
class Exploration:
    """Every pipeline's value on one set of predictions.

    Attributes:
        specification: The axes.
        predictions: The rows.
        outcomes: One per pipeline.
        unreadable: (row id, reason) of the rows that some pipeline cannot read; no pipeline counts them.
    """

    specification: Specification
    predictions: PredictionSet
    outcomes: tuple[Outcome, ...]
    unreadable: tuple[tuple[str, str], ...] = ()

    @property
    def known(self) -> list[Outcome]:
        """Outcomes with a value, sorted by value."""
        found = [o for o in self.outcomes if o.value is not None]
        return sorted(found, key=lambda o: (float(o.value or 0), o.pipeline.id))

    def curve(self, reported: str | None = None) -> Figure:
        """The specification curve, with a reported value as a band."""
        return Figure(draw(self.specification, self.known, reported))

    def lines(self) -> list[str]:
        """Lowest, median and highest value, and the median by option, for a terminal.

        Raises:
            InputError: No pipeline has a value.
        """
        known, rows = self.known, self.predictions
        metric = self.specification.metric
        found = [f"{rows.task}, {metric}: {computed(self)}; {len(rows.rows)} rows of {in_a_line(rows.meta.model)}"]
        if not known:
            where = str(rows.path)
            raise InputError("no pipeline has a value on these rows", where=where, fix=_why(self.unreadable))
        for word, outcome in (("lowest", known[0]), ("median", known[len(known) // 2]), ("highest", known[-1])):
            found.append(f"  {word:<8} {float(outcome.value or 0):>10.4f}  {outcome.pipeline.id}")
        found += unreadable_lines(self.unreadable)
        found.append("Median by option, over all other choices:")
        for axis, options in by_option(self).items():
            found.append(f"  {axis}")
            for name, (number, median) in options.items():
                found.append(f"    {name:<24} {median:>10.4f}  ({number})")
        return found

    def __repr__(self) -> str:
        return "\n".join(self.lines())


@dataclass(frozen=True, slots=True, repr=False)
class Figure:
    """An SVG figure, which notebooks display.

    Attributes:
        svg: A stand-alone SVG document.
    """

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<figure of {len(self.svg)} characters of SVG>"


@dataclass(frozen=True, slots=True, repr=False)
class Explained:
    """Which pipelines print a value on some rows.

    Attributes:
        exploration: All pipelines.
        answer: Matches, nearest misses, odds.
        elsewhere: How many pipelines print the value in the other unit, if none does in this one.
    """

    exploration: Exploration
    answer: Explanation
    elsewhere: str = ""

    def lines(self, most: int | None = 20) -> list[str]:
        """The answer for a terminal, with at most this many matches; None for all."""
        answer, found = self.answer, self.exploration
        lines = [f"{found.predictions.task}, {found.specification.metric}: {computed(found)}"]
        lines += unreadable_lines(found.unreadable)
        lines.append(f"{len(answer.matches)} of the {answer.tried} print {answer.printed}")
        lines += [self.elsewhere] if self.elsewhere else []
        shown = answer.matches if most is None else answer.matches[:most]
        lines += [_line(outcome) for outcome in shown]
        if len(shown) < len(answer.matches):
            lines.append(f"  and {len(answer.matches) - len(shown)} more (--all)")
        lines += [f"All of them have {axis} = {option}." for axis, option in answer.shared]
        lines += ["Nearest misses:", *(_line(outcome) for outcome in answer.nearest)]
        odds = answer.odds.as_json()
        if odds["chance"] is not None:
            spread = f"{odds['low']} to {odds['high']}"
            lines.append(f"Chance that some pipeline prints a random value from {spread}: {odds['chance']}")
        if odds["crowded"] is not None:
            lines.append(
                f"Share of the {odds['distinct']} distinct values that print like another one: {odds['crowded']}"
            )
        return lines

    def as_json(self) -> dict[str, Any]:
        """Everything as plain JSON without floats."""
        rows = self.exploration.predictions
        head = {"schema": EXPLANATION_SCHEMA, "task": rows.task, "metric": self.exploration.specification.metric}
        head |= {"predictions_sha256": rows.sha256, "model": rows.meta.model, "variant": rows.variant}
        return {**head, **self.answer.as_json()}

    def __repr__(self) -> str:
        return "\n".join(self.lines())


def _line(outcome: Outcome) -> str:
    names = ", ".join(outcome.pipeline.known_as)
    kept = "" if outcome.scored == outcome.of else f" {outcome.scored}/{outcome.of}"
    return f"  {float(outcome.value or 0):>12.6f}{kept}  {outcome.pipeline.id}" + (f"  = {names}" if names else "")


def chosen(task: str | Task, metric: str | None) -> tuple[Task, str]:
    """The task, and the requested metric, the only one, or the only one that studies claim.

    Raises:
        InputError: The task or metric is unknown, or several metrics are claimed and none is named.
    """
    found = find_task(task)
    metrics = tuple(found.conventions)
    if metric is not None and metric not in metrics:
        raise InputError(
            f"{found.id} has no metric {metric!r}", where="--metric", fix=f"Metrics: {', '.join(metrics)}."
        )
    if metric is None and len(metrics) > 1:
        metrics = claimed_metrics(found.id) or metrics
    if metric is None and len(metrics) > 1:
        raise InputError(f"{found.id} has several metrics", where="--metric", fix=f"Name one: {', '.join(metrics)}.")
    return found, metric or metrics[0]


def explore(
    task: Task, metric: str, rows: PredictionSet, replicates: int = 0, axes: Specification | None = None
) -> Exploration:
    """Compute every pipeline of a task's metric.

    Args:
        task: The task.
        metric: One of its metrics.
        rows: The predictions.
        replicates: Bootstrap replicates; 0 for no intervals.
        axes: The axes; by default those of the metric.

    Raises:
        InputError: The predictions do not fit, or a row cannot be scored.
        MissingError: No pipeline can be computed here.
    """
    axes, everything = count_all(task, metric, rows, axes)
    outcomes: Sequence[Outcome] = everything.outcomes()
    if replicates:
        outcomes = everything.with_intervals(outcomes, replicates)
    return Exploration(axes, rows, tuple(outcomes), everything.unreadable)


def count_all(
    task: Task, metric: str, rows: PredictionSet, axes: Specification | None = None
) -> tuple[Specification, Universe]:
    """The axes of a task's metric, unless others are given, and the counts of all their pipelines.

    Raises:
        InputError: The predictions do not fit, or a row cannot be scored.
        MissingError: No pipeline can be computed here.
    """
    axes = axes or specification(task, metric)
    pipelines = axes.pipelines(task.conventions[metric])
    if not pipelines:
        reasons = sorted({c.unavailable() or "" for c in task.conventions[metric]})
        raise MissingError(f"no pipeline of {metric} can be computed here: {'; '.join(reasons)}", where=task.id)
    with progress(f"{len(pipelines)} pipelines", len(rows.rows)) as bar:
        return axes, counted(task, rows, pipelines, bar.advance)


def counted(
    task: Task, rows: PredictionSet, pipelines: Sequence[Pipeline], advance: Callable[[int], None] | None = None
) -> Universe:
    """The counts of pipelines on some predictions.

    Raises:
        InputError: A row cannot be scored.
        MissingError: A pipeline cannot be computed here.
    """
    try:
        return universe(rows.rows, pipelines, advance)
    except ScoringError as error:
        where = f"{rows.path}: row {error.row}" if error.row else str(rows.path)
        raise InputError(error.what, where=where, fix="Correct the row.") from error
    except UnavailableError as error:
        raise MissingError(str(error), where=task.id) from error


def explained(found: Exploration, value: str, unit: Unit | None = None) -> Explained:
    """The pipelines that print a value.

    Args:
        found: All pipelines.
        value: As printed.
        unit: The value's unit; None for the metric's own scale.

    Raises:
        InputError: The value is not a plain decimal number, or no pipeline has a value on these rows.
    """
    where = str(found.predictions.path)
    if not found.known:
        raise InputError("no pipeline has a value on these rows", where=where, fix=_why(found.unreadable))
    printed = check_value(value)
    answer = explain(_in_unit(found, unit), printed)
    other: Unit = "percent" if _own_unit(found) == "fraction" and unit in {None, "fraction"} else "fraction"
    elsewhere = () if answer.matches else explain(_in_unit(found, other), printed).matches
    return Explained(found, answer, f"Read as a {other}, {len(elsewhere)} of them print it." if elsewhere else "")


def _why(unreadable: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"row {row}: {why}" for row, why in unreadable[:3]) or "Check the predictions."


def _own_unit(found: Exploration) -> Unit:
    return own_unit(found.known[0].pipeline.convention.metric)


def own_unit(metric: Metric) -> Unit:
    """The unit of a metric's values."""
    return "percent" if metric.scale == 100 else "fraction"


def unit_factor(metric: Metric, unit: Unit | None) -> Fraction:
    """By what a metric's values are multiplied to be in a unit; None for their own."""
    if unit in {None, own_unit(metric)}:
        return Fraction(1)
    return Fraction(100) if unit == "percent" else Fraction(1, 100)


def _in_unit(found: Exploration, unit: Unit | None) -> Sequence[Outcome]:
    return in_unit(found.outcomes, unit_factor(found.known[0].pipeline.convention.metric, unit))


def in_unit(outcomes: Sequence[Outcome], factor: Fraction) -> Sequence[Outcome]:
    """The outcomes with their values multiplied."""
    if factor == 1:
        return outcomes
    return [replace(o, value=None if o.value is None else o.value * factor) for o in outcomes]


def check_value(value: str) -> str:
    """Check that a printed value is a decimal number.

    Raises:
        InputError: It is not a plain decimal number.
    """
    try:
        parse(value, "fraction")
    except ScoringError as error:
        raise InputError(error.what, where="--value", fix="Give it as printed: 33.1.") from error
    return value


def computed(exploration: Exploration) -> str:
    """How many pipelines were computed and how many have a value, for a terminal."""
    everything, known = len(exploration.outcomes), len(exploration.known)
    if everything == known:
        return f"{everything} pipelines computed, all with a value"
    return (
        f"{everything} pipelines computed, {known} with a value: "
        f"the other {everything - known} count none of these rows"
    )


def by_option(exploration: Exploration) -> dict[str, dict[str, tuple[int, float]]]:
    """For each axis and option: the number of pipelines and the median of their values."""
    values: dict[str, dict[str, list[float]]] = {
        axis.name: {option.name: [] for option in axis.options} for axis in exploration.specification.axes
    }
    for outcome in exploration.known:
        for axis, option in outcome.pipeline.choices:
            if option in values.get(axis, {}):
                values[axis][option].append(float(outcome.value or 0))
    return {
        axis: {name: (len(found), statistics.median(found)) for name, found in options.items() if found}
        for axis, options in values.items()
    }


def document(exploration: Exploration) -> dict[str, Any]:
    """Everything as plain JSON without floats."""
    rows = exploration.predictions
    return {
        "schema": SCHEMA,
        "task": exploration.specification.task,
        "metric": exploration.specification.metric,
        "predictions": {
            "sha256": rows.sha256,
            "meta_sha256": rows.meta_sha256,
            "model": rows.meta.model,
            "variant": rows.variant,
            "rows": len(rows.rows),
        },
        "axes": [{"name": a.name, "options": [o.name for o in a.options]} for a in exploration.specification.axes],
        "outcomes": [outcome_json(o) for o in exploration.outcomes],
    }


def table(exploration: Exploration) -> str:
    """One line per pipeline, as CSV, with a column per axis."""
    axes = [axis.name for axis in exploration.specification.axes]
    axes += [] if "convention" in axes else ["convention"]
    rows = []
    for outcome in exploration.outcomes:
        data = outcome_json(outcome)
        interval = data["interval"] or {"low": None, "high": None}
        rows.append([
            *(data["choices"].get(axis) for axis in axes),
            " ".join(data["known_as"]),
            data["value"],
            interval["low"],
            interval["high"],
            data["scored"],
            data["of"],
            data["signature"],
        ])  # fmt: skip
    columns = [*axes, "known_as", "value", "interval_low", "interval_high", "scored", "of", "signature"]
    return csv_text(columns, rows, numbers={"value", "interval_low", "interval_high"})
