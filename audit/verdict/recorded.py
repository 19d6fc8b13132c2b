"""Values recorded by a reproduction team, without predictions, as measurements."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from audit.facts import WHOLE, Claim
from audit.literature.grades import Grading
from audit.literature.reproductions import Recorded
from audit.literature.studies import Study
from audit.schema import Agreement, Comparison, Interval, Invalid, Measurement, Rows, Skipped
from audit.verdict.bounds import ERROR_RATES, SHARES, whole_set
from audit.verdict.measurements import Measured, Names, as_bounds, as_interval, documented, target
from tasks.phrase import phrase
from tasks.statistics.bootstrap import wilson_interval

# Of the ends of an interval, as shares: in percent they still have all decimals that a stored value can have.
_SHARE_PLACES = 14


def recorded(
    value: Recorded,
    claim: Claim,
    study: Study,
    grading: Grading | None,
    names: Names,
    size: int | None,
    official: int | None = None,
) -> Measured:
    """A value recorded by a reproduction team, without predictions.

    Args:
        value: The recorded value.
        claim: The claim it is compared with.
        study: Provides the margin.
        grading: The evidence for its convention; None if the convention is not known.
        names: Provides the id.
        size: Number of units in the set; None if unknown.
        official: Number of units that the set's official scoring keeps; None if it has no selection.
    """
    exact = None if value.value is None else Decimal(value.value)
    held = target(claim, study)
    total = max((n for n in (value.total, size) if n is not None), default=None)
    dropped = value.total - value.kept if value.kept is not None and value.total is not None else 0
    unscored = total - value.kept if value.kept is not None and total is not None else 0
    free = documented(grading, value.kept, official)
    if free:
        unscored, dropped = unscored - dropped, 0
    compared = held.compare(exact) if exact is not None else Comparison()
    whole, bounds = compared.kind, None
    if exact is not None and unscored and value.kept is not None:
        reach = whole_set(
            Fraction(exact),
            family=claim.family,
            metric=claim.metric,
            unit=claim.unit,
            scored=value.kept,
            unscored=unscored,
        )
        bounds = as_bounds(reach, unscored)
        if compared.kind is not Agreement.WORSE or not dropped:
            whole = held.bounded(reach.low, reach.high)
    record = Measurement(
        id=names.name(claim.id, "recorded", value.convention),
        claim=claim.id,
        task=claim.task,
        metric=claim.metric,
        convention=value.convention,
        origin="recorded",
        value=value.value,
        interval=_closed_form(value, claim),
        rows=_recorded_rows(value, total),
        counts=_recorded_counts(value),
        rule=value.rule,
        agreement=compared,
        whole=whole if exact is not None else None,
        bounds=bounds,
        invalid=tuple(_recorded_problems(value, claim)),
        note=value.note,
        source=f"{value.reproduction}: {value.source}",
        conditions=value.conditions,
        judge=value.judge,
    )
    return Measured(
        record,
        exact,
        grading,
        drops=dropped > 0,
        complete=unscored == dropped,
    )


def _recorded_rows(value: Recorded, total: int | None) -> Rows:
    skipped: tuple[Skipped, ...] = ()
    if value.kept is not None and value.total is not None and value.total > value.kept:
        skipped = (Skipped("recorded", phrase("dropped, see the rule"), value.total - value.kept),)
    missing = total - value.total if total is not None and value.total is not None else None
    return Rows(total, value.kept, skipped, missing, 0 if value.kept is not None else None)


def _recorded_counts(value: Recorded) -> dict[str, int] | None:
    total = value.denominator if value.denominator is not None else value.kept
    return None if value.correct is None or total is None else {"correct": value.correct, "total": total}


def _closed_form(value: Recorded, claim: Claim) -> Interval | None:
    """Wilson interval from the counts of an accuracy; marked approximate for an error rate with a known denominator."""
    base = value.denominator if value.denominator is not None else value.kept
    if value.value is None or not base:
        return None
    scale = WHOLE[claim.unit] or 1
    if claim.metric in SHARES and value.correct is not None:
        low, high = wilson_interval(value.correct, base, _SHARE_PLACES)
        return as_interval((low * scale, high * scale), "wilson")
    if claim.metric in ERROR_RATES and value.denominator:
        errors = min(round(Fraction(value.value) * value.denominator / scale), value.denominator)
        low, high = wilson_interval(errors, value.denominator, _SHARE_PLACES)
        return as_interval((low * scale, high * scale), "binomial-approximate")
    return None


def _recorded_problems(value: Recorded, claim: Claim) -> list[Invalid]:
    found = []
    if value.invalid:
        found.append(Invalid("protocol", value.invalid))
    if value.variant != claim.variant:
        found.append(
            Invalid(
                "other-variant",
                phrase(
                    "The outputs are from variant {found}; the claim is about {claimed}.",
                    found=value.variant,
                    claimed=claim.variant,
                ),
            )
        )
    if value.judge and value.judge != claim.judge:
        text = (
            phrase("The judge was {found}; the paper's judge was {reported}.", found=value.judge, reported=claim.judge)
            if claim.judge
            else phrase("The judge was {found}; the judge of the paper is not known.", found=value.judge)
        )
        found.append(Invalid("other-judge", text))
    if value.value is not None and (value.kept is None or value.total is None):
        found.append(Invalid("coverage-unknown", "The numbers of scored and of all rows are not recorded."))
    elif value.value is not None and not value.kept:
        found.append(Invalid("coverage-none", "The record says that no row was scored."))
    return found
