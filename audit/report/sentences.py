"""Turns a verdict and its reasons, which are data in audit.json, into sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from audit.report.markup import Part, Sentence, code, link, listed, sentence
from audit.report.numbers import chance, decimal, places, shown, whole
from audit.report.samples import sample_sentences
from audit.report.views import ClaimView, MeasurementView, anchor
from audit.report.vocabulary import GRADES, metric_name
from audit.schema import LIKELY, Agreement, Certificate, Gap, IdentityState, StudyFacts, Verdict

# Of more works than this, the first are named and the others counted.
_NAMED = 4
# Of more sizes than this, a proof of impossibility shows the first and counts the others.
_GAPS = 3


def justification(claim: ClaimView, study: StudyFacts, works: Mapping[str, str]) -> list[Sentence]:
    """The reasons for a verdict.

    Args:
        claim: The claim, with its verdict and measurements.
        study: Provides the margins.
        works: Short names of the surveyed works by id; other works are shown by id, without a link.
    """
    found = [s for s in (_opening(claim, works), *_agreement(claim, study), _unscored(claim)) if s]
    found += sample_sentences(claim)
    found += _refused(claim)
    found += [s for s in (_odds(claim), *_certificate(claim)) if s]
    return found


def _opening(claim: ClaimView, works: Mapping[str, str]) -> Sentence:
    best = claim.deciding
    rule = _OPENINGS.get(claim.verdict.id)
    if rule is not None:
        return rule(claim, best, works)
    return sentence(f"Verdict: {claim.verdict.label}.")


def _not_run(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del best, works
    words = {m.rule or m.note for m in claim.measurements if m.rule or m.note}
    reason = f" The record says: {'; '.join(sorted(words))}." if words else ""
    return sentence(f"There are no predictions for this task, and no value is recorded.{reason}")


def _not_comparable(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del best, works
    number = sum(bool(m.value) for m in claim.measurements)
    count = "The only measurement is" if number == 1 else f"All {number} measurements are"
    return sentence(f"{count} invalid, so nothing here is comparable with the reported {claim.value}.")


def _agreeing(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    if best is None:
        return sentence(f"It agrees with the reported {claim.value}.")
    return sentence("Under ", *_convention(best), f", the {_origin(best)} value is ", Part(best.value, "strong"),
                    *_where_from(best), *_backing(best, works), *_luck(claim), ".")  # fmt: skip


def _luck(claim: ClaimView) -> list[Part]:
    """If chance is a likely explanation of an agreement, say so, unless the paper or the cited source supports it."""
    decision = claim.decision
    if decision is None or decision.odds is None or decision.odds.chance is None or decision.grade in {"A", "B"}:
        return []
    likely = Fraction(decision.odds.chance) > LIKELY
    return [Part(f"; probability of agreeing by chance: {chance(decision.odds.chance)}, see below")] if likely else []


def _exceeds(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del works
    if best is None:
        return sentence(f"Better than the reported {claim.value} under every convention of the best grade at hand.")
    return sentence(
        f"Better than reported: the {_origin(best)} value nearest to {claim.value} is ",
        Part(best.value, "strong"),
        " under ",
        *_convention(best),
        f", {_gap_in_words(claim, best)}; the values under all other conventions of the best grade at hand are also better. "
        "The model is at least as good as reported; the number is not reproduced.",
    )


def _undecided(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del works
    if best is None or best.unscored_units is None:
        return sentence(f"What was scored can neither confirm nor exclude the reported {claim.value}.")
    noun = "unit" if best.unscored_units == 1 else "units"
    if best.sample is not None and best.sample.problem is None:
        return sentence(
            "Only a planned sample was scored: ",
            Part(best.value, "strong"),
            " under ",
            *_convention(best),
            f" over {best.rows}. Its bounds neither confirm nor exclude the reported {claim.value}. More units in the planned "
            f"order may decide it; all {whole(best.unscored_units)} do.",
        )
    return sentence(
        "Only a part of the set was scored: ",
        Part(best.value, "strong"),
        " under ",
        *_convention(best),
        f" over {best.rows}. With each of the other {whole(best.unscored_units)} {noun} at its best or worst, the set "
        f"gives {best.reach}; the reported {claim.value} is neither confirmed nor excluded. Scoring those {noun} decides it.",
    )


def _selective(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del claim, works
    if best is None:
        return sentence("It agrees only when outputs are dropped.")
    dropped = any("skipped" in text for text in best.unscored)
    return sentence(
        "It agrees only when outputs are dropped" if dropped else "It agrees only over a part of the set",
        ": under ",
        *_convention(best),
        f", the {_origin(best)} value is ",
        Part(best.value, "strong"),
        f" over {best.rows} rows{f' ({best.covered})' if best.covered else ''}. "
        "A value over a part of the set does not justify a value reported for the whole set.",
    )


def _infeasible(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del works
    nearest: list[str | Part] = []
    if best:
        nearest = ["; the nearest value is ", Part(best.value, "strong"), " under ", *_convention(best)]
    return sentence(
        f"No integer counts over the stated set can give a {metric_name(claim.metric)} that prints as {claim.value}",
        *nearest,
        ".",
    )


def _not_reproduced(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del works
    if best is None:
        return sentence("Nothing agrees with the reported value.")
    part = f", over {best.rows} rows" if best.partial else ""
    return sentence(
        "Nothing agrees. The nearest ",
        f"{_origin(best)} value is ",
        Part(best.value, "strong"),
        " under ",
        *_convention(best),
        f"{part}: {_gap_in_words(claim, best)}.",
    )


def _gap_in_words(claim: ClaimView, best: MeasurementView) -> str:
    gap = decimal(best.difference.replace("\u2212", "-"))
    size = best.difference.lstrip("+\u2212")
    way = "above" if gap is not None and gap > 0 else "below"
    better = (gap is not None and gap > 0) == (claim.data.direction == "higher")
    return f"{size} {way} the reported {claim.value}, i.e. {'better' if better else 'worse'}"


_OPENINGS: dict[str, Callable[[ClaimView, MeasurementView | None, Mapping[str, str]], Sentence]] = {
    "not-run": _not_run,
    "not-comparable": _not_comparable,
    "reproduced": _agreeing,
    "justified": _agreeing,
    "undocumented": _agreeing,
    "selective": _selective,
    "undecided": _undecided,
    "exceeds": _exceeds,
    "infeasible": _infeasible,
    "not-reproduced": _not_reproduced,
}


def _origin(m: MeasurementView) -> str:
    return "recorded" if m.recorded else "recomputed"


def _convention(m: MeasurementView) -> list[Part]:
    if m.convention is None:
        return [Part("a rule that the record does not identify")]
    return [link(m.label, f"#{m.anchor}")]


def _where_from(m: MeasurementView) -> list[Part]:
    parts = []
    if m.interval:
        parts.append(Part(f" (95 % interval {m.interval}, {m.method})"))
    if m.rows:
        parts.append(Part(f" over {m.rows} rows"))
    return parts


def _backing(m: MeasurementView, works: Mapping[str, str]) -> list[Part]:
    """The convention's grade in words, and the works that use it."""
    if not m.grade:
        return []
    parts = [Part(f". Its evidence has grade {m.grade}: {GRADES.get(m.grade, '')}")]
    users = list(m.convention.works) if m.convention else []
    if users:
        named = [[_work(w, works)] for w in users[:_NAMED]]
        if len(users) > _NAMED:
            named.append([Part(f"{len(users) - _NAMED} more")])
        parts += [Part(". It is used by "), *listed(named)]
    return parts


