"""The public API on outputs: score them, explain a number, compare runs, find the rows and steps that pay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from audit._util.suggest import did_you_mean
from audit.errors import InputError
from audit.pipeline.request import AuditRequest, ClaimRequest, PlanRequest  # noqa: F401  # exported by `audit`
from tasks.statistics.defaults import REPLICATES, SEED

if TYPE_CHECKING:
    from audit.analysis.attribution import Attributed
    from audit.analysis.comparison import RunComparison
    from audit.analysis.joint import JointlyExplained
    from audit.analysis.multiverse import Explained, Exploration
    from audit.analysis.paying_rows import PayingRows
    from audit.analysis.run_margins import Allowed
    from audit.scoring.pool import EngineName
    from audit.scoring.predictions import PredictionSet
    from audit.scoring.rows_in_memory import Predictions
    from audit.scoring.table import ScoreTable
    from tasks.task import Task


def score(
    task: str | Task,
    predictions: Predictions,
    references: Sequence[Any] | None = None,
    *,
    metrics: Iterable[str] | None = None,
    conventions: Iterable[str] | None = None,
    expected_rows: int | None = None,
    replicates: int = REPLICATES,
    seed: int = SEED,
    ids: Sequence[str] | None = None,
    model: str = "unknown",
    variant: str = "unknown",
    cache: Path | None = None,
    engine: EngineName = "auto",
    workers: int | None = None,
) -> ScoreTable:
    """Score outputs under every convention of a task.

    Args:
        task: A task, the id of a task that a study declares (also the `study.yaml` of the current folder), or a family's id,
            for a task with the family's defaults.
        predictions: A list of outputs; rows as dictionaries or as a pandas or Polars frame, with `hypothesis` and
            `reference`; a predictions file; or the folder that holds it.
        references: With a list of outputs: one reference per row (a list of references if the task has several).
        metrics: Only these metrics.
        conventions: Only conventions with these ids.
        expected_rows: The set's size; by default the number of rows.
        replicates: Bootstrap replicates of the 95 % intervals; 0 for none.
        seed: Seed of the bootstrap.
        ids: With a list of outputs: one id per row.
        model: The model that produced the outputs, if they are in memory.
        variant: The model's variant.
        cache: Folder for counts kept between runs; None for no cache.
        engine: Where rows of a file are counted: `local` or `ray`. Rows in memory are counted in this process.
        workers: Number of counting processes; None for one per processor.

    Returns:
        One score per convention, as a table that prints itself, with `.to_pandas()` and `.records()`.

    Raises:
        InputError: Unknown task, metric or convention, or a row that does not fit; with place and remedy.
    """
    from audit.literature.known_tasks import find_task
    from audit.scoring import score as scoring
    from audit.scoring.cache import ScoreCache
    from audit.scoring.pool import engine as opened
    from audit.scoring.rows_in_memory import IN_MEMORY, prediction_set
    from audit.scoring.table import ScoreTable

    chosen = find_task(task)
    wanted = None if metrics is None else list(metrics)
    for metric in wanted or ():
        if metric not in chosen.conventions:
            every = f"Metrics: {', '.join(chosen.conventions)}."
            raise InputError(
                f"{chosen.id} has no metric {metric!r}", fix=did_you_mean(metric, chosen.conventions, every)
            )
    names = {c.id for items in chosen.conventions.values() for c in items}
    only = None if conventions is None else list(conventions)
    for name in only or ():
        if name not in names:
            every = f"Conventions: {', '.join(sorted(names))}."
            raise InputError(f"{chosen.id} has no convention {name!r}", fix=did_you_mean(name, names, every))
    if replicates < 0:
        raise InputError("must not be negative", where="replicates", fix="Give 0 for no intervals.")
    rows = prediction_set(chosen, predictions, references, ids=ids, model=model, variant=variant)
    counted = partial(
        scoring.score,
        rows,
        chosen,
        expected=expected_rows,
        metrics=wanted,
        conventions=only,
        replicates=replicates,
        seed=seed,
        cache=ScoreCache(cache),
    )
    if rows.path == IN_MEMORY:
        return ScoreTable(rows, tuple(counted()))
    from audit.judge.attach import where_judged

    with opened(engine, workers) as counting:
        return ScoreTable(rows, where_judged(chosen, rows, counted(engine=counting)))


def multiverse(
    task: str,
    predictions: Predictions,
    references: Sequence[Any] | None = None,
    *,
    metric: str | None = None,
    replicates: int = 0,
    ids: Sequence[str] | None = None,
) -> Exploration:
    """Score outputs under every combination of defensible steps.

    Args:
        task: A task's id.
        predictions: As `score` takes them.
        references: As `score` takes them.
        metric: Required if the task has several.
        replicates: Bootstrap replicates; 0 for no intervals.
        ids: As `score` takes them.

    Returns:
        Every pipeline's value; `.curve(reported="33.1")` draws the specification curve.

    Raises:
        InputError: Unknown task or metric, or a row that does not fit.
        MissingError: Nothing can be computed here.
    """
    from audit.analysis.multiverse import chosen, explore
    from audit.scoring.rows_in_memory import prediction_set

    found, name = chosen(task, metric)
    if replicates < 0:
        raise InputError("must not be negative", where="--replicates", fix="Give 0 for no intervals.")
    return explore(found, name, prediction_set(found, predictions, references, ids=ids), replicates)


def explain(
    task: str,
    predictions: Predictions,
    references: Sequence[Any] | None = None,
    *,
    value: str,
    metric: str | None = None,
    unit: Literal["percent", "fraction"] | None = None,
    ids: Sequence[str] | None = None,
) -> Explained:
    """Infer the convention from the number: the pipelines that print a value on these rows.

    Args:
        task: A task's id.
        predictions: As `score` takes them.
        references: As `score` takes them.
        value: As printed; trailing zeros count.
        metric: Required if the task has several.
        unit: The value's unit; by default that of a study's claim on this task and metric, else the metric's own scale.
        ids: As `score` takes them.

    Raises:
        InputError: As in `multiverse`, or the value is not a plain decimal number.
        MissingError: Nothing can be computed here.
    """
    from audit.analysis.multiverse import check_value, chosen, explained, explore
    from audit.literature.known_tasks import claimed_unit
    from audit.scoring.rows_in_memory import prediction_set
    from tasks.analysis.spider_alone import with_parts

    check_value(value)
    scored, name = chosen(task, metric)
    rows = prediction_set(scored, predictions, references, ids=ids)
    found = explore(scored, name, rows, axes=with_parts(scored, name))
    return explained(found, value, unit or claimed_unit(task, found.specification.metric))


def explain_jointly(
    group: str, predictions: str | Path = "predictions", *, study: str | Path = "salmonn", metric: str | None = None
) -> JointlyExplained:
    """Find the ways of counting that print all claims of a group at once, each on its own outputs.

    Args:
        group: A family of which the study claims several values: `asr`.
        predictions: The folder that holds `TASK.jsonl`, and `TASK@RUN.jsonl` for claims on other models.
        study: A study's id or file.
        metric: Required if the group's claims have several.

    Raises:
        InputError: Unknown group or metric, or fewer than two claims with outputs.
        MissingError: Nothing can be computed here.
    """
    from audit.analysis.joint import explain_group
    from audit.api.audits import load_study

    return explain_group(load_study(study), group, Path(predictions), metric)


def attribute(
    task: str,
    predictions: Predictions,
    references: Sequence[Any] | None = None,
    *,
    start: str,
    end: str | None = None,
    printed: str | None = None,
    metric: str | None = None,
    unit: Literal["percent", "fraction"] | None = None,
    replicates: int = REPLICATES,
    spread: bool = False,
    ids: Sequence[str] | None = None,
) -> Attributed:
    """Attribute the gap between two conventions, or from a convention to a printed value, to steps of counting.

    Args:
        task: A task's id.
        predictions: As `score` takes them.
        references: As `score` takes them.
        start: The convention where the gap begins: its id, or options of the axes joined by slashes.
        end: The convention where it ends; either this or `printed`.
        printed: The printed value where it ends; trailing zeros count.
        metric: Required if the task has several.
        unit: The values' unit; by default that of a study's claim on this task and metric, else the metric's own scale.
        replicates: Bootstrap replicates of the intervals; 0 for none.
        spread: Whether to compute how much of the multiverse's spread each axis makes.
        ids: As `score` takes them.

    Returns:
        The parts, which sum to the gap exactly. `.refused` if no pipeline prints the value on these outputs: then the gap is
        attributed to no step.

    Raises:
        InputError: As in `multiverse`, or an unknown convention, or a convention without a value on these rows.
        MissingError: Nothing can be computed here.
    """
    from audit.analysis.attribution import between, to_printed
    from audit.analysis.multiverse import chosen
    from audit.literature.known_tasks import claimed_unit
    from audit.scoring.rows_in_memory import prediction_set

    if (end is None) == (printed is None):
        raise InputError("a gap has two ends", where="--to, --to-printed", fix="Give exactly one of the two.")
    found, name = chosen(task, metric)
    if replicates < 0:
        raise InputError("must not be negative", where="--replicates", fix="Give 0 for no intervals.")
    rows = prediction_set(found, predictions, references, ids=ids)
    known = unit or claimed_unit(task, name)
    if printed is not None:
        return to_printed(found, name, rows, start, printed, unit=known, replicates=replicates, spread=spread)
    assert end is not None
    return between(found, name, rows, (start, end), unit=known, replicates=replicates, spread=spread)


def rows(
    task: str,
    predictions: Predictions,
    references: Sequence[Any] | None = None,
    *,
    between: tuple[str, str],
    metric: str | None = None,
    ids: Sequence[str] | None = None,
) -> PayingRows:
    """The rows, and the words in them, that pay for the difference between two conventions.

    Args:
        task: A task's id.
        predictions: As `score` takes them.
        references: As `score` takes them.
        between: Two conventions: ids, or ids of pipelines as `multiverse` prints them.
        metric: Required if several metrics have both.
        ids: As `score` takes them.

    Returns:
        Rows with their shares, ranked, and what happened; the shares of ratios and means sum to the difference exactly.

    Raises:
        InputError: Unknown task, metric or convention, or a row that does not fit.
        MissingError: A convention cannot be computed here.
    """
    from audit.analysis.row_detective import paying_rows, two_conventions
    from audit.literature.known_tasks import find_task
    from audit.scoring.rows_in_memory import prediction_set

    found = find_task(task)
    name, first, second = two_conventions(found, between, metric)
    return paying_rows(found, prediction_set(found, predictions, references, ids=ids), name, (first, second))


def compare(
    task: str,
    first: str | Path | PredictionSet,
    second: str | Path | PredictionSet,
    *,
    metric: str | None = None,
    convention: str | None = None,
    second_convention: str | None = None,
    only: Sequence[Allowed] = (),
    replicates: int = REPLICATES,
) -> RunComparison:
    """Compare two runs on the same set: identical outputs, first differences, the effect on every metric, rows that flip.

    Args:
        task: A task's id.
        first: A predictions file, or the folder that holds it.
        second: The run to compare with, with the same ids and references.
        metric: Only this metric.
        convention: Only this convention, whose difference is also split by kind of row; by default all, and the first.
        second_convention: A convention for the second run alone, if it stores normalised texts.
        only: What the runs differ in, as you know: `batch`, `machine`, `precision`, `library versions`. Without it, whatever
            the files do not state is unknown, and the differences are not margins.
        replicates: Bootstrap replicates of the intervals; 0 for none.

    Raises:
        InputError: The runs have different ids or references, or there is no such metric or convention.
        MissingError: No convention can be computed here.
    """
    from audit.analysis.compared_runs import compare_runs
    from audit.analysis.run_margins import ALLOWED
    from audit.literature.known_tasks import find_task
    from audit.scoring.rows_in_memory import prediction_set

    if replicates < 0:
        raise InputError("must not be negative", where="--replicates", fix="Give 0 for no intervals.")
    for name in only:
        if name not in ALLOWED:
            raise InputError(
                f"{name!r} may not differ between the runs of a margin",
                where="only",
                fix=f"Name: {', '.join(ALLOWED)}.",
            )
    found = find_task(task)
    return compare_runs(
        found,
        prediction_set(found, first),
        prediction_set(found, second),
        metric=metric,
        convention=convention,
        second_convention=second_convention,
        stated=only,
        replicates=replicates,
    )
