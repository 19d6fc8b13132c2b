"""Prediction sets with their scores, each checked against the size of its set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from audit._util.progress import progress
from audit.judge.scores import JudgedScore, judged_scores
from audit.literature.set_rows import IdentityReason
from audit.literature.sets import SetCard, card_of
from audit.literature.studies import Study
from audit.schema import IdentityState
from audit.scoring import predictions
from audit.scoring.cache import ScoreCache
from audit.scoring.pool import Map
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score, begin, in_turn
from audit.verdict.identity import Identity, identity
from tasks.registry import tasks
from tasks.task import Task


@dataclass(frozen=True, slots=True)
class Scored:
    """A prediction set with its identity and its scores under every convention and every judge with judgements."""

    predictions: PredictionSet
    identity: Identity
    scores: tuple[Score, ...]
    judged: tuple[JudgedScore, ...] = ()


def set_size(study: Study, task: str, cards: Mapping[str, SetCard], total: int | None = None) -> int | None:
    """The number of units in a task's set, from its card or else from the study's claims; None if neither states it.

    Args:
        study: The study, for its claims.
        task: The task's id.
        cards: By id.
        total: A recorded number of rows: selects the card's layout of this size, or else the smallest that holds them.
    """
    stated = stated_size(study, task)
    card = card_of(task, cards)
    units = [layout.units for layout in card.layouts if layout.units] if card else []
    if card is None or not units:
        return stated
    exact = next((n for n in (total, stated) if n in units), None)
    holding = card.layout_for(total or 0)
    return exact or (holding.units if holding else max(units))


def stated_size(study: Study, task: str) -> int | None:
    """The number of rows that the study's claims on a task state; None if none does."""
    return next((c.expected_rows for c in study.claims if c.task == task and c.expected_rows), None)


def official_size(task: str, cards: Mapping[str, SetCard]) -> int | None:
    """The number of units that the set's official scoring keeps; None if the card has no such selection."""
    card = card_of(task, cards)
    if card is None or card.selection is None:
        return None
    return next((layout.units for layout in card.layouts if layout.id == card.selection.layout), None)


def _known(rows: PredictionSet, card: SetCard | None, stated: int | None) -> Identity:
    """The identity; if no card states the set's size, more rows than the study states contradict the set."""
    found = identity(rows, card)
    if found.expected is not None or stated is None or found.rows <= stated:
        return found
    reason = IdentityReason(
        "units-above",
        f"{found.rows} rows, and the study says that the set has {stated}.",
        found.rows,
        stated,
        against=True,
    )
    return replace(found, state=IdentityState.CONTRADICTED, expected=stated, reasons=(reason, *found.reasons))


def score_sets(
    folder: Path | None,
    study: Study,
    cards: Mapping[str, SetCard],
    claimed: Mapping[str, Task],
    replicates: int,
    cache: ScoreCache,
    engine: tuple[Map, int],
) -> dict[str, Scored]:
    """Score every prediction file of the claimed tasks.

    Args:
        folder: Holds `TASK.jsonl` files; may be None or empty.
        study: Its claims state the size of a set without a card.
        cards: Set cards by id.
        claimed: The study's tasks, by id.
        replicates: Bootstrap replicates.
        cache: Of counts and intervals.
        engine: A map over shards and the number of shards, from `audit.scoring.pool`.

    Raises:
        InputError: A file is broken; all files are read before anything is scored.
    """
    files = {} if folder is None else predictions.find(folder, tasks())
    files = {name: path for name, path in files.items() if name in claimed}
    # Read every file before scoring: a broken file is found in seconds, not after hours of scoring the others.
    sets = {name: predictions.load(path, claimed[name]) for name, path in files.items()}
    found: dict[str, Scored] = {}
    if not sets:
        return found
    with progress("scoring", sum(len(s.rows) for s in sets.values())) as bar:
        stated = {name: stated_size(study, name) for name in sets}
        known = {name: _known(rows, card_of(name, cards), stated[name]) for name, rows in sets.items()}
        # Rows beyond the set's size are scored like the others; the identity reports that there are too many.
        sized = {name: max(known[name].expected or stated[name] or 0, len(rows.rows)) for name, rows in sets.items()}
        begun = (
            begin(rows, claimed[name], expected=sized[name], replicates=replicates, cache=cache, engine=engine)
            for name, rows in sets.items()
        )
        for (name, rows), scores in zip(sets.items(), in_turn(begun), strict=True):
            judged = judged_scores(claimed[name], rows, expected=sized[name], replicates=replicates, cache=cache)
            found[name] = Scored(rows, known[name], tuple(scores), judged)
            bar.advance(len(rows.rows))
    return found
