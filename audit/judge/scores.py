"""A prediction set's scores under its judgements: one for each judge, convention and rule for unreadable replies."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from audit.judge.attach import Attached, attach
from audit.scoring.cache import ScoreCache
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score, score
from tasks.convention import Convention
from tasks.task import Task


@dataclass(frozen=True, slots=True)
class JudgedScore:
    """A score under one judge, one convention and one rule for replies that could not be read."""

    attached: Attached
    score: Score

    @property
    def note(self) -> str:
        """What a reader must know beside the number."""
        item = self.attached
        parts = [f"Judge {item.model} ({item.rating.name}).", f"Replies that could not be read: {item.failure}."]
        if item.over_followed:
            parts.append("Rows that did not follow the instruction are left out.")
        return " ".join([*parts, *([item.note] if item.note else [])])


def judged_scores(
    task: Task, predictions: PredictionSet, *, expected: int | None, replicates: int, cache: ScoreCache
) -> tuple[JudgedScore, ...]:
    """Scores of every judgement beside a prediction set; none without a judgement file.

    Raises:
        InputError: The judgement file is not valid.
        CheckFailedError: It is about other outputs, or says another thing than its replies.
    """
    rows, attached = attach(task, predictions.rows, predictions.path)
    if not attached:
        return ()
    # Several judges answer for one convention: while they are scored, each goes by a name of its own.
    by_name = {f"{n:04}": item for n, item in enumerate(attached)}
    conventions: dict[str, list[Convention]] = defaultdict(list)
    for name, item in by_name.items():
        conventions[item.metric].append(replace(item.convention, id=name))
    judged = replace(task, conventions={metric: tuple(items) for metric, items in conventions.items()})
    joined = replace(predictions, rows=tuple(rows))
    found = score(joined, judged, expected=expected, replicates=replicates, cache=cache)
    return tuple(
        JudgedScore(item, replace(s, convention=item.convention)) for s in found for item in [by_name[s.convention.id]]
    )
