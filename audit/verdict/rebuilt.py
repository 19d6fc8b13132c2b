"""A recomputed measurement as audit.json has it, made again into what the rules of the verdict read.

What follows from other parts of the document is computed again: the value from the summed counts, its agreement, its bounds.
What rests on rows stays as stated: the counts, the decisive steps, what is wrong with single rows.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from audit.analysis.folds import folded
from audit.analysis.selections import BY_REFERENCE
from audit.facts import Claim
from audit.literature.grades import Grading
from audit.literature.studies import Study
from audit.schema import Comparison, Measurement
from audit.verdict.agreement import in_unit, unit_factor
from audit.verdict.measurements import Measured, documented, on_whole_set, target
from audit.verdict.planned import Settled
from tasks.statistics.bootstrap import stored

# Reasons that are added once all measurements of a claim are known.
_ADDED = frozenset({"one-run", "further-run"})


def rebuilt(
    record: Measurement, claim: Claim | None, study: Study, grading: Grading | None, official: int | None
) -> Measured:
    """A recomputed measurement of one run, before runs and means are joined.

    Args:
        record: The measurement as stated.
        claim: Its claim; None if the paper makes none.
        study: Provides the margins.
        grading: The evidence for its convention; None if not known.
        official: Number of units that the set's official scoring keeps; None if it has no selection.
    """
    exact, value = _value(record, claim, _scale(record, study))
    rows = record.rows
    by_reference = rows is not None and {s.rule for s in rows.skipped} <= BY_REFERENCE
    free = documented(grading, rows.scored if rows and by_reference else None, official)
    compared, whole, bounds = Comparison(), None, None
    if claim is not None and exact is not None and rows is not None:
        held = target(claim, study)
        compared = held.compare(exact)
        without = None if record.without_dropping is None else Fraction(record.without_dropping)
        whole, bounds = on_whole_set(rows, claim, held, exact, without, free=free)
    drops = bool(rows and rows.skipped) and not free
    settled = _settled(record, drops=drops)
    if settled is not None:
        # The bounds of a sample rest on the order of its rows.
        whole = record.whole
    return Measured(
        replace(
            record,
            value=value,
            agreement=compared,
            whole=whole,
            bounds=bounds,
            invalid=tuple(problem for problem in record.invalid if problem.code not in _ADDED),
        ),
        exact,
        grading,
        drops=drops,
        complete=rows is not None and not rows.missing and not rows.error,
        decisive=record.decisive,
        sure=settled is None or settled.sure,
    )


def _scale(record: Measurement, study: Study) -> int:
    """The scale of the metric under the measurement's convention."""
    items = tuple(study.tasks[record.task].conventions[record.metric])
    return next((item for item in items if item.id == record.convention), items[0]).metric.scale


def _settled(record: Measurement, *, drops: bool) -> Settled | None:
    """What a planned sample of a part says; None if all units are there, or if it gives no bounds."""
    sample = record.sample
    if sample is None or sample.problem is not None or sample.units == sample.of:
        return None
    return None if drops and record.without_dropping is None else Settled(record.whole, sample)


def _value(record: Measurement, claim: Claim | None, scale: int) -> tuple[Fraction | Decimal | None, str | None]:
    """The value, as exact as the counts give it, and as it is stored."""
    if record.value is None:
        return None, None
    if record.fold is None or record.counts is None or record.rows is None:
        return Decimal(record.value), record.value
    total = None if record.total is None else Fraction(record.total)
    found = folded(record.fold, record.counts, total, record.rows.scored or 0)
    if found is None:
        return None, None
    factor = unit_factor(claim, scale)
    return in_unit(found, factor), format(stored(found) * factor, "f")
