"""Where a cold run's processor time goes, and the least that each stage could take on this machine.

The floor of a stage is computed from what it cannot avoid (bytes read, integers sorted, numbers drawn, products summed),
each at the speed at which this machine does that one thing alone. It says how much could be won at most, not that it can be.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from audit._util.garbage import uncollected
from audit.scoring.counting import Pairs, select
from tasks.convention import Convention
from tasks.metrics.chrf import CHARACTERS, Chrf
from tasks.row import Row
from tasks.statistics.bootstrap import draws
from tasks.statistics.compact import compact, wide
from tasks.statistics.defaults import REPLICATES, SEED
from tasks.statistics.paired import Part, replicates_together
from tasks.step import Step, Value
from tasks.step_cache import ChainCache

READ = "clean, normalise, tokenise"
SELECT = "select rows"
NGRAMS = "count n-grams"
ALIGN = "align words"
DRAW = "draw resamples"
FOLD = "fold replicates"


class Clock:
    """Processor seconds by stage, and the floors beside them."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.floor: defaultdict[str, float] = defaultdict(float)
        self.work: defaultdict[str, int] = defaultdict(int)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add what happens inside to a stage."""
        start = time.process_time()
        yield
        self.spent[name] += time.process_time() - start


def rate(do: Callable[[], Any], operations: int) -> float:
    """Seconds an operation, the best of five."""
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        do()
        best = min(best, time.process_time() - start)
    return best / operations


class Machine:
    """How fast this machine does the things that cannot be avoided."""

    def __init__(self) -> None:
        draw = np.random.Generator(np.random.PCG64(SEED))
        numbers = draw.integers(0, 2**62, 2**15)
        self.sort = rate(lambda: np.sort(numbers), len(numbers))
        self.draw = rate(lambda: draw.integers(0, 15_000, 10**6), 10**6)
        drawn = draw.integers(0, 15_000, 10**6)
        self.tally = rate(lambda: np.bincount(drawn, minlength=15_000), 10**6)
        square = draw.random((1000, 1000), dtype=np.float32)
        self.multiply = rate(lambda: square @ square, 10**9)
        table = {str(n): n for n in range(8000)}
        words = [str(n) for n in drawn[:100_000] % 8000]
        self.look_up = rate(lambda: list(map(table.__getitem__, words)), len(words))


class TimedCache(ChainCache):
    """A cache that also notes the processor seconds and the number of texts of every step, by name."""

    def __init__(self, rows: Sequence[Row], steps: dict[str, list[float]]) -> None:
        super().__init__(rows)
        self.steps = steps
        self._given: defaultdict[Step, list[Sequence[Value]]] = defaultdict(list)

    def given(self) -> Iterator[list[str]]:
        """The texts that each step was given, each of them once, as no step needs one a second time."""
        for parts in self._given.values():
            yield [text for text in dict.fromkeys(chain.from_iterable(parts)) if isinstance(text, str)]

    def _made(self, step: Step, texts: Sequence[Value]) -> list[Value]:
        self._given[step].append(texts)
        start = time.process_time()
        made = super()._made(step, texts)
        found = self.steps.setdefault(step.name, [0.0, 0])
        found[0] += time.process_time() - start
        found[1] += len(texts)
        return made


def measure(
    sets: Mapping[str, tuple[Sequence[Row], list[Convention]]], steps: dict[str, list[float]] | None = None
) -> dict[str, dict[str, float]]:
    """Every stage's processor seconds, floor and number of operations, in one process.

    Args:
        sets: Rows and their conventions, by name.
        steps: Takes the processor seconds and the number of texts of every step of `READ`, by its name.
    """
    steps = {} if steps is None else steps
    clock, machine = Clock(), Machine()
    drawn = 0
    for rows, conventions in sets.values():
        with uncollected():  # as `audit.scoring.counting.count`
            _one(TimedCache(rows, steps), conventions, clock, machine, again=len(rows) == drawn)
        drawn = len(rows)
    return {
        name: {"spent": clock.spent[name], "floor": clock.floor[name], "work": clock.work[name]} for name in clock.spent
    }


def _one(cache: ChainCache, conventions: list[Convention], clock: Clock, machine: Machine, *, again: bool) -> None:
    """One set's stages, as `audit.scoring` takes them; `again` if the last set had as many rows."""
    rows = cache.rows
    pairs: defaultdict[Any, Pairs] = defaultdict(Pairs)
    selected: dict[Any, Any] = {}
    found = []
    columns = set()
    for convention in conventions:
        if convention.select not in selected:
            with clock.stage(SELECT):
                selected[convention.select] = select(rows, convention.select).kept
            clock.work[SELECT] += len(rows)
            clock.floor[SELECT] += rate(lambda: [row.hypothesis is None for row in rows], 1)
        kept = selected[convention.select]
        with clock.stage(READ):
            sides = [
                cache.values(convention.hypothesis_view, convention.hypothesis),
                cache.values(convention.reference_view, convention.reference),
            ]
        characters = isinstance(convention.metric, Chrf)
        stage = NGRAMS if characters or convention.metric.id == "bleu" else ALIGN
        counting = pairs[convention.metric.counting]
        before = len(counting)
        with clock.stage(stage):
            counts = compact(counting.count(convention.metric, *sides)[np.asarray(kept)])
        if characters:
            # Its n-grams are of characters; those of words, of chrF++, are left out of the floor.
            sides = [[tuple("".join(str(value).split())) for value in side] for side in sides]
        orders = CHARACTERS if characters else 4
        _count_floor(stage, sides, (len(counting) - before) / len(rows), clock, machine, orders)
        found.append(Part(convention.metric, counts, kept))
        columns.update((kept.tobytes(), column.tobytes()) for column in convention.metric.terms(wide(counts)).T)
    for given in cache.given():
        clock.work[READ] += sum(len(text.encode("utf-8", "surrogatepass")) for text in given)
        clock.floor[READ] += rate(partial(_pass, given), 1)
    with clock.stage(DRAW):
        for _ in draws(len(rows), REPLICATES, SEED):
            pass
    with clock.stage(FOLD):
        replicates_together(found, len(rows), REPLICATES, SEED)
    if not again:  # Sets of one size share their draws.
        clock.work[DRAW] += len(rows) * REPLICATES
        clock.floor[DRAW] += len(rows) * REPLICATES * (machine.draw + machine.tally)
    products = len(columns) * len(rows) * REPLICATES
    clock.work[FOLD] += products
    clock.floor[FOLD] += products * machine.multiply


def _pass(texts: list[str]) -> None:
    for _ in map(str.lower, texts):
        pass


def _count_floor(
    stage: str, sides: Sequence[Sequence[Any]], new: float, clock: Clock, machine: Machine, orders: int
) -> None:
    """Add the floor of counting the share of these rows that no convention before had."""
    lengths = [len(value) if isinstance(value, tuple) else len(value.split()) for side in sides for value in side]
    tokens = round(new * sum(lengths))
    if stage == NGRAMS:
        grams = round(new * sum(max(n - order, 0) for n in lengths for order in range(orders)))
        clock.work[stage] += grams
        clock.floor[stage] += grams * machine.sort + tokens * machine.look_up
    else:
        clock.work[stage] += tokens
        clock.floor[stage] += tokens * machine.look_up
