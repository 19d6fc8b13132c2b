"""What the schema cannot say of an audit.json: every name that one part uses is in the part that has it, and only once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from audit.schema import AttributedGap, AuditDocument, Chosen, Decision

# A place in the document, and what is wrong there.
Wrong = tuple[str, str]


def problems(audit: AuditDocument) -> Iterator[Wrong]:
    """The problems of a document of the right types, in its order."""
    claims = [claim.id for claim in audit.claims]
    yield from _twice("claims", [*claims, *(claim.id for claim in audit.others)])
    yield from _twice("conventions", [(one.task, one.metric, one.id) for one in audit.conventions])
    yield from _twice("measurements", [one.id for one in audit.measurements])
    known = {*claims, *(claim.id for claim in audit.others)}
    for part, listed in (("claims", audit.claims), ("others", audit.others)):
        for number, claim in enumerate(listed):
            if claim.model is not None and claim.model not in audit.study.models:
                yield f"{part}[{number}].model", "names a model that the study does not have"
    for number, item in enumerate(audit.measurements):
        if item.claim is not None and item.claim not in known:
            yield f"measurements[{number}].claim", "names a claim that the document does not have"
    measured = {one.id for one in audit.measurements}
    for number, decision in enumerate(audit.verdicts):
        yield from _of_decision(f"verdicts[{number}]", decision, measured)
    yield from _decided(claims, [decision.claim for decision in audit.verdicts])
    for number, paying in enumerate(audit.paying):
        if paying.claim not in known:
            yield f"paying[{number}].claim", "names a claim that the document does not have"
    for number, joint in enumerate(audit.joint):
        if not known.issuperset(joint.claims):
            yield f"joint[{number}].claims", "name a claim that the document does not have"
    for number, gap in enumerate(audit.differences):
        wrong = "names a claim that the document does not have" if gap.claim not in {None, *known} else _of_gap(gap)
        if wrong:
            yield f"differences[{number}]", wrong


def _twice(part: str, names: Iterable[object]) -> Iterator[Wrong]:
    seen = set[object]()
    for name in names:
        if name in seen:
            yield part, f"have {name!r} twice"
        seen.add(name)


def _decided(claims: list[str], decided: list[str]) -> Iterator[Wrong]:
    yield from _twice("verdicts", decided)
    if set(claims) != set(decided):
        yield "verdicts", "are not one for each claim"


def _of_decision(place: str, decision: Decision, measured: set[str]) -> Iterator[Wrong]:
    named = [decision.measurement, *decision.supporting]
    for reason in decision.reasons:
        named += [reason.measurement] if isinstance(reason, Chosen) else reason.measurements
    if not measured.issuperset(name for name in named if name is not None):
        yield place, "names a measurement that the document does not have"


def _of_gap(gap: AttributedGap) -> str:
    """Why a gap cannot be what it says; empty if its steps are there and its parts sum to it."""
    if any(not 0 <= place < len(gap.steps) for pair in gap.pairs for place in (pair.first, pair.second)):
        return "names a step that it does not have"
    if sum((Fraction(step.part) for step in gap.steps), Fraction(0)) != gap.gap:
        return "has parts that do not sum to the gap"
    return ""
