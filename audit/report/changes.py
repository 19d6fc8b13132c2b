"""What would change the verdicts: for each claim, what its decision still rests on or lacks.

Drawn from the decisions, measurements and claims of audit.json alone; claims with the same need share a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from audit.report.language import marked, tr
from audit.report.markup import enumeration
from audit.report.views import ClaimView
from audit.schema import Agreement, AuditDocument, IdentityState, Verdict

_AGREEING = frozenset({Verdict.REPRODUCED, Verdict.JUSTIFIED, Verdict.UNDOCUMENTED})
_BEYOND = frozenset({Verdict.NOT_REPRODUCED, Verdict.EXCEEDS})
# The plan's risk above which a sample never suffices for `reproduced`.
_SMALL = Fraction(1, 20)
# Code of an invalid measurement -> what a comparable one would need.
_NEEDED = {
    "other-variant": marked("the claim\u2019s variant of the model"),
    "other-prompt": marked("the claim\u2019s prompt"),
    "normalised-twice": marked("texts that were not normalised before"),
    "other-judge": marked("the paper\u2019s judge"),
    "other-data": marked("the claim\u2019s data"),
    "other-references": marked("the paper\u2019s references"),
    "identity": marked("rows of the set"),
    "contradicted": marked("a value that the rows at hand do not rule out"),
    "protocol": marked("the paper\u2019s protocol"),
    "one-class": marked("a set of more than one class"),
    "coverage-unknown": marked("the numbers of scored and of all rows"),
}

# For a code that is not known.
_NAMED = marked("what its reason names")


@dataclass(frozen=True, slots=True)
class Change:
    """Something that would change verdicts.

    Attributes:
        what: What it is, a phrase that begins with a capital letter.
        claims: The claims whose verdict it bears on, each with a detail (`548 of 2,620`), or an empty text.
        every: These are all claims whose verdict rests on a value.
    """

    what: str
    claims: tuple[tuple[ClaimView, str], ...]
    every: bool


def changes(audit: AuditDocument, claims: Sequence[ClaimView]) -> tuple[Change, ...]:
    """What would change the verdicts of an audit, in the order in which the claims first need it."""
    codes = {m.id: tuple(i.code for i in m.invalid) for m in audit.measurements}
    margins = {metric: m.value for metric, m in audit.study.margins.items() if m.kind == "assumed"}
    found: dict[str, list[tuple[ClaimView, str]]] = {}
    for claim in claims:
        for what, detail in (*_of_verdict(claim, codes), *_of_basis(claim, margins)):
            found.setdefault(what, []).append((claim, detail))
    valued = sum(claim.deciding is not None for claim in claims)
    return tuple(
        Change(what, tuple(items), every=valued > 1 and sum(c.deciding is not None for c, _ in items) == valued)
        for what, items in found.items()
    )


def _of_verdict(claim: ClaimView, codes: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """What the verdict itself lacks."""
    verdict, best = claim.verdict.id, claim.deciding
    if verdict is Verdict.NOT_RUN:
        yield tr("Outputs of the model on the set"), ""
    elif verdict is Verdict.NOT_COMPARABLE:
        yield _comparable(claim, codes), ""
    elif verdict is Verdict.JUSTIFIED:
        yield (
            tr("A statement of the paper, or of the source that it cites, on how it counts (grade A or B)"),
            _steps(claim),
        )
    elif verdict is Verdict.UNDOCUMENTED:
        yield tr("Published code or text of others that counts in this way (grade A to D)"), _steps(claim)
    elif verdict is Verdict.INFEASIBLE:
        yield tr("A correction of the printed value, or of the size of the set"), ""
    elif verdict in _BEYOND and best is not None:
        yield (
            tr("Evidence for counting that gives the reported value, or other outputs; the nearest differs"),
            best.difference,
        )
    if best is not None and verdict is not Verdict.NOT_COMPARABLE and best.left_out:
        yield tr("The units that were not scored"), best.left_out


def _of_basis(claim: ClaimView, margins: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What a verdict rests on that is not certain."""
    best = claim.deciding
    if claim.data.expected_rows is None:
        yield tr("A card of the set: no source states its size"), ""
    if best is not None and best.agreement is Agreement.WITHIN_MARGIN and claim.metric in margins:
        yield tr("A measured margin in place of the assumed one"), margins[claim.metric]
    if best is not None and claim.verdict.id in _AGREEING:
        if best.identity is IdentityState.UNKNOWN:
            yield tr("A card of the set with its totals: whether the rows belong to it is not known"), ""
        if best.sample is not None and (not best.sample.registered or Fraction(best.sample.whole_risk) > _SMALL):
            yield tr("A registered plan with a risk of at most 5 %"), ""
    if not claim.verified:
        yield tr("The paper itself: the printed value was seen in one transcription only"), ""
    if best is not None and best.recorded:
        yield tr("Prediction files: the value was recorded and cannot be recomputed"), ""


def _comparable(claim: ClaimView, codes: dict[str, tuple[str, ...]]) -> str:
    """What the measurement that comes closest to a comparable one lacks."""
    needs = [
        tuple(dict.fromkeys(_NEEDED.get(code, _NAMED) for code in codes.get(m.id, ())))
        for m in claim.measurements
        if m.invalid
    ]
    fewest = min((found for found in needs if found), key=len, default=(_NAMED,))
    return tr("A value with {needed}", needed=enumeration([tr(need) for need in fewest]))


def _steps(claim: ClaimView) -> str:
    """The decisive steps of the lowest grade; the whole convention where no alternatives were computed."""
    decision, best = claim.decision, claim.deciding
    if decision is not None and decision.decisive:
        worst = [s for s in decision.decisive if s.grade == decision.grade] or list(decision.decisive)
        return ", ".join(f"{s.axis} {s.option}" for s in worst)
    return best.label if best is not None else ""
