"""Judged conventions in the audit: scores from judgement files, and what another judge than the paper's means for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from audit.judge.attach import Attached, attach
from audit.judge.sensitivity import Comparability, comparability
from audit.schema import Claim, Invalid
from audit.scoring.cache import ScoreCache
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score, score
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
    conventions: dict[str, list[object]] = defaultdict(list)
    for name, item in by_name.items():
        conventions[item.metric].append(replace(item.convention, id=name))
    judged = replace(task, conventions={metric: tuple(items) for metric, items in conventions.items()})  # type: ignore[arg-type]
    joined = replace(predictions, rows=tuple(rows))
    found = score(joined, judged, expected=expected, replicates=replicates, cache=cache)
    return tuple(
        JudgedScore(
            by_name[s.convention.id],
            replace(s, convention=replace(s.convention, id=by_name[s.convention.id].convention.id)),
        )
        for s in found
    )


def compare(scores: Iterable[JudgedScore], claim: Claim) -> dict[str, Comparability]:
    """Convention id -> how its judges' scores stand to a claim that was judged by another."""
    shares: Mapping[str, dict[str, Fraction]] = defaultdict(dict)
    models: Mapping[str, dict[str, str]] = defaultdict(dict)
    paper: dict[str, str] = {}
    for item in scores:
        attached = item.attached
        if attached.metric != claim.metric or not attached.own_rule or attached.over_followed:
            continue
        if isinstance(item.score.exact, Fraction):
            name = attached.convention.id
            shares[name][attached.rating.name] = item.score.exact
            models[name][attached.rating.name] = attached.model
            paper[name] = claim.judge or attached.source_judge
    return {name: comparability(claim.value, paper[name], shares[name], models[name]) for name in shares}


def problems(item: JudgedScore, compared: Mapping[str, Comparability]) -> tuple[Invalid, ...]:
    """Why a judged score can justify nothing, if so."""
    found = []
    comparison = compared.get(item.attached.convention.id.removesuffix("-followed"))
    if comparison is not None and comparison.state == "not-comparable":
        found.append(Invalid("other-judge", comparison.sentence))
    if item.attached.fidelity == "described":
        text = "The judge was asked in this project's words: the source describes its prompt and does not print it."
        found.append(Invalid("other-judge-prompt", text))
    return tuple(found)
