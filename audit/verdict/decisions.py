"""From measurements to verdicts: what the rules see of every claim, the reasons as data, the odds, the proof."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from audit import schema
from audit.literature.studies import Study
from audit.schema import ENOUGH, Claim, Decision, Invalid, Reason
from audit.verdict.measurements import Measured
from audit.verdict.rules import Ruling, Situation, decide
from tasks.statistics.feasibility import Feasibility, Kind, feasibility
from tasks.statistics.odds import odds

# Accuracies that are a number of rows over all rows. A keyphrase score's denominator is not a number of rows.
_OVER_ROWS = frozenset({"accuracy", "following-rate"})
_NOT_OVER_ROWS = frozenset({"ke-inspec"})
_ERROR_RATES = frozenset({"wer", "per"})
_SUPERSEDED = Invalid(
    "superseded", "The whole set was recomputed here under the same convention; that value speaks in its place."
)


def decisions(study: Study, measured: Sequence[Measured]) -> tuple[Decision, ...]:
    """One decision a claim, in the study's order."""
    by_claim: dict[str, list[Measured]] = defaultdict(list)
    for item in measured:
        if item.record.claim is not None:
            by_claim[item.record.claim].append(item)
    return tuple(_decision(claim, study, by_claim[claim.id]) for claim in study.claims)


def _decision(claim: Claim, study: Study, measured: Sequence[Measured]) -> Decision:
    candidates = tuple(c for m in measured if (c := m.candidate(claim)) is not None)
    tested = possibility(claim, measured)
    ruling = decide(Situation(candidates, impossible=tested is not None and not tested.possible))
    return Decision(
        claim=claim.id,
        verdict=ruling.verdict,
        rule=ruling.rule,
        measurement=ruling.deciding,
        supporting=ruling.supporting,
        reasons=_reasons(ruling, measured),
        odds=_odds(claim, study, measured),
        certificate=_certificate(tested),
    )


def _reasons(ruling: Ruling, measured: Sequence[Measured]) -> tuple[Reason, ...]:
    """The facts behind a decision, as data: what decided, what was refused and why."""
    reasons: list[Reason] = []
    if ruling.deciding is not None:
        best = next(m for m in measured if m.record.id == ruling.deciding)
        record = best.record
        reasons.append(
            schema.Chosen(
                code="deciding" if record.valid and record.agreement.kind.agrees else "nearest",
                measurement=record.id,
                convention=record.convention,
                grade=best.grade,
                agreement=record.agreement.kind,
                value=record.value,
                difference=record.agreement.difference,
                scored=record.rows.scored if record.rows else None,
                total=record.rows.expected if record.rows else None,
            )
        )
    refused: dict[str, list[str]] = defaultdict(list)
    for item in measured:
        for problem in item.record.invalid:
            refused[problem.text].append(item.record.id)
    return (*reasons, *(schema.Refused("refused", text, tuple(ids)) for text, ids in refused.items()))


def supersede(measured: Sequence[Measured]) -> list[Measured]:
    """Where the whole set was recomputed under a convention, a value recorded under the same one decides nothing more."""
    fresh = {
        (m.record.claim, m.record.convention)
        for m in measured
        if not m.record.recorded and m.record.valid and m.exact is not None and m.record.coverage >= ENOUGH
    }
    return [
        replace(m, record=replace(m.record, invalid=(*m.record.invalid, _SUPERSEDED)))
        if m.record.recorded and (m.record.claim, m.record.convention) in fresh
        else m
        for m in measured
    ]


def _odds(claim: Claim, study: Study, measured: Sequence[Measured]) -> schema.Odds | None:
    """The look-elsewhere odds over every measurement that could have justified the claim."""
    values: list[Fraction | Decimal] = []
    accepted: list[tuple[Decimal, Decimal] | None] = []
    for item in measured:
        if item.record.valid and item.exact is not None:
            interval = item.record.interval
            values.append(item.exact)
            accepted.append((Decimal(interval.low), Decimal(interval.high)) if interval else None)
    if not values:
        return None
    tolerance = Decimal(study.facts.tolerances[claim.metric].value)
    return schema.Odds(**odds(values, claim.value, accepted=accepted, tolerance=tolerance).as_json())


def possibility(claim: Claim, measured: Sequence[Measured]) -> Feasibility | None:
    """Test the reported string against whole numbers over the claim's set.

    A share is tested over the set's size, if it is stated. An error rate is tested over the number of reference tokens,
    which only predictions show: over the range that the conventions with the whole set scored count. None where neither is
    known.
    """
    if claim.unit == "count":
        return None
    if claim.metric in _OVER_ROWS and claim.task not in _NOT_OVER_ROWS and claim.expected_rows:
        return _test(claim, "share", claim.expected_rows)
    if claim.metric in _ERROR_RATES:
        usable = [m.record.counts for m in measured if m.record.valid and m.record.coverage >= ENOUGH]
        sizes = [c["substitutions"] + c["deletions"] + c["hits"] for c in usable if c and "hits" in c]
        if sizes and min(sizes) > 0:
            return _test(claim, "error-rate", (min(sizes), max(sizes)))
    return None


def _test(claim: Claim, kind: Kind, size: int | tuple[int, int]) -> Feasibility | None:
    assert claim.unit != "count"
    return feasibility(claim.value, unit=claim.unit, kind=kind, n=size)


def _certificate(tested: Feasibility | None) -> schema.Certificate | None:
    if tested is None or tested.certificate is None:
        return None
    proof = tested.certificate.as_json()
    gaps = tuple(schema.Gap(**gap) for gap in proof.pop("gaps"))
    return schema.Certificate(**proof, gaps=gaps)
