"""Which steps of a convention decide its agreement: those where another defensible option would change it.

The alternatives are the pipelines of the task's multiverse on the same rows. A step is decisive if it belongs to a smallest
set of changes after which the value no longer agrees: usually one step, or two if only both together matter. If no
alternative disagrees, no step decides.

Scoring all units is not a choice that needs evidence, because the claim names the set. The selection is therefore kept. A
convention that drops units must also agree without dropping, and so must its alternatives; otherwise, dropping the units on
which a step matters would hide that it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from tasks.analysis.multiverse import Pipeline, universe
from tasks.analysis.specifications import specification
from tasks.errors import ScoringError, UnavailableError
from tasks.row import Row
from tasks.task import Task

Agrees: TypeAlias = Callable[[Fraction | float | None], bool]
Steps: TypeAlias = tuple[tuple[str, str], ...]
SELECTION = "selection"
EVERYTHING = "all"


def decisive_steps(
    task: Task, metric: str, rows: Sequence[Row], conventions: Iterable[str], agrees: Agrees
) -> dict[str, Steps | None]:
    """The decisive steps of conventions whose value agrees.

    Args:
        task: The task.
        metric: One of its metrics.
        rows: All rows of the set.
        conventions: Ids of conventions of this metric.
        agrees: Whether a value in the metric's scale agrees with the claim.

    Returns:
        (axis, option) of every decisive step by convention, in the order of the axes. None if every step counts as decisive:
        the convention is not a combination of the multiverse's axes, or its alternatives cannot be computed on these rows.
    """
    wanted = set(conventions)
    if not wanted:
        return {}
    axes = specification(task, metric)
    pipelines = axes.pipelines(task.conventions[metric])
    composed = {name: p for p in pipelines if p.choices[0][0] != "convention" for name in p.known_as if name in wanted}
    found: dict[str, Steps | None] = dict.fromkeys(wanted)
    selections = {EVERYTHING, *(dict(p.choices).get(SELECTION) for p in composed.values())}
    nearby = [p for p in pipelines if p.choices[0][0] != "convention" and dict(p.choices).get(SELECTION) in selections]
    if not composed:
        return found
    try:
        outcomes = universe(rows, nearby).outcomes()
    except (ScoringError, UnavailableError):
        return found
    agreeing = {o.pipeline.choices: agrees(o.value) for o in outcomes}
    for name, pipeline in composed.items():
        found[name] = _smallest(pipeline, agreeing)
    return found


def _smallest(pipeline: Pipeline, agreeing: Mapping[Steps, bool]) -> Steps:
    own = dict(pipeline.choices)
    selections = {own.get(SELECTION), EVERYTHING}
    differing = [
        frozenset(axis for axis, option in choices if axis != SELECTION and own[axis] != option)
        for choices, holds in agreeing.items()
        if not holds and dict(choices).get(SELECTION) in selections
    ]
    differing = [changed for changed in differing if changed]
    if not differing:
        return ()
    fewest = min(map(len, differing))
    axes = {axis for changed in differing if len(changed) == fewest for axis in changed}
    return tuple((axis, option) for axis, option in pipeline.choices if axis in axes)
