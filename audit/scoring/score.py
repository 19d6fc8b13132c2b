"""Scoring: counts, values and intervals of a prediction set under all conventions of its task.

Every row ends in one of four states: scored, skipped (by a named rule of the convention), missing or error. Their numbers must
add up to the size of the set.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from audit.errors import InputError
from audit.scoring.account import Account, Skipped
from audit.scoring.cache import Entry, Facts, ScoreCache
from audit.scoring.counting import Counted, Key, count, in_one_process
from audit.scoring.joining import Joining
from audit.scoring.pool import WORTH_A_PROCESS, Map, serial
from audit.scoring.predictions import PredictionSet
from audit.scoring.row_file import KeptIds, RowFile
from tasks.convention import Convention
from tasks.metrics.accuracy import UNREAD
from tasks.phrase import phrase
from tasks.row import Row
from tasks.statistics.bootstrap import percentile_interval, stored
from tasks.statistics.clusters import dominated
from tasks.statistics.compact import Compact, wide
from tasks.statistics.defaults import REPLICATES, SEED
from tasks.statistics.paired import Part, replicates_together
from tasks.task import Task

# Decimals of a stored value, whatever its unit; agreement is decided on the exact value.
# Rows counted at once; bounds the memory for texts and tokens.
SHARD_ROWS = 4_000
# Further sets submitted to the workers while waiting for one.
_AHEAD = 1


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a prediction set under one convention.

    Attributes:
        convention: The convention.
        metric: The metric's id in the task.
        exact: The value, exact for ratios; None if undefined or unavailable.
        value: The value as a decimal, see `tasks.statistics.bootstrap.stored`.
        interval: 95 % percentile interval of the paired bootstrap.
        account: The number of rows in each state; None if the convention is unavailable.
        unreadable: (row id, reason) of the rows that the convention cannot read; they count as errors.
        counts: (scored rows, columns), compact: sums widen them, other arithmetic needs `tasks.statistics.compact.wide` first.
        ids: The ids of the scored rows.
        unavailable: Why there is no value.
    """

    convention: Convention
    metric: str
    exact: Fraction | float | None
    value: Decimal | None
    interval: tuple[Decimal, Decimal] | None
    account: Account | None
    counts: Compact | None
    ids: Sequence[str]
    unavailable: str | None = None
    unreadable: tuple[tuple[str, str], ...] = ()

    @property
    def unread(self) -> int | None:
        """The number of scored outputs in which the convention reads no answer; None if it does not say."""
        columns = self.convention.metric.columns
        if self.counts is None or UNREAD not in columns:
            return None
        return int(self.counts[:, columns.index(UNREAD)].sum())

    @property
    def no_value(self) -> str | None:
        """Why there is no value, for a reader; None if there is one."""
        if self.value is not None:
            return None
        if self.unavailable is not None or self.account is None:
            return self.unavailable or phrase("not computed")
        if not self.account.scored:
            return self.account.why_none
        columns = self.convention.metric.columns
        empty = (
            []
            if self.counts is None
            else [c for c, total in zip(columns, self.counts.sum(axis=0), strict=True) if not total and c != UNREAD]
        )
        if not empty:
            return phrase("not defined")
        return phrase("not defined: of the scored rows, {counts} add up to 0", counts=" and ".join(empty))


def score(
    predictions: PredictionSet,
    task: Task,
    *,
    expected: int | None = None,
    metrics: Iterable[str] | None = None,
    conventions: Iterable[str] | None = None,
    replicates: int = REPLICATES,
    seed: int = SEED,
    cache: ScoreCache | None = None,
    engine: tuple[Map, int] | None = None,
) -> list[Score]:
    """Score a prediction set under every convention of its task: `begin`, then `finish`.

    Raises:
        InputError: The rows do not add up to the size of the set, or a row cannot be scored.
    """
    begun = begin(
        predictions,
        task,
        expected=expected,
        metrics=metrics,
        conventions=conventions,
        replicates=replicates,
        seed=seed,
        cache=cache,
        engine=engine,
    )
    return begun.finish()


def in_turn(begun: Iterable[Scoring]) -> Iterator[list[Score]]:
    """Yield the scores of several sets in order; the next set is started before one is finished, so workers never idle.

    Args:
        begun: An iterable that starts a set with each step.

    Raises:
        InputError: As `score` does.
    """
    waiting: deque[Scoring] = deque()
    for scoring in begun:
        waiting.append(scoring)
        if len(waiting) > _AHEAD:
            yield waiting.popleft().finish()
    while waiting:
        yield waiting.popleft().finish()


