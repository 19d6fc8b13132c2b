"""What a different judge means for a claim: whether judged scores are comparable or refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction

from audit.facts import Claim
from audit.judge.scores import JudgedScore
from audit.judge.sensitivity import Comparability, comparability
from audit.schema import Invalid
from audit.verdict.agreement import unit_factor
from tasks.phrase import phrase


def compare(scores: Iterable[JudgedScore], claim: Claim) -> dict[str, Comparability]:
    """Convention id -> how the scores of its judges compare with a claim that used a different judge."""
    shares: Mapping[str, dict[str, Fraction]] = defaultdict(dict)
    models: Mapping[str, dict[str, str]] = defaultdict(dict)
    paper: dict[str, str] = {}
    for item in scores:
        attached = item.attached
        if attached.metric != claim.metric or not attached.own_rule or attached.over_followed:
            continue
        if isinstance(item.score.exact, Fraction):
            name = attached.convention.id
            factor = unit_factor(claim, item.score.convention.metric.scale)
            shares[name][attached.rating.name] = item.score.exact * Fraction(factor)
            models[name][attached.rating.name] = attached.model
            paper[name] = claim.judge or attached.source_judge
    return {name: comparability(claim.value, paper[name], shares[name], models[name]) for name in shares}


def problems(item: JudgedScore, compared: Mapping[str, Comparability]) -> tuple[Invalid, ...]:
    """Reasons why a judged score cannot justify anything; empty if none."""
    found = []
    comparison = compared.get(item.attached.convention.id)
    if comparison is not None and comparison.state == "not-comparable":
        found.append(Invalid("other-judge", comparison.sentence))
    if item.attached.fidelity == "described":
        text = phrase(
            "The judge's prompt is this project's wording: the source describes its prompt but does not print it."
        )
        found.append(Invalid("other-judge-prompt", text))
    return tuple(found)
