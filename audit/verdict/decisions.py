"""From measurements to verdicts: what the rules see of every claim, the reasons as data, the odds, the proof."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from audit.document.build import Outcome
from audit.literature.studies import Claim, Study
from audit.possibility import possibility
from audit.verdict.measurements import Measurement
from audit.verdict.rules import ENOUGH, Decision, Situation, decide
from tasks.statistics.odds import Odds, odds


def outcomes(study: Study, measurements: Sequence[Measurement]) -> list[Outcome]:
    """One outcome a claim, in the study's order."""
    by_claim: dict[str, list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        if measurement.claim is not None:
            by_claim[measurement.claim].append(measurement)
    return [_outcome(claim, study, by_claim[claim.id]) for claim in study.claims]


def _outcome(claim: Claim, study: Study, measurements: Sequence[Measurement]) -> Outcome:
    evidence = tuple(e for m in measurements if (e := m.evidence(claim)) is not None)
    tested = possibility(claim, measurements)
    decision = decide(Situation(evidence, impossible=tested is not None and not tested.possible))
    certificate = tested.certificate.as_json() if tested and tested.certificate else None
    chances = _odds(claim, study, measurements)
    return Outcome(
        claim, decision, _reasons(decision, measurements), chances.as_json() if chances else None, certificate
    )


def _reasons(decision: Decision, measurements: Sequence[Measurement]) -> tuple[dict[str, Any], ...]:
    """The facts behind a decision, as data: what decided, what was refused and why."""
    by_id = {m.id: m for m in measurements}
    reasons: list[dict[str, Any]] = []
    if decision.deciding is not None:
        best = by_id[decision.deciding]
        reasons.append(
            {
                "code": "deciding" if best.valid and best.agreement.agrees else "nearest",
                "measurement": best.id,
                "convention": best.data["convention"],
                "grade": best.grade,
                "agreement": best.agreement.value,
                "value": best.data["value"],
                "difference": best.data["agreement"]["difference"],
                "scored": best.data["rows"]["scored"],
                "total": best.data["rows"]["expected"],
            }
        )
    refused: dict[str, list[str]] = defaultdict(list)
    for measurement in measurements:
        for problem in measurement.data["invalid"]:
            refused[problem["text"]].append(measurement.id)
    reasons += [{"code": "refused", "text": text, "measurements": ids} for text, ids in refused.items()]
    return tuple(reasons)


def supersede(measurements: Sequence[Measurement]) -> list[Measurement]:
    """Where the whole set was recomputed under a convention, a value recorded under the same one decides nothing more."""
    fresh = {
        (m.claim, m.data["convention"])
        for m in measurements
        if m.data["origin"] == "recomputed" and m.valid and m.exact is not None and m.coverage >= ENOUGH
    }
    text = "The whole set was recomputed here under the same convention; that value speaks in its place."
    return [
        replace(m, valid=False, data={**m.data, "invalid": [*m.data["invalid"], {"code": "superseded", "text": text}]})
        if m.data["origin"] == "recorded" and (m.claim, m.data["convention"]) in fresh
        else m
        for m in measurements
    ]


def _odds(claim: Claim, study: Study, measurements: Sequence[Measurement]) -> Odds | None:
    """The look-elsewhere odds over every measurement that could have justified the claim."""
    usable = [m for m in measurements if m.valid and m.exact is not None]
    if not usable:
        return None
    bounds = [m.data["interval"] for m in usable]
    accepted = [(Decimal(b["low"]), Decimal(b["high"])) if b else None for b in bounds]
    values = [m.exact for m in usable if m.exact is not None]
    tolerance = Decimal(study.tolerances[claim.metric].value)
    return odds(values, claim.value, accepted=accepted, tolerance=tolerance)
