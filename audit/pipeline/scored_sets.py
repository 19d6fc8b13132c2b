"""Prediction sets with their scores, each held against the size of its set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit._util.progress import progress
from audit.judge.scores import JudgedScore, judged_scores
from audit.literature.reproductions import Reproduction
from audit.literature.studies import Study
from audit.scoring import predictions
from audit.scoring.cache import ScoreCache
from audit.scoring.pool import Map
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score, begin, in_turn
from tasks.registry import tasks
from tasks.task import Task


@dataclass(frozen=True, slots=True)
class Scored:
    """A prediction set with its scores under every convention, and under every judge there are judgements of."""

    predictions: PredictionSet
    scores: tuple[Score, ...]
    judged: tuple[JudgedScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sets' sizes by task: as the claims state them, else the largest that a reproduction recorded.

    Without either there is none: predictions alone cannot say how many rows of how many they are.
    """

    stated: Mapping[str, int]
    recorded: Mapping[str, int]

    def expected(self, task: str, rows: int) -> int | None:
        """The size that `rows` rows are held against; a recorded size gives way to more rows, a stated one does not."""
        if task in self.stated:
            return self.stated[task]
        return max(self.recorded[task], rows) if task in self.recorded else None

    def known(self, task: str) -> bool:
        """Whether there is a size at all."""
        return task in self.stated or task in self.recorded


def set_sizes(study: Study, reproductions: Sequence[Reproduction]) -> Sizes:
    """The sizes that claims state and that reproductions recorded."""
    recorded: dict[str, int] = {}
    for value in (v for reproduction in reproductions for v in reproduction.recorded):
        if value.total:
            recorded[value.task] = max(value.total, recorded.get(value.task, 0))
    return Sizes({c.task: c.expected_rows for c in study.claims if c.expected_rows}, recorded)


def score_sets(
    folder: Path | None,
    sizes: Sizes,
    claimed: Mapping[str, Task],
    replicates: int,
    cache: ScoreCache,
    engine: tuple[Map, int],
) -> dict[str, Scored]:
    """Score every prediction file of the claimed tasks.

    Args:
        folder: Holds `TASK.jsonl` files; None or an empty one holds none.
        sizes: How many rows each set has.
        claimed: The study's tasks, by id.
        replicates: Bootstrap replicates.
        cache: Of counts and intervals.
        engine: A map over shards and the number of shards, of `audit.scoring.pool`.

    Raises:
        InputError: A file is broken; all of them are read before anything is scored.
    """
    files = {} if folder is None else predictions.find(folder, tasks())
    files = {name: path for name, path in files.items() if name in claimed}
    # Everything is read before anything is scored: a broken file is found in seconds, not after the others' hours.
    sets = {name: predictions.load(path, claimed[name]) for name, path in files.items()}
    found: dict[str, Scored] = {}
    if not sets:
        return found
    with progress("scoring", sum(len(s.rows) for s in sets.values())) as bar:
        sized = {name: sizes.expected(name, len(rows.rows)) for name, rows in sets.items()}
        begun = (
            begin(rows, claimed[name], expected=sized[name], replicates=replicates, cache=cache, engine=engine)
            for name, rows in sets.items()
        )
        for (name, rows), scores in zip(sets.items(), in_turn(begun), strict=True):
            judged = judged_scores(claimed[name], rows, expected=sized[name], replicates=replicates, cache=cache)
            found[name] = Scored(rows, tuple(scores), judged)
            bar.advance(len(rows.rows))
    return found
