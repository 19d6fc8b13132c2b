"""Counting a shard of rows under many conventions: the part of scoring that treats rows independently.

The counts of a shard depend only on its rows, so shards can be counted anywhere and joined in order; the result does not
depend on the number of shards. Metrics that need the whole set (`Metric.whole_set`) are counted in a single shard.
"""

from __future__ import annotations

import contextlib
from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from audit._util.garbage import uncollected
from audit._util.progress import watched
from tasks.convention import Convention, Selection, first_failed
from tasks.errors import ScoringError, TooLongError, UnavailableError
from tasks.metrics.meteor import Meteor
from tasks.metrics.meteor import prepare as begin_meteor
from tasks.metrics.metric import Counts, Metric
from tasks.metrics.nltk_meteor import NltkMeteor
from tasks.metrics.spice import Spice, Spider, prepare
from tasks.row import Row
from tasks.statistics.compact import Compact, compact
from tasks.step import Value
from tasks.step_cache import ChainCache

Key = tuple[str, str]  # (metric, convention id)


@dataclass(slots=True)
class Counted:
    """The counts of some rows under one convention.

    Attributes:
        kept: Indices of the scored rows.
        skipped: The number of rows skipped by the convention's n-th selection.
        errors: The number of rows without a hypothesis, or that cannot be read.
        unreadable: (row id, reason) of the rows that cannot be read: the answer is not among the options, say.
        counts: (scored rows, columns), compact; None if the convention is unavailable.
        unavailable: Why there are no counts.
        failure: (what, row id) of a row that cannot be scored.
    """

    kept: array[int] = field(default_factory=lambda: array("i"))
    skipped: Counter[int] = field(default_factory=Counter)
    errors: int = 0
    counts: Compact | None = None
    unavailable: str | None = None
    failure: tuple[str, str | None] | None = None
    unreadable: tuple[tuple[str, str], ...] = ()

    def copy(self) -> Counted:
        """A copy; the indices are shared, because they are never modified."""
        return replace(self, skipped=Counter(self.skipped))


def count(rows: Sequence[Row], conventions: Iterable[tuple[str, Convention]]) -> dict[Key, Counted]:
    """Count rows under conventions, which share the results of chains, the counts of metrics, and programs."""
    work, chosen = _Work(ChainCache(rows)), list(conventions)
    with uncollected():  # every text and token stays to the end
        _prepare(work, [convention for _, convention in chosen])
        # METEOR's program answers meanwhile.
        order = sorted(range(len(chosen)), key=lambda at: isinstance(chosen[at][1].metric, Meteor))
        counted = {at: _count(work, chosen[at][1]) for at in order}
    return {(metric, convention.id): counted[at] for at, (metric, convention) in enumerate(chosen)}


def _prepare(work: _Work, conventions: Iterable[Convention]) -> None:
    """Give the texts of all conventions to the programs at once; what fails there for a convention, counting says."""
    available = [convention for convention in conventions if not convention.unavailable()]
    work.cache.together(
        chain
        for convention in available
        for chain in (
            (convention.hypothesis_view, convention.hypothesis),
            (convention.reference_view, convention.reference),
        )
    )
    lines, texts = dict[str, None](), dict[str, None]()
    for convention in available:
        metric = convention.metric
        if not isinstance(metric, Meteor | Spice | Spider):
            continue
        try:
            sides = _sides(work, convention, _selected(work, convention).kept)
            if isinstance(metric, Meteor):
                lines |= dict.fromkeys(metric.lines(*sides).values())
            else:
                texts |= dict.fromkeys(metric.texts(*sides))
        except (ScoringError, UnavailableError):
            continue
    if lines:
        with contextlib.suppress(UnavailableError):
            begin_meteor(lines)
    if texts:
        _parse(work, texts)


def _parse(work: _Work, texts: Iterable[str]) -> None:
    """Parse the captions of all conventions; if that fails, it fails for all of them, once."""
    with watched("SPICE: captions parsed") as watcher:
        try:
            prepare(texts, watcher)
        except UnavailableError as error:
            work.unparsed = str(error)


@dataclass(slots=True)
class _Work:
    """Results shared by conventions: processed texts, selections, counts of chains, counts of pairs."""

    cache: ChainCache
    selected: dict[Hashable, Counted] = field(default_factory=dict)
    shared: dict[Hashable, Counted] = field(default_factory=dict)
    pairs: dict[Hashable, Pairs] = field(default_factory=dict)
    unparsed: str | None = None  # why captions could not be parsed


