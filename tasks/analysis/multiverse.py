"""Multiverse analysis of a metric: every combination of defensible steps, not only combinations known to be in use.

A specification lists axes (selection, cleaning, normaliser, tokenizer, metric and fold), each with its options; a pipeline
takes one option per axis and is an ordinary convention composed of existing steps. Pipelines share work: chains with
the same prefix, counts of the same pair of texts, masks of the same selection. After Steegen et al. 2016 (multiverse
analysis) and Simonsohn et al. 2020 (specification curve): shows how far a choice of convention can move a value; it is not
a better estimate of the value.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from typing import TypeAlias

from tasks.arrays import NDArray, np
from tasks.convention import Convention, Selection, View, first_failed
from tasks.errors import ScoringError, TooLongError
from tasks.metrics.captions import References
from tasks.metrics.metric import Counts, Metric
from tasks.metrics.spice import Spice, Spider, prepare
from tasks.row import Row
from tasks.statistics.bootstrap import percentile_interval, weights
from tasks.statistics.clusters import clusters, dominated
from tasks.statistics.compact import Compact, compact, placed, wide
from tasks.statistics.defaults import SEED
from tasks.step import Step, Value
from tasks.step_cache import ChainCache

# Rows whose texts are in memory at the same time, under all chains.
SHARD = 2000
Choice: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an axis, with what it adds to a pipeline.

    Attributes:
        name: Unique in its axis.
        hypothesis: Steps appended to the hypothesis chain.
        reference: Steps appended to the reference chain.
        select: Rules that rows must pass.
        metric: How pairs are counted and folded.
        base: A complete convention to start from, for tasks whose pipelines are not free combinations of steps.
        view: The part of the row that the reference chain starts from.
        references: For a metric that takes several references: all at once, or each alone.
        role: What it is for its task, if other tasks have a different option for the same: `own-language`.
    """

    name: str
    hypothesis: tuple[Step, ...] = ()
    reference: tuple[Step, ...] = ()
    select: tuple[Selection, ...] = ()
    metric: Metric | None = None
    base: Convention | None = None
    view: View | None = None
    references: References | None = None
    role: str = ""


def both(name: str, *steps: Step, role: str = "") -> Option:
    """The same steps on both sides."""
    return Option(name, steps, steps, role=role)


def output(name: str, *steps: Step) -> Option:
    """Steps applied only to the output."""
    return Option(name, steps)


def rows_with(name: str, *rules: Selection) -> Option:
    """A selection of the rows that pass all rules."""
    return Option(name, select=rules)


def counted(name: str, metric: Metric, *steps: Step) -> Option:
    """A metric, with the final steps on both sides that belong to it."""
    return Option(name, steps, steps, metric=metric)