def _work(identifier: str, works: Mapping[str, str]) -> Part:
    name = works.get(identifier)
    return link(name, f"#{anchor('work', identifier)}") if name else code(identifier)


def _agreement(claim: ClaimView, study: StudyFacts) -> list[Sentence]:
    best = claim.deciding
    if best is None or best.invalid:
        return []
    found = []
    band = f"{claim.low} to {claim.high}"
    if best.agreement is Agreement.EXACT:
        how = "Truncated to the printed digits" if best.truncated else "Rounded to the printed digits"
        found.append(sentence(f"{how}, it is the reported {claim.value}."))
    elif best.agreement is Agreement.WITHIN_MARGIN:
        margin = study.margins.get(claim.metric)
        value = f" of {margin.value}, which is {_KINDS[margin.kind]}," if margin else ""
        found.append(
            sentence(
                f"The reported {claim.value} stands for {band}; the value lies outside by no more than the margin{value} for "
                f"{metric_name(claim.metric)} (difference {best.difference})."
            )
        )
    if best.without_dropping:
        found.append(sentence(f"Without dropping units, the same convention gives {best.without_dropping}."))
    if claim.verdict.id in _AGREEING:
        found.append(_decisive(claim))
        found += [sentence(_IDENTITY[best.identity])] if best.identity in _IDENTITY else []
    return found


