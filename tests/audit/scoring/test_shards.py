"""Shared work, shards, processes and the cache: never another result, never the same work twice."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.errors import InputError
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring import pool as engines
from audit.scoring.cache import ScoreCache
from audit.scoring.counting import count
from audit.scoring.joining import Joining
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score, Scoring, begin, in_turn, score
from tasks.convention import Convention, View
from tasks.metrics.metric import Counts
from tasks.row import Row
from tasks.statistics.bootstrap import percentile_interval, replicates, weights
from tasks.step import Step
from tasks.step_cache import ChainCache
from tests.support.paths import ROOT

TASK = tasks()["asr-gigaspeech"]
WORDS = [
    "Twenty five",
    "colour",
    "don't",
    "Mr. Smith",
    "one",
    "uh",
    "<COMMA>",
    "$20.50",
    "well-known",
    "ok",
    "東京",
    "ありがとう",
    "",
]


def rows(number: int, seed: int = 0) -> tuple[Row, ...]:
    draw = np.random.default_rng(seed)
    texts = [" ".join(draw.choice(WORDS, size=int(draw.integers(0, 9)))) for _ in range(2 * number)]
    return tuple(
        Row(f"{i:06}", texts[i] + ("</s>" if i % 5 else ""), texts[i] if i % 3 else texts[number + i], bool(i % 5))
        for i in range(number)
    )


def prediction_set(items: tuple[Row, ...], digest: str = "0" * 64) -> PredictionSet:
    return PredictionSet(TASK.id, items, PredictionMeta(TASK.id, "made up", "13b"), Path("x.jsonl"), digest, "0" * 64)


def plain(scores: list[Score]) -> list[Any]:
    return [
        (
            s.metric,
            s.convention.id,
            s.exact,
            s.interval,
            s.account,
            s.ids,
            None if s.counts is None else s.counts.tolist(),
        )
        for s in scores
    ]


CHOSEN = [(m, c) for m, items in TASK.conventions.items() for c in items]


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_shards_put_together_are_the_whole(shards: int) -> None:
    items = rows(101)
    whole = count(items, CHOSEN)
    bounds = [len(items) * n // shards for n in range(shards + 1)]
    joining = Joining(len(items), list(whole))
    for a, b in itertools.pairwise(bounds):
        joining.add(a, count(items[a:b], CHOSEN))
    joined = joining.joined()
    assert list(joined) == list(whole)
    for key, expected in whole.items():
        found = joined[key]
        assert found.kept == expected.kept
        assert found.skipped == expected.skipped
        assert (found.errors, found.unavailable) == (expected.errors, expected.unavailable)
        if expected.counts is None:
            assert found.counts is None
        else:
            assert found.counts is not None
            assert np.array_equal(found.counts, expected.counts)
    assert sum(expected.counts is not None for expected in whole.values()) > 10


def test_two_processes_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.scoring.score.WORTH_A_PROCESS", 10)
    items = prediction_set(rows(300))
    alone = plain(score(items, TASK, replicates=100))
    with engines.engine("local", 2) as engine:
        assert engine[1] == 2
        assert plain(score(items, TASK, replicates=100, engine=engine)) == alone


def test_without_semaphores_one_process_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: Any, **options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("audit.scoring.score.WORTH_A_PROCESS", 10)
    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", refused)
    items = prediction_set(rows(60))
    with engines.engine("local", 2) as engine:
        assert plain(score(items, TASK, replicates=20, engine=engine)) == plain(score(items, TASK, replicates=20))


def test_ray_gives_what_one_process_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="needs Ray (pip install repro-audit[ray])")
    monkeypatch.setattr("audit.scoring.score.WORTH_A_PROCESS", 10)
    items = prediction_set(rows(60))
    alone = plain(score(items, TASK, replicates=20))
    with engines.engine("ray", 2) as engine:
        assert plain(score(items, TASK, replicates=20, engine=engine)) == alone


def sides(convention: Convention) -> tuple[tuple[View, tuple[Step, ...]], ...]:
    return (
        (convention.hypothesis_view, convention.hypothesis),
        (convention.reference_view, convention.reference),
    )


def counting(step: Step, calls: Counter[tuple[str, Any]]) -> Step:
    """The same step, which counts every text that it is given, one by one or many at once."""

    def run(value: Any) -> Any:
        calls[step.signature, value] += 1
        return step(value)

    def run_many(values: Any) -> Any:
        assert step.batch is not None
        calls.update((step.signature, value) for value in values)
        return step.batch(values)

    # Another version: what is loaded for a step is kept by name and version.
    version = f"{step.version} counted {id(calls)}"
    return Step(step.name, version, lambda: run, step.sources, step.kind, run_many if step.batch else None)


@pytest.mark.parametrize("task", ["asr-gigaspeech", "st-en-zh", "st-en-de"])
def test_every_step_is_run_once_on_every_text(task: str) -> None:
    """Operation counts, not time: however many conventions use a step, it sees a text once."""
    calls: Counter[tuple[str, Any]] = Counter()
    items = rows(200)
    counted = [
        (
            metric,
            replace(
                convention,
                hypothesis=tuple(counting(step, calls) for step in convention.hypothesis),
                reference=tuple(counting(step, calls) for step in convention.reference),
            ),
        )
        for metric, conventions in tasks()[task].conventions.items()
        for convention in conventions
        if not convention.unavailable()
    ]
    count(items, counted)
    assert set(calls.values()) == {1}
    applied = sum(len(c.hypothesis) + len(c.reference) for _, c in counted)
    assert len(calls) < 200 * applied / 2
    # That the count would show a text given twice:
    count(items, counted[:1])
    assert set(calls.values()) == {1, 2}


def test_a_chains_cache_counts_what_it_computes() -> None:
    calls: Counter[tuple[str, Any]] = Counter()
    chains = [(view, tuple(counting(s, calls) for s in steps)) for _, c in CHOSEN for view, steps in sides(c)]
    cache = ChainCache(rows(50))
    for _ in range(2):
        for view, steps in chains:
            cache.values(view, steps)
    assert set(calls.values()) == {1}
    assert sum(calls.values()) == sum(cache.computed.values())


def test_a_chain_gives_what_its_steps_give_one_after_the_other() -> None:
    items = rows(60)
    cache = ChainCache(items)
    for _, convention in CHOSEN:
        for view, steps in sides(convention):
            for row, found in zip(items, cache.values(view, steps), strict=True):
                value = view.take(row)
                for step in steps:
                    value = step(value)
                assert found == value


@pytest.mark.parametrize("rows_before", [0, 7])
def test_a_text_that_a_step_cannot_take_names_its_row(rows_before: int) -> None:
    """Once for both rows that hold it: the first is named, and the file."""
    bad = [Row(name, "the " + "1" * 100_001, "one", True) for name in ("bad", "again")]
    with pytest.raises(InputError, match="cannot read a number") as raised:
        score(prediction_set((*rows(rows_before), *bad, *rows(3))), TASK, conventions=["nota"], replicates=0)
    assert raised.value.where == "x.jsonl: row bad"
    assert "nota" in (raised.value.fix or "")
    long = (Row("long", "1" * 4301, "1" * 4301, True),)
    (found,) = score(prediction_set(long), TASK, conventions=["nota"], replicates=0)
    assert found.exact == 0


class Calls:
    """Counts how often rows are counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.conventions: list[str] = []
        original = count

        def counted(items: Any, conventions: Any) -> Any:
            conventions = list(conventions)
            self.conventions += [c.id for _, c in conventions]
            return original(items, conventions)

        monkeypatch.setattr("audit.scoring.score.count", counted)