@dataclass(frozen=True, slots=True)
class Axis:
    """A choice in scoring; the first option is the plainest."""

    name: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One combination of options.

    Attributes:
        choices: (axis, option) for each axis; (`convention`, its id) for a registered convention that is not a combination.
        convention: The convention to compute.
        known_as: Ids of the registered conventions with the same signature.
        departures: The number of axes on which it does not take the first option.
    """

    choices: tuple[Choice, ...]
    convention: Convention
    known_as: tuple[str, ...] = ()
    departures: int = 0

    @property
    def id(self) -> str:
        """`finished/special/lower/13a/corpus`."""
        return "/".join(option for _, option in self.choices)


@dataclass(frozen=True, slots=True)
class Specification:
    """The axes of a task's metric, in the order in which their steps are applied.

    Attributes:
        task: The task's id.
        metric: The metric's id.
        axes: At least one of them sets the metric.
        allowed: Which combinations make sense, by the names of their options.
    """

    task: str
    metric: str
    axes: tuple[Axis, ...]
    allowed: Callable[[frozenset[str]], bool] = field(default=bool, compare=False)

    def pipelines(self, registered: Iterable[Convention] = ()) -> list[Pipeline]:
        """All allowed combinations, then the registered conventions that are not among them and can be computed here."""
        found: dict[str, Pipeline] = {}
        for options in product(*(axis.options for axis in self.axes)):
            if not self.allowed(frozenset(o.name for o in options)):
                continue
            choices = tuple((axis.name, o.name) for axis, o in zip(self.axes, options, strict=True))
            departures = sum(o != axis.options[0] for axis, o in zip(self.axes, options, strict=True))
            convention = compose(options, "/".join(o.name for o in options))
            if convention.unavailable() is None:
                found.setdefault(convention.signature, Pipeline(choices, convention, (), departures))
        for convention in registered:
            if convention.unavailable() is not None:
                continue
            known = found.get(convention.signature)
            if known is None:
                found[convention.signature] = Pipeline((("convention", convention.id),), convention, (convention.id,))
            else:
                found[convention.signature] = replace(known, known_as=(*known.known_as, convention.id))
        return list(found.values())


def compose(options: Sequence[Option], name: str) -> Convention:
    """The convention of one option per axis.

    Raises:
        ValueError: No option sets a metric.
    """
    base = next((o.base for o in options if o.base), None)
    metric = next((o.metric for o in options if o.metric), None) or (base.metric if base else None)
    if metric is None:
        raise ValueError(f"the pipeline {name} has no metric")
    references = next((o.references for o in options if o.references), None)
    if references is not None:
        metric = with_references(metric, references)
    convention = base or Convention(name, "", metric)
    rules = [*convention.select, *(rule for o in options for rule in o.select)]
    return replace(
        convention,
        id=name,
        metric=metric,
        reference_view=next((o.view for o in options if o.view), convention.reference_view),
        select=tuple(dict.fromkeys(rules)),
        hypothesis=convention.hypothesis + tuple(s for o in options for s in o.hypothesis),
        reference=convention.reference + tuple(s for o in options for s in o.reference),
    )


def with_references(metric: Metric, references: References) -> Metric:
    """The metric with its references taken all at once or each alone; unchanged if it knows no such choice."""
    return replace(metric, references=references) if hasattr(metric, "references") else metric  # type: ignore[type-var]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a pipeline on a set of rows: value in the metric's scale, 95 % interval, rows scored, rows in total."""

    pipeline: Pipeline
    value: Fraction | float | None
    scored: int
    of: int
    interval: tuple[float, float] | None = None


_Rules: TypeAlias = tuple[Selection, ...]
_Table: TypeAlias = tuple[View, tuple[Step, ...], View, tuple[Step, ...], Hashable, tuple[str, ...], _Rules | None]


def _table(convention: Convention) -> _Table:
    """The key of a table of counts: both chains, the metric's counting key and, for some metrics, the selection."""
    return (
        convention.hypothesis_view,
        convention.hypothesis,
        convention.reference_view,
        convention.reference,
        convention.metric.counting,
        convention.metric.columns,
        convention.select if convention.metric.whole_set else None,
    )


