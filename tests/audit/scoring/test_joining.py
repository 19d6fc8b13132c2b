"""Shards are joined as they come: equal to all of them at once, and no more parts in memory than need be."""

from __future__ import annotations

import itertools
import random
import weakref
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring import pool
from audit.scoring.counting import Counted, Key
from audit.scoring.joining import Joining
from audit.scoring.score import score
from tests.audit.scoring.test_shards import TASK, plain, prediction_set, rows

FIRST, SECOND, THIRD = ("wer", "first"), ("wer", "second"), ("wer", "third")
# By the numbers that need it, the types of counts.
KINDS = [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.int64]


def part(*kept: int, kind: Any = np.uint8, **more: Any) -> Counted:
    """A shard's result; its counts say which of its rows they are."""
    counts = np.array([[index + 1, 2] for index in kept], dtype=kind).reshape(len(kept), 2)
    return Counted(array("i", kept), counts=counts, **more)


def joined(parts: Iterable[dict[Key, Counted]], of_a_shard: int = 4) -> dict[Key, Counted]:
    given = list(parts)
    joining = Joining(of_a_shard * len(given), list(given[0]))
    for number, one in enumerate(given):
        joining.add(of_a_shard * number, one)
    return joining.joined()


@pytest.mark.parametrize("seed", range(8))
def test_counts_are_those_of_all_parts_put_together(seed: int) -> None:
    """Bytes and types: also if a later part needs a wider type, and if a shard has no rows."""
    draw = random.Random(seed)
    parts = [
        part(*sorted(draw.sample(range(4), draw.randint(0, 4))), kind=draw.choice(KINDS[: 1 + seed])) for _ in range(9)
    ]
    found = joined({FIRST: one} for one in parts)[FIRST]
    expected = np.concatenate([one.counts for one in parts if one.counts is not None])
    assert found.counts is not None
    assert (found.counts.dtype, found.counts.shape) == (expected.dtype, expected.shape)
    assert found.counts.tobytes() == expected.tobytes()
    assert found.kept.tolist() == [4 * number + index for number, one in enumerate(parts) for index in one.kept]


@pytest.mark.parametrize(("before", "after"), list(itertools.product(KINDS, KINDS)))
def test_a_wider_type_holds_what_was_joined_before(before: Any, after: Any) -> None:
    low, high = np.iinfo(before), np.iinfo(after)
    given = [np.array([[low.min, low.max]], dtype=before), np.array([[high.min, high.max]], dtype=after)]
    found = joined([{FIRST: Counted(array("i", [0]), counts=one)} for one in given])[FIRST].counts
    assert found is not None
    assert found.tolist() == [one.tolist()[0] for one in given]
    assert found.dtype == np.concatenate(given).dtype


def test_everything_else_is_added_up_in_order() -> None:
    parts = [
        part(0, 3, skipped=Counter({2: 1}), errors=1, unreadable=(("b", "no"),)),
        part(1, skipped=Counter({0: 2, 2: 1}), unreadable=(("a", "neither"), ("c", "nor"))),
    ]
    found = joined({FIRST: one} for one in parts)[FIRST]
    assert list(found.skipped.items()) == [(2, 2), (0, 2)]
    assert found.errors == 1
    assert found.unreadable == (("b", "no"), ("a", "neither"), ("c", "nor"))


def test_conventions_share_their_rows_as_long_as_they_keep_the_same() -> None:
    parts = [
        {FIRST: part(0, 1), SECOND: part(0, 1), THIRD: part(0, 1)},
        {FIRST: part(2), SECOND: part(2), THIRD: part(3)},
        {FIRST: part(0), SECOND: part(0), THIRD: part(0)},
    ]
    found = joined(parts)
    assert found[FIRST].kept is found[SECOND].kept
    assert found[FIRST].kept.tolist() == [0, 1, 6, 8]
    assert found[THIRD].kept.tolist() == [0, 1, 7, 8]


@pytest.mark.parametrize("what", [{"failure": ("no number", "row 7")}, {"unavailable": "no Java"}])
def test_the_first_part_without_counts_is_the_result(what: dict[str, Any]) -> None:
    first, second = Counted(**what), Counted(failure=("another", "row 9"))
    parts = [
        {FIRST: part(0), SECOND: part(0)},
        {FIRST: first, SECOND: part(1)},
        {FIRST: second, SECOND: part(2)},
        {FIRST: part(3), SECOND: part(3)},
    ]
    found = joined(parts)
    assert list(found) == [FIRST, SECOND]
    assert found[FIRST] is first
    assert found[SECOND].kept.tolist() == [0, 5, 10, 15]


def test_a_part_is_gone_before_the_next_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.scoring.score.SHARD_ROWS", 10)
    alive: list[weakref.ref[Any]] = []
    held: list[int] = []

    def mapping(work: Iterable[pool.Work]) -> Iterator[dict[Key, Counted]]:
        for item in work:
            held.append(sum(one() is not None for one in alive))
            # In a list, from which it is taken: this function keeps nothing either.
            made = [pool.count_work(item)]
            alive.extend(weakref.ref(one.counts) for one in made[0].values() if one.counts is not None)
            yield made.pop()

    items = prediction_set(rows(200))
    assert plain(score(items, TASK, replicates=20, engine=(mapping, 2))) == plain(score(items, TASK, replicates=20))
    assert len(held) == 20
    assert len(alive) > 20
    assert set(held) == {0}


class Executor:
    """A pool of processes whose results all come the other way round, and late: when the first of them is waited for."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Any, Any, Any]] = []
        self.most = self.submitted = 0

    def submit(self, function: Any, item: Any) -> Any:
        made = Answer(self)
        self.waiting.append((made, function, item))
        self.submitted += 1
        self.most = max(self.most, len(self.waiting))
        return made

    def work(self) -> None:
        for future, function, item in reversed(self.waiting):
            if not future.done():
                future.set_result(function(item))

    def taken(self, future: Any) -> None:
        self.waiting = [one for one in self.waiting if one[0] is not future]

    def shutdown(self, **_options: Any) -> None:
        pass


class Answer(Future[Any]):
    def __init__(self, executor: Executor) -> None:
        super().__init__()
        self.executor = executor

    def result(self, timeout: float | None = None) -> Any:
        self.executor.work()
        self.executor.taken(self)
        return super().result(timeout)


def test_processes_hold_few_parts_and_their_order_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    executor = Executor()
    monkeypatch.setattr(pool, "pool", lambda _number: executor)
    monkeypatch.setattr(pool, "_AHEAD_HERE", 5)
    monkeypatch.setattr(pool, "_AHEAD", 2)
    monkeypatch.setattr("audit.scoring.score.SHARD_ROWS", 10)
    monkeypatch.setattr("audit.scoring.score.WORTH_A_PROCESS", 10)
    items = prediction_set(rows(200))
    with pool.engine("local", 2) as engine:
        found = plain(score(items, TASK, replicates=20, engine=engine))
    assert found == plain(score(items, TASK, replicates=20))
    assert executor.submitted == 20
    assert executor.most == 5


@pytest.mark.parametrize("workers", [2, 40])
def test_processes_have_shards_for_all_of_them_before_the_first_is_asked_for(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = Executor()
    monkeypatch.setattr(pool, "pool", lambda _number: executor)
    declaration = tasks()[TASK.id].declaration
    assert declaration is not None
    with pool.engine("local", workers) as (mapping, _):
        mapping((declaration, (), ()) for _ in range(1000))
    assert 2 * workers < executor.submitted < 1000
