"""Turns a verdict and its reasons, which are data in audit.json, into sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from audit.facts import Margin, StudyFacts
from audit.report.language import marked, tr
from audit.report.markup import Part, Sentence, code, filled, listed, said, said_many, sentence
from audit.report.numbers import chance, places, range_of, rounded, shown, whole
from audit.report.openings import opening
from audit.report.samples import sample_sentences
from audit.report.views import ClaimView, MeasurementView
from audit.report.vocabulary import metric_name
from audit.schema import Agreement, Certificate, Gap, IdentityState, Verdict

# Of more sizes than this, a proof of impossibility shows the first and counts the others.
_GAPS = 3


def justification(claim: ClaimView, study: StudyFacts, works: Mapping[str, str]) -> list[Sentence]:
    """The reasons for a verdict.

    Args:
        claim: The claim, with its verdict and measurements.
        study: Provides the margins.
        works: Short names of the surveyed works by id; other works are shown by id, without a link.
    """
    found = [s for s in (opening(claim, works), *_agreement(claim, study), _unscored(claim)) if s]
    found += sample_sentences(claim)
    found += _refused(claim)
    found += [s for s in (_odds(claim), *_certificate(claim)) if s]
    return found


def _agreement(claim: ClaimView, study: StudyFacts) -> list[Sentence]:
    best = claim.deciding
    if best is None or best.invalid:
        return []
    found = []
    if best.agreement is Agreement.EXACT:
        how = (
            tr("Truncated to the printed digits, it is the reported {reported}.")
            if best.truncated
            else tr("Rounded to the printed digits, it is the reported {reported}.")
        )
        found.append(filled(how, {"reported": claim.value}))
    elif best.agreement is Agreement.WITHIN_MARGIN:
        found.append(_within_margin(claim, best, study.margins.get(claim.metric)))
    if best.without_dropping:
        found.append(said("Without dropping units, the same convention gives {value}.", value=best.without_dropping))
    if claim.verdict.id in _AGREEING:
        found.append(_decisive(claim))
        found += [sentence(tr(_IDENTITY[best.identity]))] if best.identity in _IDENTITY else []
    return found


def _within_margin(claim: ClaimView, best: MeasurementView, margin: Margin | None) -> Sentence:
    template = {
        None: tr(
            "The reported {reported} stands for {low} to {high}; the value lies outside by no more than the margin "
            "for {metric} (difference {difference})."
        ),
        "measured": tr(
            "The reported {reported} stands for {low} to {high}; the value lies outside by no more than the margin "
            "of {margin}, which is measured, for {metric} (difference {difference})."
        ),
        "cited": tr(
            "The reported {reported} stands for {low} to {high}; the value lies outside by no more than the margin "
            "of {margin}, which is cited, for {metric} (difference {difference})."
        ),
        "assumed": tr(
            "The reported {reported} stands for {low} to {high}; the value lies outside by no more than the margin "
            "of {margin}, which is assumed, for {metric} (difference {difference})."
        ),
    }[margin.kind if margin else None]
    values = {"reported": claim.value, "low": claim.low, "high": claim.high, "difference": best.difference}
    return filled(template, {**values, "metric": metric_name(claim.metric), "margin": margin.value if margin else ""})


_AGREEING = frozenset({Verdict.REPRODUCED, Verdict.JUSTIFIED, Verdict.UNDOCUMENTED})
_IDENTITY = {
    IdentityState.VERIFIED: marked("The references match the hash on the card of the set."),
    IdentityState.CONSISTENT: marked("Units and totals of the rows match the card of the set."),
    IdentityState.PART: marked("The rows are a part of the set; nothing on its card contradicts them."),
    IdentityState.UNKNOWN: marked(
        "Whether the rows belong to the set is not known: it has no card, or a card without totals. "
        "The verdict is therefore at most justified."
    ),
}


def _decisive(claim: ClaimView) -> Sentence:
    """The decisive steps, and the evidence for each."""
    decision = claim.decision
    if decision is None or decision.decisive is None:
        return said("No alternatives could be computed, so every step of the convention counts as decisive.")
    if not decision.decisive:
        return said("No step decides: the value agrees under every alternative that was tried.")
    steps = [
        said("{axis} {option} (grade {grade})", axis=step.axis, option=code(step.option), grade=step.grade)
        for step in decision.decisive
    ]
    return said_many(
        "The step decides: {steps}. The verdict rests on the worst grade, {grade}.",
        "The steps decide: {steps}. The verdict rests on the worst grade, {grade}.",
        len(steps),
        steps=listed(steps),
        grade=str(decision.grade),
    )


def _unscored(claim: ClaimView) -> Sentence | None:
    best = claim.deciding
    if best is None or not best.unscored:
        return None
    return said("Not scored: {reasons}.", reasons="; ".join(best.unscored))


def _refused(claim: ClaimView) -> list[Sentence]:
    """One sentence per reason for invalid measurements, with the letter used in the table."""
    found = []
    for reason in claim.reasons:
        numbers = [m.number for m in claim.measurements if reason in m.invalid]
        mark, place = claim.note(reason)
        why = said_many(
            "{mark} Measurement {numbers} cannot justify anything: {reason}",
            "{mark} Measurements {numbers} cannot justify anything: {reason}",
            len(numbers),
            mark=Part(f"({mark})", "mark", place),
            numbers=listed([[Part(text)] for text in _ranges(numbers)]),
            reason=reason,
        )
        found.append(sentence(*why, "" if reason.endswith((".", "!", "?")) else "."))
    return found


def _ranges(numbers: Sequence[int]) -> list[str]:
    """Ascending numbers; runs of three or more as `4 to 9`."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return [text for run in runs for text in ([range_of(str(run[0]), str(run[-1]))] if len(run) > 2 else map(str, run))]