@dataclass(frozen=True, slots=True)
class Universe:
    """The counts of all pipelines on one set of rows, from which values are folded.

    Attributes:
        pipelines: In the order of the specification.
        rows: The total number of rows.
        live: Rows with a hypothesis that every pipeline can read; counts and masks cover these.
        unreadable: (row id, reason) of the other rows with a hypothesis.
        tables: Counts by chains and counting key, (live rows, columns), compact; zero for rows that no pipeline scores.
        masks: Which live rows each selection keeps.
    """

    pipelines: tuple[Pipeline, ...]
    rows: int
    live: tuple[Row, ...]
    tables: dict[_Table, Compact]
    masks: dict[_Rules, NDArray[np.bool_]]
    unreadable: tuple[tuple[str, str], ...] = ()

    def holds(self, pipeline: Pipeline) -> bool:
        """Whether the rows were counted under this pipeline's chains and selection."""
        return _table(pipeline.convention) in self.tables and pipeline.convention.select in self.masks

    def counts(self, pipeline: Pipeline, part: NDArray[np.bool_] | None = None) -> Counts:
        """The counts of the rows that the pipeline keeps, restricted to `part`.

        Raises:
            ScoringError: `part` is given, but the counts depend on the whole set (CIDEr).
        """
        if part is not None and pipeline.convention.metric.whole_set:
            raise ScoringError(f"{pipeline.id}: counts depend on the whole set, so a part cannot be scored")
        mask = self.masks[pipeline.convention.select]
        return wide(self.tables[_table(pipeline.convention)][mask if part is None else mask & part])

    def outcomes(self, part: NDArray[np.bool_] | None = None) -> list[Outcome]:
        """The outcomes of all pipelines, over all live rows or those in `part`."""
        found = []
        of = self.rows if part is None else int(part.sum())
        for pipeline in self.pipelines:
            counts = self.counts(pipeline, part)
            found.append(Outcome(pipeline, pipeline.convention.metric.fold(counts), len(counts), of))
        return found

    def with_intervals(self, outcomes: Sequence[Outcome], replicates: int, seed: int = SEED) -> list[Outcome]:
        """The outcomes (over all rows) with percentile intervals from a single paired bootstrap.

        There are none if one cluster holds more than half of the rows.
        """
        units = clusters(self.live)
        if dominated(units):
            return list(outcomes)
        values: list[list[NDArray[np.float64]]] = [[] for _ in outcomes]
        for chunk in weights(units, replicates, seed):
            drawn = {select: chunk if mask.all() else chunk[:, mask] for select, mask in self.masks.items()}
            for collected, outcome in zip(values, outcomes, strict=True):
                convention = outcome.pipeline.convention
                counts = self.counts(outcome.pipeline)
                if len(counts):
                    collected.append(convention.metric.replicate(counts, drawn[convention.select]))
        return [
            replace(o, interval=percentile_interval(np.concatenate(v)) if v else None)
            for o, v in zip(outcomes, values, strict=True)
        ]


def universe(
    rows: Sequence[Row], pipelines: Sequence[Pipeline], advance: Callable[[int], None] | None = None
) -> Universe:
    """Count rows under all pipelines.

    Args:
        rows: The rows of a set; those without a hypothesis, or that a pipeline cannot read, count as not scored.
        pipelines: The pipelines of a specification.
        advance: Called with the number of processed rows, for a progress bar.

    Raises:
        ScoringError: A row cannot be scored.
        UnavailableError: A pipeline cannot be computed here.
    """
    lost: dict[str, str] = {}
    while True:
        try:
            return _universe(rows, pipelines, lost, advance)
        except TooLongError as error:
            if not error.rows:
                raise
            # As in scoring, a runaway output costs its row; all pipelines are compared on the same rows.
            lost |= error.rows
            advance = None


def _universe(
    rows: Sequence[Row], pipelines: Sequence[Pipeline], lost: Mapping[str, str], advance: Callable[[int], None] | None
) -> Universe:
    live = tuple(row for row in rows if row.hypothesis is not None and row.id not in lost)
    views = {view for p in pipelines for view in (p.convention.hypothesis_view, p.convention.reference_view)}
    bad = ChainCache(live).unreadable(*sorted(views, key=lambda view: view.name))
    unreadable = (*lost.items(), *((live[index].id, why) for index, why in bad.items()))
    live = tuple(row for index, row in enumerate(live) if index not in bad)
    masks: dict[_Rules, NDArray[np.bool_]] = {}
    users: dict[_Table, list[Pipeline]] = {}
    for pipeline in pipelines:
        convention = pipeline.convention
        users.setdefault(_table(convention), []).append(pipeline)
        if convention.select not in masks:
            kept = (failed is None for failed in first_failed(live, convention.select))
            masks[convention.select] = np.fromiter(kept, dtype=bool, count=len(live))
    metrics = {key: items[0].convention.metric for key, items in users.items()}
    tables: dict[_Table, Compact] = {key: np.zeros((len(live), len(m.columns)), np.uint8) for key, m in metrics.items()}
    needed = {
        key: np.any([masks[select] for select in {p.convention.select for p in items}], axis=0)
        for key, items in users.items()
    }
    _prepare(live, metrics, needed)
    alone = {key: items for key, items in users.items() if key[-1] is not None}
    _fill(live, alone, tables, needed, 0)
    together = {key: items for key, items in users.items() if key[-1] is None}
    for start in range(0, len(live), SHARD):
        shard = live[start : start + SHARD]
        _fill(shard, together, tables, needed, start)
        if advance:
            advance(len(shard))
    return Universe(tuple(pipelines), len(rows), live, tables, masks, unreadable)


