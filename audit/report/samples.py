"""Sentences about planned samples: what was drawn, the bounds, the risk, and what the plan rests on."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from audit._util.templates import fill
from audit.report.language import percent, tr, trc, trn
from audit.report.markup import Sentence, filled, said, sentence
from audit.report.numbers import range_of, rounded, shown, whole
from audit.report.views import ClaimView, MeasurementView
from audit.schema import PlannedRun, Sample, Verdict

_SMALL = Fraction(1, 20)
_SETTLED = frozenset({Verdict.REPRODUCED, Verdict.JUSTIFIED, Verdict.UNDOCUMENTED})


def risk_in_words(risk: str) -> str:
    """A risk in percent, with two significant digits at most: `2.5 %`, `0.24 %`."""
    hundredths = Fraction(risk) * 100
    value = Decimal(hundredths.numerator) / Decimal(hundredths.denominator)
    places = max(0, 1 - value.adjusted())
    text = format(rounded(value, places), "f")
    return percent(text.rstrip("0").rstrip(".") if "." in text else text)


def bounds_in_words(sample: Sample, digits: int) -> str:
    """The bounds: `0.26 to 7.35`, `at least 0.26`; `none` without any."""
    low, high = (None if end is None else shown(end, digits) for end in (sample.low, sample.high))
    if low is None:
        return trc("bounds", "none") if high is None else tr("at most {value}", value=high)
    return tr("at least {value}", value=low) if high is None else range_of(low, high)


def sample_sentences(claim: ClaimView) -> list[Sentence]:
    """What a verdict on a part of a set rests on, if the part follows a plan; empty otherwise."""
    best = claim.deciding
    if best is None or best.sample is None or not best.partial:
        return []
    sample = best.sample
    drawn = trn(
        "{part} of {n} unit was scored in the random order of a plan.",
        "{part} of {n} units were scored in the random order of a plan.",
        sample.of,
        part=whole(sample.units),
        n=whole(sample.of),
    )
    if sample.problem is not None:
        why = tr("The plan gives no bounds, so only the worst case counts: {problem}.", problem=sample.problem)
        return [sentence(f"{drawn} {why}")]
    found = [sentence(f"{drawn} {_bounds(claim, best, sample)}")]
    counted = sorted({m.label for m in claim.measurements if m.sample is not None})
    if len(counted) < len({m.label for m in claim.measurements if m.value}):
        found.append(
            said(
                "The verdict is about the conventions that the plan counts: {conventions}.",
                conventions=", ".join(counted),
            )
        )
    if not sample.exact:
        found.append(
            said(
                "These bounds are approximate, calibrated by simulation; they never suffice for the verdict reproduced."
            )
        )
    settled = claim.verdict.id in _SETTLED
    if sample.cap is not None:
        if sample.capped:
            template = tr(
                "The upper bound assumes that no output has more than {n} words; the run's decoding allows no more "
                "tokens."
            )
        elif settled:
            template = tr(
                "The upper bound assumes that no output has more than {n} words, which the run's meta file does not "
                "show, so the verdict is at most justified."
            )
        else:
            template = tr(
                "The upper bound assumes that no output has more than {n} words, which the run's meta file does not "
                "show."
            )
        found.append(filled(template, {"n": whole(sample.cap)}))
    if Fraction(sample.whole_risk) > _SMALL and settled:
        found.append(said("The plan's risk is above {share}, so the verdict is at most justified.", share=percent("5")))
    if not sample.registered and settled:
        found.append(said("The plan was not registered, so the verdict is at most justified."))
    return found


def _bounds(claim: ClaimView, best: MeasurementView, sample: Sample) -> str:
    template = (
        tr(
            "They bound the value of {convention} on the whole set: {bounds}. The chance that such bounds ever miss "
            "the value, whenever one stops, is at most {risk}."
        )
        if sample.exact
        else tr(
            "They bound the value of {convention} on the whole set: {bounds}. The chance that such bounds ever miss "
            "the value, whenever one stops, is about {risk}."
        )
    )
    reach = bounds_in_words(sample, claim.digits + 2)
    return fill(template, {"convention": best.label, "bounds": reach, "risk": risk_in_words(sample.risk)})


def plan_sentences(run: PlannedRun) -> list[str]:
    """What a plan says about itself, what is proved, and whether it was followed."""
    there = (
        tr("{part} of {n} judgements are there. Risk of all bounds together: {risk}.")
        if run.sampled == "judgements"
        else tr("{part} of {n} outputs are there. Risk of all bounds together: {risk}.")
    )
    found = [fill(there, {"part": whole(run.drawn), "n": whole(run.units), "risk": risk_in_words(run.risk)})]
    if run.strata > 1:
        found.append(tr("Every step takes one unit of each of {n} strata by length.", n=whole(run.strata)))
    if run.seed == "public":
        found.append(
            tr(
                "The order follows from {source}, published {published} by the auditor's word. If the plan is older "
                "than that, nobody could choose among several orders.",
                source=run.source or "",
                published=run.published or "",
            )
        )
    elif run.seed == "drawn":
        found.append(
            tr("The seed was drawn with the plan: that several orders were drawn, and one chosen, cannot be excluded.")
        )
    else:
        found.append(
            tr("The seed was given with the plan: that several orders were drawn, and one chosen, cannot be excluded.")
        )
    found.append(tr("Its maker says that it was made at {created}.", created=run.created))
    if run.registered is None:
        found.append(tr("It was not registered: nothing shows that it is older than the run."))
        return found
    signed = (
        tr("It was signed by the key {key}; a time stamp covers the signature, which `repro-audit verify` checks.")
        if run.stamped
        else tr("It was signed by the key {key}; without a time stamp, its age rests on the signer's word.")
    )
    found.append(fill(signed, {"key": run.registered[:16]}))
    return found
