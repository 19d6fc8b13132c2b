"""Counting a shard of rows under many conventions: the part of scoring that treats rows independently.

The counts of a shard depend only on its rows, so shards can be counted anywhere and joined in order; the result does not
depend on the number of shards. Metrics that need the whole set (`Metric.whole_set`) are counted in a single shard.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tasks.convention import Convention, Selection, first_failed
from tasks.errors import ScoringError, TooLongError, UnavailableError
from tasks.metrics.metric import Counts, Metric
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
    """Count rows under conventions, which share the results of chains and the counts of metrics."""
    work = _Work(ChainCache(rows))
    return {(metric, convention.id): _count(work, convention) for metric, convention in conventions}


@dataclass(slots=True)
class _Work:
    """Results shared by conventions: processed texts, selections, counts of chains, counts of pairs."""

    cache: ChainCache
    selected: dict[Hashable, Counted] = field(default_factory=dict)
    shared: dict[Hashable, Counted] = field(default_factory=dict)
    pairs: dict[Hashable, Pairs] = field(default_factory=dict)


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
    cache, shared = work.cache, work.shared
    unreadable = cache.unreadable(convention.hypothesis_view, convention.reference_view)
    # Two rules may have one name, as those of judgements under two failure rules do: the function tells them apart.
    chosen = (tuple((rule, rule.keep) for rule in convention.select), tuple(unreadable.items()))
    if chosen not in work.selected:
        try:
            work.selected[chosen] = select(cache.rows, convention.select, unreadable)
        except ScoringError as error:
            work.selected[chosen] = Counted(failure=(error.what, error.row))
    found = work.selected[chosen].copy()
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
            # One runaway output costs its row; the rest of the set stands.
            lost = found.kept[error.item]
            found.kept = array("i", (index for index in found.kept if index != lost))
            found.errors += 1
            found.unreadable = (*found.unreadable, (cache.rows[lost].id, error.what))
            continue
        except UnavailableError as error:
            return Counted(unavailable=str(error))
        except ScoringError as error:
            found.failure = (error.what, error.of([cache.rows[i].id for i in found.kept]).row)
            return found
        shared[key] = found
        return found


def _counts(work: _Work, convention: Convention, kept: array[int]) -> Counts:
    cache, metric = work.cache, convention.metric
    hypotheses = cache.values(convention.hypothesis_view, convention.hypothesis)
    references = cache.values(convention.reference_view, convention.reference)
    if len(kept) < len(cache.rows):
        hypotheses = [hypotheses[i] for i in kept]
        references = [references[i] for i in kept]
    if metric.whole_set:
        return metric.count(hypotheses, references)
    return work.pairs.setdefault(metric.counting, Pairs()).count(metric, hypotheses, references)


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


def join(parts: Sequence[tuple[int, Counted]]) -> Counted:
    """Join the results of shards in order.

    Args:
        parts: (index of the shard's first row, its result), in order.
    """
    whole = Counted()
    pieces = []
    for offset, part in parts:
        if part.unavailable or part.failure:
            return part
        whole.kept.extend(array("i", (np.asarray(part.kept, dtype=np.int32) + np.int32(offset)).tobytes()))
        whole.skipped += part.skipped
        whole.errors += part.errors
        whole.unreadable += part.unreadable
        assert part.counts is not None
        pieces.append(part.counts)
    whole.counts = np.concatenate(pieces)
    return whole
