"""Scores of a prediction set under its judgements: one for each judge, convention and failure rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from audit.judge.attach import Attached, attach
from audit.scoring.cache import ScoreCache
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score, score
from tasks.convention import Convention
from tasks.judging.scored import JUDGED
from tasks.row import Row
from tasks.task import Task


@dataclass(frozen=True, slots=True)
class JudgedScore:
    """A score under one judge, convention and failure rule.

    Attributes:
        judged: The ids of the rows with a judgement, counted or not.
    """

    attached: Attached
    score: Score
    judged: frozenset[str] = frozenset()

    @property
    def counts(self) -> bool:
        """Whether it is the score of the convention itself: its own failure rule, over all rows."""
        return self.attached.own_rule and not self.attached.over_followed

    @property
    def note(self) -> str:
        """Caveats about the value."""
        item = self.attached
        parts = [f"Judge {item.model} ({item.rating.name}).", f"Replies that could not be parsed: {item.failure}."]
        if item.over_followed:
            parts.append("Rows that did not follow the instruction are excluded.")
        return " ".join([*parts, *([item.note] if item.note else [])])


def judged_scores(
    task: Task, predictions: PredictionSet, *, expected: int | None, replicates: int, cache: ScoreCache
) -> tuple[JudgedScore, ...]:
    """The scores under all judgements of a prediction set; empty without a judgement file.

    Raises:
        InputError: The judgement file is invalid.
        CheckFailedError: It is about different outputs, or contradicts its own replies.
    """
    rows, attached = attach(task, predictions.asked, predictions.path)
    if not attached:
        return ()
    # Several judges may share a convention: temporary ids keep them apart while they are scored.
    by_name = {f"{n:04}": item for n, item in enumerate(attached)}
    conventions: dict[str, list[Convention]] = defaultdict(list)
    for name, item in by_name.items():
        conventions[item.metric].append(replace(item.convention, id=name))
    # Not the declared task any more: another process could not build it.
    judged = replace(
        task, declaration=None, conventions={metric: tuple(items) for metric, items in conventions.items()}
    )
    joined = replace(predictions, rows=tuple(rows))
    found = score(joined, judged, expected=expected, replicates=replicates, cache=cache)
    return tuple(
        JudgedScore(item, replace(s, convention=item.convention), _judged(rows, item.convention))
        for s in found
        for item in [by_name[s.convention.id]]
    )


def _judged(rows: Iterable[Row], convention: Convention) -> frozenset[str]:
    """The rows that the convention's rule `judged` keeps."""
    (rule,) = (one for one in convention.select if one.name == JUDGED)
    return frozenset(row.id for row in rows if rule.keep(row))