def begin(
    predictions: PredictionSet,
    task: Task,
    *,
    expected: int | None = None,
    metrics: Iterable[str] | None = None,
    conventions: Iterable[str] | None = None,
    replicates: int = REPLICATES,
    seed: int = SEED,
    cache: ScoreCache | None = None,
    engine: tuple[Map, int] | None = None,
) -> Scoring:
    """Submit the rows of a prediction set to the workers, for all conventions of its task that are not cached.

    Args:
        predictions: The rows.
        task: Their task.
        expected: The size of the set; by default the number of rows.
        metrics: Only these metrics.
        conventions: Only conventions with these ids.
        replicates: Bootstrap replicates; 0 for no intervals.
        seed: Seed of the bootstrap.
        cache: The cache of counts and intervals.
        engine: A map over shards and the number of shards, from `audit.scoring.pool`; by default this process.
    """
    names = None if conventions is None else set(conventions)
    wanted = None if metrics is None else set(metrics)
    chosen = [
        (metric, convention)
        for metric, items in task.conventions.items()
        if wanted is None or metric in wanted
        for convention in items
        if names is None or convention.id in names
    ]
    bootstrap = (replicates, seed)
    results, todo = _known(predictions, task, chosen, cache or ScoreCache(None), bootstrap)
    collect = _counting(predictions.rows, task, todo, engine)
    return Scoring(predictions, chosen, results, collect, expected, bootstrap, cache)


@dataclass(slots=True)
class _Result:
    counted: Counted
    cache_key: str | None
    interval: tuple[float, float] | None = None
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Scoring:
    """A prediction set that is being scored."""

    predictions: PredictionSet
    chosen: Sequence[tuple[str, Convention]]
    results: dict[Key, _Result]
    collect: Callable[[], dict[Key, Counted]]
    expected: int | None
    bootstrap: tuple[int, int]
    cache: ScoreCache | None

    def finish(self) -> list[Score]:
        """Wait for the counts, fold them, and cache new results.

        Raises:
            InputError: The rows do not add up to the size of the set, or a row cannot be scored.
        """
        for name, counted in self.collect().items():
            self.results[name].counted = counted
        for metric, convention in self.chosen:
            _check(self.results[metric, convention.id].counted, convention, self.predictions)
        _add_intervals(self.chosen, self.results, self.predictions, *self.bootstrap)
        _keep(self.chosen, self.results, self.cache)
        rows = self.predictions.rows
        ids = None if isinstance(rows, RowFile) else tuple(row.id for row in rows)
        return [
            _score(metric, convention, self.results[metric, convention.id], self.predictions, self.expected, ids)
            for metric, convention in self.chosen
        ]


def _known(
    predictions: PredictionSet,
    task: Task,
    chosen: Sequence[tuple[str, Convention]],
    cache: ScoreCache,
    bootstrap: tuple[int, int],
) -> tuple[dict[Key, _Result], list[tuple[str, Convention]]]:
    """The results known without counting, and the conventions still to be counted."""
    found: dict[Key, _Result] = {}
    todo: list[tuple[str, Convention]] = []
    for metric, convention in chosen:
        key = None
        reason = convention.unavailable()
        if reason:
            found[metric, convention.id] = _Result(Counted(unavailable=reason), None)
            continue
        if cache.folder is not None:
            tokens = repr(predictions.meta.tokens)  # they decide which outputs are finished
            key = cache.key(predictions.content, tokens, task.id, metric, convention.hash, *map(str, bootstrap))
            entry = cache.get(key)
            if entry is not None:
                facts = entry.facts
                counted = Counted(
                    entry.kept, Counter(facts.skipped), facts.errors, entry.counts, unreadable=facts.unreadable
                )
                found[metric, convention.id] = _Result(counted, key, facts.interval, cached=True)
                continue
        found[metric, convention.id] = _Result(Counted(), key)
        todo.append((metric, convention))
    return found, todo


