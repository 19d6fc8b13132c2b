"""The sentence that opens the reasons for a verdict: what was found, under which convention, and what backs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from audit._util.templates import fill
from audit.report.language import tr, trn
from audit.report.markup import Filling, Part, Sentence, code, filled, link, listed, said, said_many, sentence
from audit.report.numbers import chance, decimal, whole
from audit.report.views import ClaimView, MeasurementView, anchor
from audit.report.vocabulary import grades, metric_name
from audit.schema import LIKELY

# Of more works than this, the first are named and the others counted.
_NAMED = 4


def opening(claim: ClaimView, works: Mapping[str, str]) -> Sentence:
    """The opening sentence of a claim; `works` has the short names of the surveyed works by id."""
    best = claim.deciding
    rule = _OPENINGS.get(claim.verdict.id)
    if rule is not None:
        return rule(claim, best, works)
    return said("Verdict: {verdict}.", verdict=claim.verdict.label)


def _not_run(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del best, works
    words = {m.rule or m.note for m in claim.measurements if m.rule or m.note}
    found = said("There are no predictions for this task, and no value is recorded.")
    if not words:
        return found
    return sentence(*found, " ", *said("The record says: {words}.", words="; ".join(sorted(words))))


def _not_comparable(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del best, works
    number = sum(bool(m.value) for m in claim.measurements)
    return said_many(
        "The only measurement is invalid, so nothing here is comparable with the reported {reported}.",
        "All {n} measurements are invalid, so nothing here is comparable with the reported {reported}.",
        number,
        n=whole(number),
        reported=claim.value,
    )


def _agreeing(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    if best is None:
        return said("It agrees with the reported {reported}.", reported=claim.value)
    value: Sentence = (_strong(best),)
    if best.interval:
        value = said(
            "{value} (95 % interval {interval}, {method})", value=value, interval=best.interval, method=best.method
        )
    if best.rows:
        value = said("{value} over {rows} rows", value=value, rows=best.rows)
    template = (
        tr("Under {convention}, the recorded value is {value}")
        if best.recorded
        else tr("Under {convention}, the recomputed value is {value}")
    )
    *first, last = [filled(template, {"convention": _convention(best), "value": value}), *_backing(best, works)]
    found = [part for statement in first for part in (*statement, Part(". "))]
    return sentence(*found, *_luck(claim, last), ".")


def _luck(claim: ClaimView, statement: Sentence) -> Sentence:
    """If chance is a likely explanation of an agreement, say so, unless the paper or the cited source supports it."""
    decision = claim.decision
    if decision is None or decision.odds is None or decision.odds.chance is None or decision.grade in {"A", "B"}:
        return statement
    if Fraction(decision.odds.chance) <= LIKELY:
        return statement
    return said(
        "{statement}; probability of agreeing by chance: {chance}, see below",
        statement=statement,
        chance=chance(decision.odds.chance),
    )


def _exceeds(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del works
    if best is None:
        return said(
            "Better than the reported {reported} under every convention of the best grade at hand.",
            reported=claim.value,
        )
    nearest = (
        tr(
            "Better than reported: the recorded value nearest to {reported} is {value} under {convention}, {gap}; "
            "the values under all other conventions of the best grade at hand are also better."
        )
        if best.recorded
        else tr(
            "Better than reported: the recomputed value nearest to {reported} is {value} under {convention}, {gap}; "
            "the values under all other conventions of the best grade at hand are also better."
        )
    )
    values: dict[str, Filling] = {"reported": claim.value, "value": _strong(best), "convention": _convention(best)}
    return sentence(
        *filled(nearest, {**values, "gap": _gap_in_words(claim, best)}),
        " ",
        *said("The model is at least as good as reported; the number is not reproduced."),
    )


def _undecided(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del works
    if best is None or best.unscored_units is None:
        return said("What was scored can neither confirm nor exclude the reported {reported}.", reported=claim.value)
    units = best.unscored_units
    if best.sample is not None and best.sample.problem is None:
        return said(
            "Only a planned sample was scored: {value} under {convention} over {rows}. Its bounds neither confirm "
            "nor exclude the reported {reported}. More units in the planned order may decide it; all {n} do.",
            value=_strong(best),
            convention=_convention(best),
            rows=best.rows,
            reported=claim.value,
            n=whole(units),
        )
    return said_many(
        "Only a part of the set was scored: {value} under {convention} over {rows}. With the other unit at its best "
        "or worst, the set gives {reach}; the reported {reported} is neither confirmed nor excluded. Scoring that "
        "unit decides it.",
        "Only a part of the set was scored: {value} under {convention} over {rows}. With each of the other {n} units "
        "at its best or worst, the set gives {reach}; the reported {reported} is neither confirmed nor excluded. "
        "Scoring those units decides it.",
        units,
        value=_strong(best),
        convention=_convention(best),
        rows=best.rows,
        n=whole(units),
        reach=best.reach,
        reported=claim.value,
    )


def _selective(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del claim, works
    if best is None:
        return said("It agrees only when outputs are dropped.")
    value = (
        said("{value} over {rows} rows ({share})", value=_strong(best), rows=best.rows, share=best.covered)
        if best.covered
        else said("{value} over {rows} rows", value=_strong(best), rows=best.rows)
    )
    template = {
        (True, True): tr("It agrees only when outputs are dropped: under {convention}, the recorded value is {value}."),
        (True, False): tr(
            "It agrees only when outputs are dropped: under {convention}, the recomputed value is {value}."
        ),
        (False, True): tr("It agrees only over a part of the set: under {convention}, the recorded value is {value}."),
        (False, False): tr(
            "It agrees only over a part of the set: under {convention}, the recomputed value is {value}."
        ),
    }[best.drops, best.recorded]
    return sentence(
        *filled(template, {"convention": _convention(best), "value": value}),
        " ",
        *said("A value over a part of the set does not justify a value reported for the whole set."),
    )


def _infeasible(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del works
    metric = metric_name(claim.metric)
    if best is None:
        return said(
            "No integer counts over the stated set can give a {metric} that prints as {reported}.",
            metric=metric,
            reported=claim.value,
        )
    return said(
        "No integer counts over the stated set can give a {metric} that prints as {reported}; the nearest value is "
        "{value} under {convention}.",
        metric=metric,
        reported=claim.value,
        value=_strong(best),
        convention=_convention(best),
    )


def _not_reproduced(claim: ClaimView, best: MeasurementView | None, works: Mapping[str, str]) -> Sentence:
    del works
    if best is None:
        return said("Nothing agrees with the reported value.")
    template = {
        (True, True): tr(
            "Nothing agrees. The nearest recorded value is {value} under {convention}, over {rows} rows: {gap}."
        ),
        (False, True): tr("Nothing agrees. The nearest recorded value is {value} under {convention}: {gap}."),
        (True, False): tr(
            "Nothing agrees. The nearest recomputed value is {value} under {convention}, over {rows} rows: {gap}."
        ),
        (False, False): tr("Nothing agrees. The nearest recomputed value is {value} under {convention}: {gap}."),
    }[best.partial, best.recorded]
    values: dict[str, Filling] = {"value": _strong(best), "convention": _convention(best), "rows": best.rows}
    return filled(template, {**values, "gap": _gap_in_words(claim, best)})


def _gap_in_words(claim: ClaimView, best: MeasurementView) -> str:
    gap = decimal(best.difference.replace("\u2212", "-"))
    above = gap is not None and gap > 0
    template = {
        (True, True): tr("{size} above the reported {reported}, i.e. better"),
        (True, False): tr("{size} above the reported {reported}, i.e. worse"),
        (False, True): tr("{size} below the reported {reported}, i.e. better"),
        (False, False): tr("{size} below the reported {reported}, i.e. worse"),
    }[above, above == (claim.data.direction == "higher")]
    return fill(template, {"size": best.difference.lstrip("+\u2212"), "reported": claim.value})


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


def _strong(m: MeasurementView) -> Part:
    return Part(m.value, "strong")


def _convention(m: MeasurementView) -> Part:
    if m.convention is None:
        return Part(tr("a rule that the record does not identify"))
    return link(m.label, f"#{m.anchor}")


def _backing(m: MeasurementView, works: Mapping[str, str]) -> list[Sentence]:
    """The convention's grade in words, and the works that use it; sentences without their full stops."""
    if not m.grade:
        return []
    found = [said("Its evidence has grade {grade}: {meaning}", grade=m.grade, meaning=grades().get(m.grade, ""))]
    users = list(m.convention.works) if m.convention else []
    if users:
        named = [[_work(w, works)] for w in users[:_NAMED]]
        if more := len(users) - len(named):
            named.append([Part(trn("{n} more", "{n} more", more, n=whole(more)))])
        found.append(said("It is used by {works}", works=listed(named)))
    return found


def _work(identifier: str, works: Mapping[str, str]) -> Part:
    name = works.get(identifier)
    return link(name, f"#{anchor('work', identifier)}") if name else code(identifier)
