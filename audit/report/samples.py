"""Sentences about planned samples: what was drawn, the bounds, the risk, and what the plan rests on."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from audit.report.markup import Sentence, sentence
from audit.report.numbers import shown, whole
from audit.report.views import ClaimView, MeasurementView
from audit.schema import PlannedRun, Sample, Verdict

_SMALL = Fraction(1, 20)
_SETTLED = frozenset({Verdict.REPRODUCED, Verdict.JUSTIFIED, Verdict.UNDOCUMENTED})


def risk_in_words(risk: str) -> str:
    """A risk in percent, with two significant digits at most: `2.5 %`, `0.24 %`."""
    percent = Fraction(risk) * 100
    value = Decimal(percent.numerator) / Decimal(percent.denominator)
    places = max(0, 1 - value.adjusted())
    text = format(value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP), "f")
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def bounds_in_words(sample: Sample, digits: int) -> str:
    """The bounds: `0.26 to 7.35`, `at least 0.26`; `none` without any."""
    low, high = (None if end is None else shown(end, digits) for end in (sample.low, sample.high))
    if low is None and high is None:
        return "none"
    if high is None:
        return f"at least {low}"
    return f"{low} to {high}" if low is not None else f"at most {high}"


def sample_sentences(claim: ClaimView) -> list[Sentence]:
    """What a verdict on a part of a set rests on, if the part follows a plan; empty otherwise."""
    best = claim.deciding
    if best is None or best.sample is None or not best.partial:
        return []
    sample = best.sample
    drawn = f"{whole(sample.units)} of {whole(sample.of)} units were scored in the random order of a plan."
    if sample.problem is not None:
        return [sentence(f"{drawn} The plan gives no bounds, so only the worst case counts: {sample.problem}.")]
    found = [sentence(f"{drawn} {_bounds(claim, best, sample)}")]
    counted = sorted({m.label for m in claim.measurements if m.sample is not None})
    if len(counted) < len({m.label for m in claim.measurements if m.value}):
        found.append(sentence(f"The verdict is about the conventions that the plan counts: {', '.join(counted)}."))
    if not sample.exact:
        found.append(
            sentence(
                "These bounds are approximate, calibrated by simulation; they never suffice for the verdict reproduced."
            )
        )
    if sample.cap is not None:
        words = f"The upper bound assumes that no output has more than {whole(sample.cap)} words"
        if sample.capped:
            found.append(sentence(f"{words}; the run's decoding allows no more tokens."))
        else:
            most = ", so the verdict is at most justified" if claim.verdict.id in _SETTLED else ""
            found.append(sentence(f"{words}, which the run's meta file does not show{most}."))
    if Fraction(sample.whole_risk) > _SMALL and claim.verdict.id in _SETTLED:
        found.append(sentence("The plan's risk is above 5 %, so the verdict is at most justified."))
    if not sample.registered and claim.verdict.id in _SETTLED:
        found.append(sentence("The plan was not registered, so the verdict is at most justified."))
    return found


def _bounds(claim: ClaimView, best: MeasurementView, sample: Sample) -> str:
    reach = bounds_in_words(sample, claim.digits + 2)
    risk = risk_in_words(sample.risk)
    chance = "about" if not sample.exact else "at most"
    return (
        f"They bound the value of {best.label} on the whole set: {reach}. The chance that such bounds ever miss the value, "
        f"whenever one stops, is {chance} {risk}."
    )


def plan_sentences(run: PlannedRun) -> list[str]:
    """What a plan says about itself, what is proved, and whether it was followed."""
    found = [
        (
            f"{whole(run.drawn)} of {whole(run.units)} {run.sampled} are there. Risk of all bounds together: "
            f"{risk_in_words(run.risk)}."
        )
    ]
    if run.strata > 1:
        found.append(f"Every step takes one unit of each of {run.strata} strata by length.")
    if run.seed == "public":
        found.append(
            f"The order follows from {run.source}, published {run.published} by the auditor's word. If the plan is older than "
            "that, nobody could choose among several orders."
        )
    else:
        found.append(
            f"The seed was {run.seed} with the plan: that several orders were drawn, and one chosen, cannot be excluded."
        )
    found.append(f"Its maker says that it was made at {run.created}.")
    if run.registered is None:
        found.append("It was not registered: nothing shows that it is older than the run.")
    else:
        stamp = (
            "a time stamp covers the signature, which `repro-audit verify` checks"
            if run.stamped
            else "without a time stamp, its age rests on the signer's word"
        )
        found.append(f"It was signed by the key {run.registered[:16]}; {stamp}.")
    return found
