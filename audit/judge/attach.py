"""Joining judgements to rows, so that judged conventions are scored like all others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audit._util import canonical_json
from audit.judge import judgement_files, judgements
from audit.judge.judgements import HUMAN, Judgement
from audit.judge.questions import lacking
from audit.judge.scoring import Rating, by_rating, row_verdicts
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score
from tasks.convention import Convention
from tasks.judging.conventions import CONVENTIONS, JudgedConvention
from tasks.judging.fields import FieldError
from tasks.judging.scored import followed, over_followed, scored, with_counts, with_followed
from tasks.judging.verdict import FAILURES, Failure
from tasks.phrase import phrase
from tasks.row import Row
from tasks.task import Task


@dataclass(frozen=True, slots=True)
class Attached:
    """A convention with a judge and a failure rule, ready to be scored.

    Attributes:
        metric: The task's metric.
        convention: Has the registry's id; its signature names the judge.
        rating: The judge, and the number of the repetition.
        failure: The failure rule.
        own_rule: Whether this is the failure rule of the source, which is shown first.
        model: The judge as its server reports it, or a person's name.
        source_judge: The judge of the convention's source.
        fidelity: `verbatim` or `described`, of the prompt; empty for people and stored replies.
        note: Caveats that a reader must know.
        over_followed: Whether rows that did not follow the instruction are excluded. The convention then has the same id,
            but a different signature.
    """

    metric: str
    convention: Convention
    rating: Rating
    failure: Failure
    own_rule: bool
    model: str
    source_judge: str
    fidelity: str
    note: str
    over_followed: bool = False


def attach(task: Task, rows: Sequence[Row], predictions: Path) -> tuple[list[Row], list[Attached]]:
    """Add the counts of all judgements to the rows; returns the rows and the conventions that score them.

    Probes (`swapped`, `padded`) test a judge and are not scored. Without a judgement file the rows are
    unchanged.

    Raises:
        InputError: The judgement file is invalid.
        CheckFailedError: It is about different outputs, or contradicts its own replies (exit code 1).
    """
    path = judgement_files.path_of(predictions)
    if not path.exists():
        return list(rows), []
    known = judgement_files.read(path)
    judgements.check(known, {row.id: row for row in rows}, task=task.id, family=task.family, where=str(path))
    try:
        return _attached(task, rows, known)
    except FieldError as error:
        fix = "The judgements need this field; see docs/reference/judgements.md."
        raise lacking(error, str(predictions), fix) from None


def _attached(task: Task, rows: Sequence[Row], known: Sequence[Judgement]) -> tuple[list[Row], list[Attached]]:
    which = followed_rows(task, rows)
    joined = with_followed(rows, which) if which is not None else list(rows)
    found: list[Attached] = []
    for judged in CONVENTIONS:
        base = _registered(task, judged)
        if base is None:
            continue
        for rating, verdicts in by_rating(known, task.id, judged).items():
            if rating.variant:
                continue
            complete = {
                row.id: parts
                for row in rows
                if (parts := row_verdicts(judged, row, verdicts.get(row.id, {}))) is not None
            }
            mine = _of(known, judged, rating)
            first = mine[0]
            # The digest distinguishes sets of judgements, in caches and for readers.
            name = f"{rating.name},{first.template_sha256[:12]},{_digest(mine)}"
            for failure in FAILURES:
                key = f"{judged.id}/{judged.metric}/{rating.name}/{failure}"
                joined = with_counts(joined, judged, complete, key, failure)
                item = Attached(
                    metric=judged.metric,
                    convention=scored(base, judged, key, name, failure),
                    rating=rating,
                    failure=failure,
                    own_rule=failure == judged.failure,
                    model=_model(first),
                    source_judge=judged.judge,
                    fidelity=first.fidelity,
                    note=judged.note,
                )
                found.append(item)
                if which is not None and judged.metric == "accuracy":
                    found.append(replace(item, convention=over_followed(item.convention), over_followed=True))
    return joined, found


def where_judged(task: Task, predictions: PredictionSet, scores: Iterable[Score]) -> tuple[Score, ...]:
    """The scores, where those that need a judge and have judgements say who judged and where the judgements are.

    Raises:
        InputError: The judgement file is invalid.
    """
    path = judgement_files.path_of(predictions.path)
    scores = tuple(scores)
    if not path.exists():
        return scores
    judges: dict[tuple[str, str], set[str]] = {}
    for item in judgement_files.read(path):
        if item.task == task.id:
            judges.setdefault((item.metric, item.convention), set()).add(item.judge)
    found = []
    for score in scores:
        names = judges.get((score.metric, score.convention.id))
        if names and score.unavailable:
            metric = "" if score.metric == "accuracy" else f" --metric {score.metric}"
            command = f"repro-audit judge agreement --task {task.id} --convention {score.convention.id}{metric}"
            command += f" --predictions {path.parent}"
            reason = phrase(
                "judged by {judges} in {file}: {command}",
                judges=", ".join(sorted(names)),
                file=path.name,
                command=command,
            )
            score = replace(score, unavailable=reason)  # noqa: PLW2901  # the same score, with its reason
        found.append(score)
    return tuple(found)


def followed_rows(task: Task, rows: Sequence[Row]) -> dict[str, bool] | None:
    """Which rows followed the instruction, by the paper's appendix E; None for tasks that it does not cover."""
    try:
        following = task.convention("following-rate", "appendix-e")
    except KeyError:
        return None
    return followed(rows, following)


def _registered(task: Task, judged: JudgedConvention) -> Convention | None:
    if task.family != judged.family:
        return None
    try:
        return task.convention(judged.metric, judged.id)
    except KeyError:
        return None


def _of(known: Iterable[Judgement], judged: JudgedConvention, rating: Rating) -> list[Judgement]:
    wanted = (judged.id, judged.metric, rating.judge, rating.variant, rating.repeat)
    return [i for i in known if (i.convention, i.metric, i.judge, i.variant, i.repeat) == wanted]


def _digest(items: Iterable[Judgement]) -> str:
    lines = b"\n".join(canonical_json.dumps(item.as_json()) for item in sorted(items, key=lambda item: item.identity))
    return hashlib.sha256(lines).hexdigest()[:12]


def _model(judgement: Judgement) -> str:
    if judgement.judge.startswith(HUMAN):
        return judgement.judge.removeprefix(HUMAN)
    return judgement.reply.model if judgement.reply else judgement.model
