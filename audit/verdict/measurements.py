"""Measurements: values scored from predictions and values that a team recorded, in one shape for verdict and report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from audit.literature.reproductions import Recorded
from audit.literature.studies import Study
from audit.schema import (
    Claim,
    Comparison,
    Grade,
    Interval,
    Invalid,
    Measurement,
    PredictionFile,
    Rows,
    Skipped,
)
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score
from audit.verdict.agreement import agreement, difference
from audit.verdict.rules import Candidate
from tasks.analysis.baselines import single_class
from tasks.statistics.bootstrap import wilson_interval
from tasks.task import Task

_PLACEHOLDER = "<Speech><SpeechHere></Speech>"
# What a measurement has when its value is a share of counted things, whatever the unit it is shown in.
_SHARES = frozenset({"accuracy", "following-rate"})
_ERROR_RATES = frozenset({"wer", "per"})


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement with what the decision needs beside it.

    Attributes:
        record: The measurement as it stands in audit.json.
        exact: The value in the claim's unit, as exact as it is known; None where there is none.
        grade: Of its convention.
    """

    record: Measurement
    exact: Fraction | Decimal | None
    grade: Grade

    def candidate(self, claim: Claim) -> Candidate | None:
        """What the verdict's rules look at; None without a value."""
        if self.exact is None:
            return None
        record = self.record
        return Candidate(
            record.id,
            record.agreement.kind,
            self.grade,
            record.coverage,
            record.valid,
            not record.recorded,
            abs(Fraction(self.exact) - claim.reported),
        )


class Names:
    """Gives every measurement an id of its own."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()

    def name(self, claim: str, origin: str, convention: str | None) -> str:
        """The next free id for these parts."""
        base = f"{claim}/{origin}/{convention or 'unnamed'}"
        self._used[base] += 1
        return base if self._used[base] == 1 else f"{base}~{self._used[base]}"


def _compare(
    claim: Claim | None, study: Study, exact: Fraction | Decimal | None, interval: tuple[Decimal, Decimal] | None
) -> Comparison:
    if claim is None or exact is None:
        return Comparison()
    tolerance = study.facts.tolerances[claim.metric].value
    found = agreement(exact, claim.value, tolerance=tolerance, interval=interval)
    return Comparison(found, difference(exact, claim.value))


def _interval(interval: tuple[Decimal, Decimal] | None, method: str) -> Interval | None:
    if interval is None:
        return None
    low, high = (format(bound.quantize(Decimal("1e-6")), "f") for bound in interval)
    return Interval(low, high, "95", method)


def recorded(value: Recorded, claim: Claim, study: Study, grade: Grade, names: Names) -> Measured:
    """A value that a reproduction team wrote down; there are no predictions behind it."""
    exact = None if value.value is None else Decimal(value.value)
    bounds, method = _closed_form(value, claim)
    record = Measurement(
        id=names.name(claim.id, "recorded", value.convention),
        claim=claim.id,
        task=claim.task,
        metric=claim.metric,
        convention=value.convention,
        origin="recorded",
        value=value.value,
        interval=_interval(bounds, method),
        rows=_recorded_rows(value, claim),
        counts=_recorded_counts(value),
        rule=value.rule,
        agreement=_compare(claim, study, exact, bounds),
        invalid=tuple(_recorded_problems(value, claim)),
        note=value.note,
        source=f"{value.reproduction}: {value.source}",
        conditions=value.conditions,
        judge=value.judge,
    )
    return Measured(record, exact, grade)


def _recorded_rows(value: Recorded, claim: Claim) -> Rows:
    total = max((n for n in (value.total, claim.expected_rows) if n is not None), default=None)
    skipped: tuple[Skipped, ...] = ()
    if value.kept is not None and value.total is not None and value.total > value.kept:
        skipped = (Skipped("recorded", "dropped, see the rule", value.total - value.kept),)
    missing = total - value.total if total is not None and value.total is not None else None
    return Rows(total, value.kept, skipped, missing, 0 if value.kept is not None else None)


def _recorded_counts(value: Recorded) -> dict[str, int] | None:
    total = value.denominator if value.denominator is not None else value.kept
    return None if value.correct is None or total is None else {"correct": value.correct, "total": total}


def _closed_form(value: Recorded, claim: Claim) -> tuple[tuple[Decimal, Decimal] | None, str]:
    """Wilson from an accuracy's counts; for an error rate with a known denominator the same, marked approximate."""
    base = value.denominator if value.denominator is not None else value.kept
    if value.value is None or not base:
        return None, ""
    scale = 100 if claim.unit == "percent" else 1
    if claim.metric in _SHARES and value.correct is not None:
        low, high = wilson_interval(value.correct, base, places=8)
        return (low * scale, high * scale), "wilson"
    if claim.metric in _ERROR_RATES and value.denominator:
        errors = min(round(Fraction(value.value) * value.denominator / scale), value.denominator)
        low, high = wilson_interval(errors, value.denominator, places=8)
        return (low * scale, high * scale), "binomial-approximate"
    return None, ""