def test_a_second_run_counts_nothing_and_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    items = prediction_set(rows(50))
    cold = plain(score(items, TASK, replicates=50, cache=ScoreCache(tmp_path)))
    available = [c.id for _, c in CHOSEN if not c.unavailable()]
    assert calls.conventions == available
    warm = plain(score(items, TASK, replicates=50, cache=ScoreCache(tmp_path)))
    assert calls.conventions == available
    assert warm == cold == plain(score(items, TASK, replicates=50))
    assert calls.conventions == available * 2


def test_a_second_run_starts_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for conventions that are unavailable either."""
    monkeypatch.setattr("audit.scoring.score.WORTH_A_PROCESS", 10)
    items = prediction_set(rows(50))
    cold = plain(score(items, TASK, replicates=50, cache=ScoreCache(tmp_path)))

    def refused(work: Any) -> Any:
        raise AssertionError("a worker was asked for")

    assert plain(score(items, TASK, replicates=50, cache=ScoreCache(tmp_path), engine=(refused, 2))) == cold


def test_sets_begun_ahead_give_what_each_gives_alone(tmp_path: Path) -> None:
    sets = [prediction_set(rows(number, number), str(number) * 64) for number in (5, 7, 3, 9)]
    begun: list[int] = []

    def starting() -> Iterator[Scoring]:
        for items in sets:
            begun.append(len(items.rows))
            yield begin(items, TASK, replicates=20, cache=ScoreCache(tmp_path))

    found = []
    for scores in in_turn(starting()):
        found.append(plain(scores))
        assert len(begun) == min(len(found) + 1, len(sets))
    assert found == [plain(score(items, TASK, replicates=20)) for items in sets]


def test_only_what_changed_is_counted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = prediction_set(rows(50))
    cache = ScoreCache(tmp_path)
    score(items, TASK, replicates=50, cache=cache)
    calls = Calls(monkeypatch)
    real = Convention.hash.fget  # type: ignore[attr-defined]
    monkeypatch.setattr(Convention, "hash", property(lambda c: "changed" if c.id == "audiobench" else real(c)))
    score(items, TASK, replicates=50, cache=cache)
    assert calls.conventions == ["audiobench"]
    calls.conventions.clear()
    score(prediction_set(rows(50), digest="1" * 64), TASK, replicates=50, cache=cache)
    assert calls.conventions == [c.id for _, c in CHOSEN if not c.unavailable()]


def test_other_bootstrap_settings_are_other_entries(tmp_path: Path) -> None:
    items, cache = prediction_set(rows(50)), ScoreCache(tmp_path)
    first = plain(score(items, TASK, replicates=50, cache=cache))
    assert plain(score(items, TASK, replicates=80, cache=cache)) == plain(score(items, TASK, replicates=80)) != first


def test_a_damaged_or_deleted_entry_is_no_entry(tmp_path: Path) -> None:
    items = prediction_set(rows(50))
    expected = plain(score(items, TASK, replicates=50, cache=ScoreCache(tmp_path)))
    files = sorted(p for p in tmp_path.rglob("*") if p.is_file())
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-7])
    raw = bytearray(files[2].read_bytes())
    raw[60] ^= 1
    files[2].write_bytes(raw)
    files[3].write_bytes(b"")
    assert plain(score(items, TASK, replicates=50, cache=ScoreCache(tmp_path))) == expected


def test_a_cache_that_cannot_be_written_to_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    items = prediction_set(rows(20))
    cache = ScoreCache(tmp_path / "file")
    assert plain(score(items, TASK, replicates=0, cache=cache)) == plain(score(items, TASK, replicates=0))


def test_two_runs_at_once_share_a_cache(tmp_path: Path) -> None:
    items = prediction_set(rows(50))
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(lambda: plain(score(items, TASK, replicates=50, cache=ScoreCache(tmp_path)))) for _ in range(4)
        ]
        results = [run.result() for run in runs]
    assert results == [plain(score(items, TASK, replicates=50))] * 4
    assert not [p for p in tmp_path.rglob("*") if p.name.endswith(".tmp")]


def test_a_killed_run_leaves_no_broken_entry(tmp_path: Path) -> None:
    """A run that is killed while it writes entries; the next one takes what is whole and does the rest."""
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.audit.scoring import test_shards as t
from audit.scoring.cache import ScoreCache
from pathlib import Path
done = 0
class Killed(ScoreCache):
    def put(self, key, entry):
        global done
        super().put(key, entry)
        done += 1
        if done == 5:
            os.kill(os.getpid(), signal.SIGKILL)
t.score(t.prediction_set(t.rows(50)), t.TASK, replicates=50, cache=Killed(Path({str(tmp_path)!r})))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, env=None)
    assert done.returncode == -9
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 5
    items = prediction_set(rows(50))
    assert plain(score(items, TASK, replicates=50, cache=ScoreCache(tmp_path))) == plain(
        score(items, TASK, replicates=50)
    )


def _values(counts: Counts, metric: Any, number: int) -> np.ndarray:
    return replicates(metric, counts, list(weights(len(counts), number)))


def test_chunks_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    items = rows(80)
    results = count(items, CHOSEN)
    for metric, convention in CHOSEN:
        counts = results[metric, convention.id].counts
        if counts is None or not len(counts):
            continue
        monkeypatch.setattr("tasks.statistics.bootstrap._CHUNK_BYTES", 2**20)
        one = _values(counts, convention.metric, 64)
        monkeypatch.setattr("tasks.statistics.bootstrap._CHUNK_BYTES", 8 * len(counts) * 3)
        many = _values(counts, convention.metric, 64)
        assert one.tobytes() == many.tobytes(), convention.id
        assert percentile_interval(one) == percentile_interval(many)


@pytest.mark.parametrize("task", ["asr-gigaspeech", "st-en-ja"])
def test_the_same_pair_is_counted_once(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Operation counts: a hypothesis beside a reference is counted once, whatever conventions it comes from."""
    chosen = [(m, c) for m, items in tasks()[task].conventions.items() for c in items if not c.unavailable()]
    calls: Counter[Any] = Counter()
    for kind in {type(c.metric) for _, c in chosen}:
        real = kind.count

        def counting(self: Any, hypotheses: Any, references: Any, real: Any = real) -> Counts:
            calls.update((self.counting, *pair) for pair in zip(hypotheses, references, strict=True))
            return real(self, hypotheses, references)

        monkeypatch.setattr(kind, "count", counting)
    shared = count(rows(40), chosen)
    assert set(calls.values()) == {1}
    assert len(calls) < 40 * len({(c.metric.counting, *sides(c)) for _, c in chosen})
    monkeypatch.undo()
    for metric, convention in chosen:
        alone = count(rows(40), [(metric, convention)])[metric, convention.id]
        together = shared[metric, convention.id]
        assert (together.kept, together.skipped) == (alone.kept, alone.skipped)
        assert together.counts is not None
        assert np.array_equal(together.counts, alone.counts)
