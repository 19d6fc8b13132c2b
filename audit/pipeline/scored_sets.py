"""Prediction sets with their scores, each checked against the size of its set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from audit._util.progress import progress
from audit.judge.scores import JudgedScore, judged_scores
from audit.literature.known_tasks import known_tasks
from audit.literature.set_rows import IdentityReason
from audit.literature.sets import SetCard, card_of
from audit.literature.studies import Study
from audit.literature.study_tasks import Subset
from audit.schema import IdentityState
from audit.scoring import predictions
from audit.scoring.cache import ScoreCache
from audit.scoring.pool import Map
from audit.scoring.predictions import PredictionSet, split_name
from audit.scoring.score import Score, begin, in_turn
from audit.verdict.identity import Identity, identity
from tasks.task import Task

# The reason why the identity of a part is unknown.
PART_BY_FIELD = "part-by-field"


@dataclass(frozen=True, slots=True)
class Scored:
    """A prediction set with its identity and its scores under every convention and every judge with judgements.

    Attributes:
        subset: The part of the set that the rows are, by its name; None for the whole set.
    """

    predictions: PredictionSet
    identity: Identity
    scores: tuple[Score, ...]
    judged: tuple[JudgedScore, ...] = ()
    subset: str | None = None


def set_size(study: Study, task: str, cards: Mapping[str, SetCard], total: int | None = None) -> int | None:
    """The number of units in a task's set, from its card or else from the study's claims; None if neither states it.

    Args:
        study: The study, for its tasks and claims.
        task: The task's id.
        cards: By id.
        total: A recorded number of rows: selects the card's layout of this size, or else the smallest that holds them.
    """
    stated = stated_size(study, task)
    card = card_of(study.tasks[task], cards)
    units = [layout.units for layout in card.layouts if layout.units] if card else []
    if card is None or not units:
        return stated
    exact = next((n for n in (total, stated) if n in units), None)
    holding = card.layout_for(total or 0)
    return exact or (holding.units if holding else max(units))


def stated_size(study: Study, task: str) -> int | None:
    """The number of rows that the study's claims on a task's whole set state; None if none does."""
    return next(
        (c.expected_rows for c in study.claims if c.task == task and c.subset is None and c.expected_rows), None
    )


def official_size(study: Study, task: str, cards: Mapping[str, SetCard]) -> int | None:
    """The number of units that the set's official scoring keeps; None if the card has no such selection."""
    card = card_of(study.tasks[task], cards)
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
    replicates: int,
    cache: ScoreCache,
    engine: tuple[Map, int],
) -> dict[str, Scored]:
    """Score every prediction file of the study's tasks, and every part of a set that a claim is about.

    Args:
        folder: Holds `TASK.jsonl` and `TASK@RUN.jsonl` files; may be None or empty.
        study: Its tasks; its claims state the size of a set without a card.
        cards: Set cards by id.
        replicates: Bootstrap replicates.
        cache: Of counts and intervals.
        engine: A map over shards and the number of shards, from `audit.scoring.pool`.

    Returns:
        By `TASK` or `TASK@RUN`, with `.SUBSET` for a part of the set.

    Raises:
        InputError: A file is broken; all files are read before anything is scored.
    """
    files = {} if folder is None else predictions.find(folder, _tasks_of(folder, study))
    files = {name: path for name, path in files.items() if split_name(name)[0] in study.tasks}
    # Read every file before scoring: a broken file is found in seconds, not after hours of scoring the others.
    sets = {name: predictions.load(path, study.tasks[split_name(name)[0]]) for name, path in files.items()}
    found: dict[str, Scored] = {}
    if not sets:
        return found
    parts = [part for name, rows in sets.items() for part in _parts(name, rows, study, cards)]
    with progress("scoring", sum(len(part.rows.rows) for part in parts)) as bar:
        begun = (
            begin(
                part.rows,
                part.task,
                expected=part.expected,
                metrics=part.metrics,
                replicates=replicates,
                cache=cache,
                engine=engine,
            )
            for part in parts
        )
        for part, scores in zip(parts, in_turn(begun), strict=True):
            judged = judged_scores(part.task, part.rows, expected=part.expected, replicates=replicates, cache=cache)
            found[part.name] = Scored(part.rows, part.identity, tuple(scores), judged, part.subset)
            bar.advance(len(part.rows.rows))
    return found


def _tasks_of(folder: Path, study: Study) -> Mapping[str, Task]:
    """The study's tasks; those of all studies at hand only if a file has the name of a task that is not the study's.

    Such a file is left out if another study declares the task; otherwise the name is a mistake.
    """
    there = [folder] if folder.is_file() else folder.iterdir() if folder.is_dir() else ()
    names = {split_name(path.name.partition(".")[0])[0] for path in there}
    return study.tasks if names <= study.tasks.keys() else {**known_tasks(), **study.tasks}


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows to score: of a whole file, or of a part of its set.

    Attributes:
        metrics: Those that the study claims for the task; `repro-audit score` computes the others.
        expected: The number of rows of the whole part. Rows beyond it are scored like the others; the identity reports them.
    """

    name: str
    rows: PredictionSet
    task: Task
    identity: Identity
    expected: int
    metrics: tuple[str, ...]
    subset: str | None = None


def _parts(name: str, rows: PredictionSet, study: Study, cards: Mapping[str, SetCard]) -> Iterator[_Part]:
    task = study.tasks[rows.task]
    stated = stated_size(study, rows.task)
    known = _known(rows, card_of(task, cards), stated)
    whole = max(known.expected or stated or 0, len(rows.rows))
    metrics = tuple(dict.fromkeys(c.metric for c in study.claims if c.task == task.id)) or tuple(task.conventions)
    yield _Part(name, rows, task, known, whole, metrics)
    for part, rule in study.subsets.get(rows.task, {}).items():
        claims = study.on(rows.task, rows.run, part)
        kept = tuple(row for row in rows.rows if rule.holds(row))
        if not claims or not kept:
            continue
        units = rule.units or next((c.expected_rows for c in claims if c.expected_rows), None)
        # Without a stated size, every row that the file lacks, or that lacks the field, may belong to this part.
        unstated = sum(not rule.stated(row) for row in rows.rows)
        expected = max(units or len(kept) + unstated + whole - len(rows.rows), len(kept))
        own = _of_part(known, part, rule, len(kept), units)
        inside = replace(rows, rows=kept, part=part)
        of_part = tuple(dict.fromkeys(c.metric for c in claims))
        yield _Part(f"{name}.{part}", inside, task, own, expected, of_part, part)


def _of_part(known: Identity, part: str, rule: Subset, rows: int, units: int | None) -> Identity:
    """The identity of a part: unknown, because the prediction file says which rows belong to it and no card does.

    Rows that contradict the whole set, or more rows than the part has, contradict the part.
    """
    if units is not None and rows > units:
        text = f"{rows} rows of the part {part}, and the study says that it has {units}."
        above = IdentityReason("units-above", text, rows, units, against=True)
        return replace(known, state=IdentityState.CONTRADICTED, reasons=(above, *known.reasons))
    if known.contradicted:
        return known
    text = f"{rule.sentence(part)} The prediction file alone says which rows these are."
    return replace(known, state=IdentityState.UNKNOWN, reasons=(*known.reasons, IdentityReason(PART_BY_FIELD, text)))
