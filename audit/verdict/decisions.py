"""From measurements to verdicts: the input of the rules for every claim, the reasons as data, the odds, the proof."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from audit import schema
from audit.facts import Claim
from audit.literature.studies import Study
from audit.schema import Bounds, Decision, Invalid, Reason
from audit.verdict.bounds import ERROR_RATES, NOT_OVER_UNITS, SHARES
from audit.verdict.measurements import Measured
from audit.verdict.planned import NOT_PLANNED
from audit.verdict.rules import Ruling, Situation, decide
from tasks.judging.conventions import CONVENTIONS
from tasks.judging.verdict import BINARY
from tasks.phrase import phrase
from tasks.statistics.feasibility import Feasibility, Kind, feasibility
from tasks.statistics.odds import odds
from tasks.statistics.printed import rounding_interval

_ANY = phrase("any value")
_SUPERSEDED = Invalid(
    "superseded", "The whole set was recomputed here under the same convention; that value replaces it."
)


def decisions(study: Study, measured: Sequence[Measured]) -> tuple[Decision, ...]:
    """One decision per claim, in the study's order."""
    by_claim: dict[str, list[Measured]] = defaultdict(list)
    for item in measured:
        if item.record.claim is not None:
            by_claim[item.record.claim].append(item)
    return tuple(_decision(claim, study, by_claim[claim.id]) for claim in study.claims)


def _decision(claim: Claim, study: Study, measured: Sequence[Measured]) -> Decision:
    candidates = tuple(c for m in measured if (c := m.candidate(claim)) is not None)
    tested = possibility(claim, measured)
    impossible = tested is not None and not tested.possible
    # A plan that counts some conventions leaves the others out, too, as long as units are missing.
    planned = any(problem.code == NOT_PLANNED for m in measured for problem in m.record.invalid)
    ruling = decide(Situation(candidates, impossible, left_out=planned or _leaves_out(claim, study)))
    best = next((m for m in measured if m.record.id == ruling.deciding), None)
    return Decision(
        claim=claim.id,
        verdict=ruling.verdict,
        rule=ruling.rule,
        measurement=ruling.deciding,
        origin=best.record.origin if best else None,
        grade=best.grade if best else None,
        decisive=best.steps if best else None,
        supporting=ruling.supporting,
        reasons=_reasons(ruling, measured),
        odds=_odds(claim, study, measured),
        certificate=_certificate(tested),
    )


def _leaves_out(claim: Claim, study: Study) -> bool:
    """Whether the study leaves out conventions of the claim's task, or of a task that its mean is over."""
    tasks = {c.task for c in study.claims if c.id in claim.mean_of} or {claim.task}
    declared = [study.tasks[name].declaration for name in tasks if name in study.tasks]
    return any(one is not None and one.leave_out for one in declared)


def _reasons(ruling: Ruling, measured: Sequence[Measured]) -> tuple[Reason, ...]:
    """The facts behind a decision, as data: which measurement decided, which were refused, and why."""
    reasons: list[Reason] = []
    if ruling.deciding is not None:
        best = next(m for m in measured if m.record.id == ruling.deciding)
        record = best.record
        reasons.append(
            schema.Chosen(
                code="deciding" if record.valid and record.agreement.kind.agrees else "nearest",
                measurement=record.id,
                convention=record.convention,
                grade=best.overall,
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
    """Compare recorded values with recomputed ones: the whole set replaces them, a part can refute them.

    If the whole set was recomputed under a convention, a value recorded under that convention no longer counts. If only a
    part was, the recorded value must lie within the bounds for the whole set; otherwise it is contradicted.
    """
    return [_beside_rows(m, measured) if m.record.recorded and m.exact is not None else m for m in measured]


def _beside_rows(item: Measured, measured: Sequence[Measured]) -> Measured:
    record = item.record
    rows = [
        m
        for m in measured
        if not m.record.recorded and m.record.valid and m.exact is not None and m.record.claim == record.claim
    ]
    if any(m.complete and m.record.convention == record.convention for m in rows):
        return replace(item, record=replace(record, invalid=(*record.invalid, _SUPERSEDED)))
    same = [m for m in rows if m.record.convention == record.convention] if record.convention else rows
    reach = [m.record.bounds for m in same]
    if not reach or any(bounds is None or _within(record.value, bounds) for bounds in reach):
        return item
    nearest = next(bounds for bounds in reach if bounds is not None)
    text = phrase(
        "The rows at hand rule it out: with each of the other {n} units at its best or worst, the set gives {low} to "
        "{high}.",
        n=nearest.unscored,
        low=nearest.low or _ANY,
        high=nearest.high or _ANY,
    )
    return replace(item, record=replace(record, invalid=(*record.invalid, Invalid("contradicted", text))))


def _within(value: str | None, bounds: Bounds) -> bool:
    """Whether some number that prints as the value lies within the bounds."""
    assert value is not None
    printed = rounding_interval(value)
    above = bounds.low is None or printed.high >= Decimal(bounds.low)
    return above and (bounds.high is None or printed.low <= Decimal(bounds.high))


def _odds(claim: Claim, study: Study, measured: Sequence[Measured]) -> schema.Odds | None:
    """The look-elsewhere odds over all measurements that could have justified the claim."""
    values = [item.exact for item in measured if item.record.valid and item.exact is not None]
    if not values:
        return None
    margin = Decimal(study.facts.margins[claim.metric].value)
    return schema.Odds(**odds(values, claim.value, tolerance=margin).as_json())


def possibility(claim: Claim, measured: Sequence[Measured]) -> Feasibility | None:
    """Test whether integer counts over the claim's set can print the reported string.

    A share is tested with the size of the set, if stated. An error rate is tested with the number of reference tokens, which
    only predictions show: the range over all conventions with the whole set scored. None if neither is known, or if a judge
    grades items finer than right and wrong.
    """
    if claim.unit not in {"percent", "fraction"} or _graded(claim):
        return None
    if claim.metric in SHARES and claim.family not in NOT_OVER_UNITS and claim.expected_rows:
        return _test(claim, "share", claim.expected_rows)
    if claim.metric in ERROR_RATES:
        usable = [m.record.counts for m in measured if m.record.valid and m.complete]
        sizes = [c["substitutions"] + c["deletions"] + c["hits"] for c in usable if c and "hits" in c]
        if sizes and min(sizes) > 0:
            return _test(claim, "error-rate", (min(sizes), max(sizes)))
    return None


def _graded(claim: Claim) -> bool:
    """Whether the claim's judge may have given parts of the marks: then its share need not be a number of whole items."""
    return claim.judge is not None and any(
        item.scale != BINARY and claim.judge in item.judge
        for item in CONVENTIONS
        if (item.family, item.metric) == (claim.family, claim.metric)
    )


def _test(claim: Claim, kind: Kind, size: int | tuple[int, int]) -> Feasibility | None:
    unit: Literal["percent", "fraction"] = "percent" if claim.unit == "percent" else "fraction"
    return feasibility(claim.value, unit=unit, kind=kind, n=size)


def _certificate(tested: Feasibility | None) -> schema.Certificate | None:
    if tested is None or tested.certificate is None:
        return None
    proof = tested.certificate.as_json()
    gaps = tuple(schema.Gap(**gap) for gap in proof.pop("gaps"))
    return schema.Certificate(**proof, gaps=gaps)