def _prepare(live: Sequence[Row], metrics: Mapping[_Table, Metric], needed: Mapping[_Table, NDArray[np.bool_]]) -> None:
    """Parse the captions of all tables at once: each one once, in one process."""
    cache, texts = ChainCache(live), dict[str, None]()
    for key, metric in metrics.items():
        if isinstance(metric, Spice | Spider):
            hypotheses, references = cache.values(key[0], key[1]), cache.values(key[2], key[3])
            at = np.flatnonzero(needed[key]).tolist()
            texts |= dict.fromkeys(metric.texts([hypotheses[i] for i in at], [references[i] for i in at]))
    if texts:
        prepare(texts)


def _fill(
    shard: Sequence[Row],
    users: dict[_Table, list[Pipeline]],
    tables: dict[_Table, Compact],
    needed: dict[_Table, NDArray[np.bool_]],
    start: int,
) -> None:
    """Count the rows from `start` on for all tables of `users`, sharing a cache of chains and a cache of pairs."""
    cache = ChainCache(shard)
    known: dict[tuple[Hashable, tuple[str, ...]], dict[tuple[Value, Value], int]] = {}
    seen: dict[tuple[Hashable, tuple[str, ...]], list[Counts]] = {}
    for key, items in users.items():
        metric = items[0].convention.metric
        wanted = np.flatnonzero(needed[key][start : start + len(shard)])
        hypotheses, references = cache.values(key[0], key[1]), cache.values(key[2], key[3])
        pairs = [(hypotheses[i], references[i]) for i in wanted]
        if not pairs:
            continue
        pool = known.setdefault(key[4:6], {}), seen.setdefault(key[4:6], [])
        try:
            if metric.whole_set:
                counts = metric.count([h for h, _ in pairs], [r for _, r in pairs])
            else:
                counts = _shared(metric, pairs, *pool)
        except ScoringError as error:
            raise error.of([shard[i].id for i in wanted.tolist()]) from error
        tables[key] = placed(tables[key], start + wanted, compact(counts))


def _shared(
    metric: Metric,
    pairs: Sequence[tuple[Value, Value]],
    known: dict[tuple[Value, Value], int],
    seen: list[Counts],
) -> Counts:
    """Counts of pairs of texts; a pair that any pipeline has counted before is not counted again."""
    try:
        new = [pair for pair in dict.fromkeys(pairs) if pair not in known]
    except TypeError:  # lists (split sentences, several captions) are not hashable
        return metric.count([h for h, _ in pairs], [r for _, r in pairs])
    if new:
        first = len(known)
        try:
            seen.append(metric.count([h for h, _ in new], [r for _, r in new]))
        except ScoringError as error:
            raise error.at([pairs.index(pair) for pair in new]) from error
        known.update({pair: first + n for n, pair in enumerate(new)})
        if len(seen) > 1:
            seen[:] = [np.concatenate(seen)]
    return seen[0][[known[pair] for pair in pairs]]