_KINDS = {"measured": "measured", "cited": "cited", "assumed": "assumed"}
_AGREEING = frozenset({Verdict.REPRODUCED, Verdict.JUSTIFIED, Verdict.UNDOCUMENTED})
_IDENTITY = {
    IdentityState.VERIFIED: "The references match the hash on the card of the set.",
    IdentityState.CONSISTENT: "Units and totals of the rows match the card of the set.",
    IdentityState.PART: "The rows are a part of the set; nothing on its card contradicts them.",
    IdentityState.UNKNOWN: "Whether the rows belong to the set is not known: it has no card, or a card without totals. "
    "The verdict is therefore at most justified.",
}


def _decisive(claim: ClaimView) -> Sentence:
    """The decisive steps, and the evidence for each."""
    decision = claim.decision
    if decision is None or decision.decisive is None:
        return sentence("No alternatives could be computed, so every step of the convention counts as decisive.")
    if not decision.decisive:
        return sentence("No step decides: the value agrees under every alternative that was tried.")
    steps = [[Part(f"{step.axis} "), code(step.option), Part(f" (grade {step.grade})")] for step in decision.decisive]
    noun = "step decides" if len(steps) == 1 else "steps decide"
    return sentence(f"The {noun}: ", *listed(steps), f". The verdict rests on the worst grade, {decision.grade}.")


def _unscored(claim: ClaimView) -> Sentence | None:
    best = claim.deciding
    if best is None or not best.unscored:
        return None
    return sentence(f"Not scored: {'; '.join(best.unscored)}.")


def _refused(claim: ClaimView) -> list[Sentence]:
    """One sentence per reason for invalid measurements, with the letter used in the table."""
    found = []
    for reason in claim.reasons:
        numbers = [m.number for m in claim.measurements if reason in m.invalid]
        label = "Measurement " if len(numbers) == 1 else "Measurements "
        where = listed([[Part(text)] for text in _ranges(numbers)])
        mark, place = claim.note(reason)
        ending = "" if reason.endswith((".", "!", "?")) else "."
        found.append(
            sentence(
                Part(f"({mark})", "mark", place), f" {label}", *where, f" cannot justify anything: {reason}{ending}"
            )
        )
    return found


def _ranges(numbers: Sequence[int]) -> list[str]:
    """Ascending numbers; runs of three or more as `4 to 9`."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return [text for run in runs for text in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))]


def _odds(claim: ClaimView) -> Sentence | None:
    odds = claim.decision.odds if claim.decision else None
    if odds is None:
        return None
    tried = odds.tried
    counted = "One value was tried" if tried == 1 else f"{whole(tried)} values were tried"
    probability = chance(odds.chance)
    if not probability:
        return sentence(f"{counted}, so there is no spread from which to estimate the odds of a chance agreement.")
    digits = places(claim.data.value) + 2
    spread = ""
    if odds.low is not None and odds.high is not None:
        spread = f", {shown(odds.low, digits)} to {shown(odds.high, digits)}"
    return sentence(
        f"{counted}. Had the reported value lain anywhere in their spread{spread}, the chance that at least one of them "
        f"would have matched it is {probability}."
    )


def _certificate(claim: ClaimView) -> list[Sentence]:
    """The proof of impossibility: for each size of the set, the two counts on either side of the reported value."""
    proof = claim.decision.certificate if claim.decision else None
    if proof is None or not proof.gaps:
        return []
    gaps = proof.gaps
    found = (
        [sentence(f"Proof that no counts print {claim.value}, by any common rounding rule:")] if len(gaps) > 1 else []
    )
    found += [_gap(gap, claim, proof) for gap in gaps[:_GAPS]]
    if len(gaps) > _GAPS:
        found.append(sentence(f"The same holds for {len(gaps) - _GAPS} further sizes, listed in audit.json."))
    return found


def _gap(gap: Gap, claim: ClaimView, proof: Certificate) -> Sentence:
    size, below, above = gap.n, gap.below, gap.above
    scale = 100 if proof.unit == "percent" else 1
    digits = claim.digits + 2
    first = f"{whole(below)} of {whole(size)} is {_ratio(below, size, scale, digits)}"
    if above is None:
        return sentence(f"{first}, and no larger count exists.")
    second = f"{whole(above)} of {whole(size)} is {_ratio(above, size, scale, digits)}"
    return sentence(f"{first} and {second}; nothing lies between them, and neither prints as {claim.value}.")


def _ratio(part: int, of: int, scale: int, digits: int) -> str:
    quotient = Decimal(part * scale) / Decimal(of) if of else Decimal(0)
    return shown(f"{quotient.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP):f}", digits)