class Pairs:
    """Counts of (hypothesis, reference) pairs under one counting key; each distinct pair is counted once.

    A pair is identified by its two objects, which the chain cache keeps alive and interns.
    """

    def __init__(self) -> None:
        self._index: dict[tuple[int, int], int] = {}
        self._counts: Counts | None = None

    def __len__(self) -> int:
        """The number of distinct pairs."""
        return len(self._index)

    def count(self, metric: Metric, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """The same as `metric.count` for these rows: (rows, columns).

        Raises:
            ScoringError, UnavailableError: As the metric raises them.
        """
        index, had = self._index, len(self._index)
        pairs = zip(map(id, hypotheses), map(id, references), strict=True)
        at = np.array([index.setdefault(pair, len(index)) for pair in pairs], dtype=np.intp)
        new = np.flatnonzero(at >= had)
        if self._counts is None or len(new):
            first = new[np.unique(at[new], return_index=True)[1]]
            try:
                made = metric.count([hypotheses[i] for i in first], [references[i] for i in first])
            except BaseException as error:
                self._index = dict(list(index.items())[:had])
                if isinstance(error, ScoringError):
                    raise error.at(first) from error
                raise
            self._counts = made if self._counts is None else np.concatenate([self._counts, made])
        return self._counts[at]


def _count(work: _Work, convention: Convention) -> Counted:
    reason = convention.unavailable()
    if reason:
        return Counted(unavailable=reason)
    if work.unparsed is not None and isinstance(convention.metric, Spice | Spider):
        return Counted(unavailable=work.unparsed)
    cache, shared = work.cache, work.shared
    found = _selected(work, convention).copy()
    if found.failure:
        return found
    sides = (convention.hypothesis_view, convention.hypothesis, convention.reference_view, convention.reference)
    key = (convention.metric.counting, *sides)
    known = None if convention.metric.whole_set else shared.get(key)
    if known is not None and known.counts is not None:
        at = _positions(found.kept, known.kept)
        if at is not None:
            found.counts = known.counts[at]
            return found
    while True:
        try:
            found.counts = compact(_counts(work, convention, found.kept))
        except TooLongError as error:
            if error.item is None:
                raise
            # A runaway output costs its row; the rest of the set stands.
            lost = {found.kept[item]: why for item, why in error.items.items()}
            found.kept = array("i", (index for index in found.kept if index not in lost))
            found.errors += len(lost)
            found.unreadable = (*found.unreadable, *((cache.rows[index].id, why) for index, why in lost.items()))
            continue
        except UnavailableError as error:
            return Counted(unavailable=error.reason)
        except ScoringError as error:
            found.failure = (error.what, error.of([cache.rows[i].id for i in found.kept]).row)
            return found
        shared[key] = found
        return found


def _selected(work: _Work, convention: Convention) -> Counted:
    cache = work.cache
    unreadable = cache.unreadable(convention.hypothesis_view, convention.reference_view)
    # Two rules may have one name, as those of judgements under two failure rules do: the function tells them apart.
    chosen = (tuple((rule, rule.keep) for rule in convention.select), tuple(unreadable.items()))
    if chosen not in work.selected:
        try:
            work.selected[chosen] = select(cache.rows, convention.select, unreadable)
        except ScoringError as error:
            work.selected[chosen] = Counted(failure=(error.what, error.row))
    return work.selected[chosen]


def _sides(work: _Work, convention: Convention, kept: array[int]) -> tuple[list[Value], list[Value]]:
    """The processed hypotheses and references of the kept rows."""
    cache = work.cache
    hypotheses = cache.values(convention.hypothesis_view, convention.hypothesis)
    references = cache.values(convention.reference_view, convention.reference)
    if len(kept) < len(cache.rows):
        hypotheses = [hypotheses[i] for i in kept]
        references = [references[i] for i in kept]
    return hypotheses, references


def _counts(work: _Work, convention: Convention, kept: array[int]) -> Counts:
    metric = convention.metric
    hypotheses, references = _sides(work, convention, kept)
    if metric.whole_set:
        return metric.count(hypotheses, references)
    return work.pairs.setdefault(metric.counting, Pairs()).count(metric, hypotheses, references)


# Rows that pay for loading nltk and WordNet once more in another process.
WORTH_NLTK = 20_000


def in_one_process(metric: Metric, rows: int) -> bool:
    """Whether a metric's rows are counted in one process.

    So are metrics that need the whole set or a Java program (one for all processors, not one for each), and those with
    libraries and data that take longer to load than this number of rows to count.
    """
    return (
        metric.whole_set or isinstance(metric, Meteor | Spice) or (isinstance(metric, NltkMeteor) and rows < WORTH_NLTK)
    )


def _positions(wanted: array[int], known: array[int]) -> slice | NDArray[np.intp] | None:
    """The positions of one selection's rows within another's; None if some are missing."""
    if wanted == known:
        return slice(None)
    if not known:
        return None
    mine, others = np.asarray(wanted), np.asarray(known)
    at = np.minimum(np.searchsorted(others, mine), len(others) - 1)
    return at if np.array_equal(others[at], mine) else None


def select(rows: Sequence[Row], rules: Sequence[Selection], unreadable: Mapping[int, str] | None = None) -> Counted:
    """Apply selection rules: the rows they keep, and how many each rule skips; without counts.

    Args:
        rows: The rows.
        rules: The rules, in order.
        unreadable: Index and reason of rows that cannot be read; no rule is applied to them.

    Raises:
        ScoringError: A rule cannot be applied to a row.
    """
    bad = unreadable or {}
    live = [index for index, row in enumerate(rows) if row.hypothesis is not None and index not in bad]
    found = Counted(errors=len(rows) - len(live), unreadable=tuple((rows[index].id, why) for index, why in bad.items()))
    for index, failed in zip(live, first_failed([rows[index] for index in live], rules), strict=True):
        if failed is None:
            found.kept.append(index)
        else:
            found.skipped[failed] += 1
    return found