def _recorded_problems(value: Recorded, claim: Claim) -> list[Invalid]:
    found = []
    if value.invalid:
        found.append(Invalid("protocol", value.invalid))
    if value.variant != claim.variant:
        found.append(
            Invalid("other-variant", f"The outputs are of variant {value.variant}, the claim is on {claim.variant}.")
        )
    if value.judge and value.judge != claim.judge:
        paper = f"the paper's judge was {claim.judge}" if claim.judge else "which judge the paper used is not known"
        found.append(Invalid("other-judge", f"The judge was {value.judge}; {paper}."))
    if value.value is not None and (value.kept is None or value.total is None):
        found.append(Invalid("coverage-unknown", "How many rows of how many were scored is not recorded."))
    return found


def recomputed(
    score: Score,
    predictions: PredictionSet,
    claim: Claim | None,
    study: Study,
    grade: Grade,
    names: Names,
    problems: Iterable[Invalid] = (),
    judge: str | None = None,
    note: str | None = None,
) -> Measured:
    """A value scored from predictions.

    Args:
        score: What the scorer gave.
        predictions: The rows' file, for its identity.
        claim: On this task and metric; None if the paper makes none.
        study: For the tolerances.
        grade: Of the convention.
        names: Gives the id.
        problems: What makes the value incomparable, besides variant and prompt.
        judge: The model or person that judged the rows, if the convention needs one.
        note: What a reader must know beside the number.
    """
    exact: Fraction | Decimal | None = score.value if isinstance(score.exact, float) else score.exact
    base = claim.id if claim else f"{predictions.task}.{score.metric}"
    record = Measurement(
        id=names.name(base, "recomputed", score.convention.id),
        claim=claim.id if claim else None,
        task=predictions.task,
        metric=score.metric,
        convention=score.convention.id,
        origin="recomputed",
        value=None if score.value is None else format(score.value, "f"),
        interval=_interval(score.interval, "bootstrap"),
        rows=_rows(score),
        counts=_counts(score),
        agreement=_compare(claim, study, exact, score.interval),
        invalid=(*problems, *(_prediction_problems(predictions, claim) if claim else ())),
        note=note,
        judge=judge,
        prediction=_file(predictions),
        unavailable=score.unavailable,
    )
    return Measured(record, exact, grade)


def _rows(score: Score) -> Rows | None:
    account = score.account
    if account is None:
        return None
    skipped = tuple(Skipped(s.rule, s.reason, s.rows) for s in account.skipped)
    return Rows(account.expected, account.scored, skipped, account.missing, account.error)


def _counts(score: Score) -> dict[str, int] | None:
    if score.counts is None:
        return None
    return dict(zip(score.convention.metric.columns, map(int, score.counts.sum(axis=0)), strict=True))


def _file(predictions: PredictionSet) -> PredictionFile:
    return PredictionFile(
        path=f"predictions/{predictions.path.name}",
        sha256=predictions.sha256,
        meta_sha256=predictions.meta_sha256,
        model=predictions.meta.model,
        variant=predictions.variant,
        who=predictions.meta.who,
        when=predictions.meta.when,
    )


def set_problems(predictions: PredictionSet, task: Task) -> tuple[Invalid, ...]:
    """What makes every accuracy on these rows meaningless."""
    if "accuracy" not in task.conventions:
        return ()
    reason = single_class(predictions.rows)
    return (Invalid("one-class", f"In this set {reason}."),) if reason else ()


def _prediction_problems(predictions: PredictionSet, claim: Claim) -> list[Invalid]:
    found = []
    if predictions.variant != claim.variant:
        text = f"The outputs are of variant {predictions.variant}, the claim is on {claim.variant}."
        found.append(Invalid("other-variant", text))
    if claim.prompt is not None and claim.prompt.text is not None:
        known = [p for row in predictions.rows if (p := row.prompt or predictions.meta.prompt) is not None]
        pattern = re.compile(".*".join(map(re.escape, claim.prompt.text.split("{}"))), re.DOTALL)
        others = sum(not pattern.fullmatch(str(p).replace(_PLACEHOLDER, "").strip()) for p in known)
        if others:
            text = f"{others} of {len(predictions.rows)} outputs were made under another prompt than the claim's."
            found.append(Invalid("other-prompt", text))
    return found