def _counting(
    rows: Sequence[Row], task: Task, todo: Sequence[tuple[str, Convention]], engine: tuple[Map, int] | None
) -> Callable[[], dict[Key, Counted]]:
    """Submit the rows in shards; the returned function joins the counts as they come."""
    if not todo:
        return dict
    declaration = task.declaration
    # A task made in code cannot be built again in another process.
    few = len(rows) <= SHARD_ROWS and (engine is None or engine[1] == 1 or len(rows) < WORTH_A_PROCESS)
    if few or declaration is None:
        return lambda: count(tuple(rows), todo)
    mapping, workers = engine or (serial, 1)
    shards = max(workers, -(-len(rows) // SHARD_ROWS))
    whole = [item for item in todo if in_one_process(item[1].metric, len(rows))]
    split = tuple(
        (metric, convention.id) for metric, convention in todo if not in_one_process(convention.metric, len(rows))
    )
    bounds = [len(rows) * n // shards for n in range(shards + 1)]
    counted = mapping((declaration, split, rows[a:b]) for a, b in pairwise(bounds)) if split else iter(())

    def collect() -> dict[Key, Counted]:
        found = count(tuple(rows), whole) if whole else {}
        joining = Joining(len(rows), split)
        for start in bounds[:-1] if split else ():
            # No name for the part, which would keep it while the next one is waited for.
            joining.add(start, next(counted))
        return found | joining.joined()

    return collect


def _check(counted: Counted, convention: Convention, predictions: PredictionSet) -> None:
    if counted.failure:
        what, row = counted.failure
        where = f"{predictions.path}: row {row}" if row else str(predictions.path)
        raise InputError(what, where=where, fix=f"Correct the row (convention {convention.id}).")


def _add_intervals(
    chosen: Sequence[tuple[str, Convention]],
    results: dict[Key, _Result],
    predictions: PredictionSet,
    replicates: int,
    seed: int,
) -> None:
    """Compute the intervals; all conventions use the same draws over all rows, so differences are paired.

    There are none if one cluster holds more than half of the rows.
    """
    live = [
        (result, Part(convention.metric, result.counted.counts, result.counted.kept))
        for metric, convention in chosen
        if not (result := results[metric, convention.id]).cached
        and result.counted.counts is not None
        and result.counted.kept
    ]
    if not replicates or not live:
        return
    units = predictions.clusters
    if dominated(units):
        return
    values = replicates_together([part for _, part in live], units, replicates, seed)
    for (result, _), value in zip(live, values, strict=True):
        result.interval = percentile_interval(value)


def _keep(chosen: Sequence[tuple[str, Convention]], results: dict[Key, _Result], cache: ScoreCache | None) -> None:
    for metric, convention in chosen:
        result = results[metric, convention.id]
        counted = result.counted
        if cache is None or result.cached or result.cache_key is None or counted.counts is None:
            continue
        facts = Facts(dict(counted.skipped), counted.errors, result.interval, counted.unreadable)
        cache.put(result.cache_key, Entry(counted.counts, counted.kept, facts))


def _score(
    metric: str,
    convention: Convention,
    result: _Result,
    predictions: PredictionSet,
    expected: int | None,
    ids: tuple[str, ...] | None,
) -> Score:
    counted = result.counted
    if counted.counts is None:
        return Score(convention, metric, None, None, None, None, None, (), counted.unavailable)
    size = len(predictions.rows) if expected is None else expected
    rules = convention.select
    account = Account(
        size,
        len(counted.kept),
        tuple(Skipped(rules[n].name, rules[n].reason, counted.skipped[n]) for n in sorted(counted.skipped)),
        size - len(predictions.rows),
        counted.errors,
        f"{predictions.path} ({convention.id})",
    )
    exact = convention.metric.fold(wide(counted.counts))
    interval = None
    if result.interval and exact is not None:
        interval = (stored(result.interval[0]), stored(result.interval[1]))
    return Score(
        convention,
        metric,
        exact,
        None if exact is None else stored(exact),
        interval,
        account,
        counted.counts,
        _ids(predictions.rows, ids, counted.kept),
        unreadable=counted.unreadable,
    )


def _ids(rows: Sequence[Row], ids: tuple[str, ...] | None, kept: Sequence[int]) -> Sequence[str]:
    """The ids of the kept rows, from those of all rows; None for rows that stay in their file."""
    if ids is None:
        assert isinstance(rows, RowFile)
        return KeptIds(rows, kept)
    return ids if len(kept) == len(ids) else tuple(ids[i] for i in kept)