def _odds(claim: ClaimView) -> Sentence | None:
    odds = claim.decision.odds if claim.decision else None
    if odds is None:
        return None
    tried, probability = odds.tried, chance(odds.chance)
    if not probability:
        return said_many(
            "One value was tried, so there is no spread from which to estimate the odds of a chance agreement.",
            "{n} values were tried, so there is no spread from which to estimate the odds of a chance agreement.",
            tried,
            n=whole(tried),
        )
    counted = said_many("One value was tried.", "{n} values were tried.", tried, n=whole(tried))
    if odds.low is None or odds.high is None:
        matched = said(
            "Had the reported value lain anywhere in their spread, the chance that at least one of them would have "
            "matched it is {chance}.",
            chance=probability,
        )
    else:
        digits = places(claim.data.value) + 2
        matched = said(
            "Had the reported value lain anywhere in their spread, {low} to {high}, the chance that at least one of "
            "them would have matched it is {chance}.",
            low=shown(odds.low, digits),
            high=shown(odds.high, digits),
            chance=probability,
        )
    return sentence(*counted, " ", *matched)


def _certificate(claim: ClaimView) -> list[Sentence]:
    """The proof of impossibility: for each size of the set, the two counts on either side of the reported value."""
    proof = claim.decision.certificate if claim.decision else None
    if proof is None or not proof.gaps:
        return []
    gaps = proof.gaps
    found = []
    if len(gaps) > 1:
        found.append(said("Proof that no counts print {reported}, by any common rounding rule:", reported=claim.value))
    found += [_gap(gap, claim, proof) for gap in gaps[:_GAPS]]
    if more := len(gaps[_GAPS:]):
        found.append(
            said_many(
                "The same holds for {n} further size, listed in audit.json.",
                "The same holds for {n} further sizes, listed in audit.json.",
                more,
                n=whole(more),
            )
        )
    return found


def _gap(gap: Gap, claim: ClaimView, proof: Certificate) -> Sentence:
    size, below, above = gap.n, gap.below, gap.above
    scale = 100 if proof.unit == "percent" else 1
    digits = claim.digits + 2
    first = _ratio(below, size, scale, digits)
    if above is None:
        return said(
            "{below} of {size} is {first}, and no larger count exists.",
            below=whole(below),
            size=whole(size),
            first=first,
        )
    return said(
        "{below} of {size} is {first} and {above} of {size} is {second}; nothing lies between them, and neither "
        "prints as {reported}.",
        below=whole(below),
        size=whole(size),
        first=first,
        above=whole(above),
        second=_ratio(above, size, scale, digits),
        reported=claim.value,
    )


def _ratio(part: int, of: int, scale: int, digits: int) -> str:
    quotient = Decimal(part * scale) / Decimal(of) if of else Decimal(0)
    return shown(f"{rounded(quotient, digits):f}", digits)
