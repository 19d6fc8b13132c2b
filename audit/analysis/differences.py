"""The gaps of an audit's claims: from the leading convention to each other one, and to the printed value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from audit.analysis.attribution import gap_value, printed_gap
from audit.analysis.kept_analyses import NOTHING_KEPT, KeptAnalyses, of_conventions, of_task
from audit.schema import AttributedGap
from tasks.analysis.attribution import attributed, corners
from tasks.analysis.multiverse import Outcome, Pipeline, Specification, Universe, universe
from tasks.analysis.points import Point, changes, point_of
from tasks.analysis.readings import readings
from tasks.analysis.specifications import specification
from tasks.errors import ScoringError, UnavailableError
from tasks.row import Row
from tasks.task import Task


@dataclass(frozen=True, slots=True)
class Ends:
    """What the gaps of one claim are between.

    Attributes:
        claim: The claim's id.
        leading: The convention where they begin.
        others: The conventions where they end.
        printed: The printed value.
        factor: From the metric's scale to the claim's unit.
        run: The run of the outputs.
    """

    claim: str
    leading: str
    others: tuple[str, ...]
    printed: str
    factor: Fraction
    run: str | None = None


@dataclass(frozen=True, slots=True)
class KeptGaps:
    """The gaps of a metric's claims, as they are kept between runs."""

    gaps: tuple[AttributedGap, ...]


def gaps(
    task: Task,
    metric: str,
    rows: Sequence[Row],
    ends: Sequence[Ends],
    replicates: int,
    kept: KeptAnalyses = NOTHING_KEPT,
) -> tuple[AttributedGap, ...]:
    """The gaps of the claims on one metric of one file of outputs.

    The printed value is looked for among the pipelines between the conventions, which are counted anyway; the whole multiverse
    is searched by `repro-audit attribute`. A gap with a convention in between that cannot be computed on these rows is left
    out.

    Args:
        task: The task.
        metric: One of its metrics.
        rows: The outputs.
        ends: One per claim.
        replicates: Bootstrap replicates of the intervals on the way to a printed value; 0 for none.
        kept: What is kept of these rows.
    """
    spec = specification(task, metric)
    if all(axis.name in {"selection", "convention"} for axis in spec.axes):
        return ()
    names = dict.fromkeys(name for end in ends for name in (end.leading, *end.others))
    points = {name: point_of(spec, task.convention(metric, name)) for name in names}
    pairs = {
        (end.leading, other): found
        for end in ends
        for other in end.others
        if (found := _between(points[end.leading], points[other])) is not None
    }
    question = _question(task, metric, ends, replicates, pairs)
    known = kept.get(KeptGaps, question)
    if known is not None:
        return known.gaps
    counted, able = _counted(rows, pairs)
    made: tuple[AttributedGap, ...] = ()
    if counted is not None:
        outcomes = counted.outcomes()
        made = tuple(
            gap
            for end in ends
            for gap in _of_claim(task.id, metric, spec, points, end, counted, able, outcomes, replicates)
        )
    # A pipeline that could not be counted may fail for a reason of the machine, which no question names.
    if len(able) == len(pairs):
        kept.put(KeptGaps(made), question)
    return made


def _question(
    task: Task,
    metric: str,
    ends: Sequence[Ends],
    replicates: int,
    pairs: Mapping[tuple[str, str], list[Pipeline]],
) -> tuple[str, ...]:
    """All that the gaps depend on besides the rows and the code."""
    pipelines = _different(pairs)
    return (
        *of_task(task),
        metric,
        repr(tuple(ends)),
        str(replicates),
        of_conventions(task.conventions[metric]),
        repr([(one.choices, one.known_as, one.departures) for one in pipelines]),
        of_conventions(one.convention for one in pipelines),
    )


def _between(first: Point, second: Point) -> list[Pipeline] | None:
    if not changes(first, second):
        return None
    try:
        return corners(first, second)
    except ScoringError:
        return None


def _counted(
    rows: Sequence[Row], pairs: Mapping[tuple[str, str], list[Pipeline]]
) -> tuple[Universe | None, dict[tuple[str, str], list[Pipeline]]]:
    """The counts of all pipelines; of those alone that can count these rows, if some cannot."""
    try:
        return universe(rows, _different(pairs)), dict(pairs)
    except (ScoringError, UnavailableError):
        able = {}
        for ends, pipelines in pairs.items():
            try:
                universe(rows, pipelines)
            except (ScoringError, UnavailableError):
                continue
            able[ends] = pipelines
        return (universe(rows, _different(able)), able) if able else (None, able)


def _different(pairs: Mapping[tuple[str, str], list[Pipeline]]) -> list[Pipeline]:
    return list({p.convention.signature: p for pipelines in pairs.values() for p in pipelines}.values())


def _of_claim(
    task: str,
    metric: str,
    spec: Specification,
    points: Mapping[str, Point],
    end: Ends,
    counted: Universe,
    pairs: Mapping[tuple[str, str], list[Pipeline]],
    outcomes: Sequence[Outcome],
    replicates: int,
) -> Iterator[AttributedGap]:
    leading = points[end.leading]
    own = [replace(o, value=None if o.value is None else Fraction(o.value) * end.factor) for o in outcomes]
    named = {points[name].convention.signature: name for name in (end.leading, *end.others)}
    known = [_known(o, named) for o in own]
    for reading in readings(spec, leading, known, end.printed)[:1]:
        try:
            found = printed_gap(task, metric, counted, leading, reading, end.printed, end.factor, replicates)
        except ScoringError:
            continue
        name = named.get(reading.point.convention.signature, found.second)
        yield replace(found, second=name, claim=end.claim, run=end.run)
    for other in end.others:
        pipelines = pairs.get((end.leading, other))
        if pipelines is None:
            continue
        try:
            attribution = attributed(counted, leading, points[other], pipelines)
        except ScoringError:
            continue
        yield replace(gap_value(task, metric, attribution, end.factor), claim=end.claim, run=end.run)


def _known(outcome: Outcome, named: Mapping[str, str]) -> Outcome:
    """The outcome, with the registered convention that its pipeline is."""
    name = named.get(outcome.pipeline.convention.signature)
    return outcome if name is None else replace(outcome, pipeline=replace(outcome.pipeline, known_as=(name,)))
