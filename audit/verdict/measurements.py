"""Measurements: what was scored from predictions, and what was only recorded, in one shape for the verdict and the report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from audit.literature.studies import Claim, Recorded, Study
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score
from audit.verdict.agreement import Agreement, agreement, difference
from audit.verdict.rules import Evidence
from tasks.statistics.bootstrap import wilson_interval

_PLACEHOLDER = "<Speech><SpeechHere></Speech>"
# What a measurement has when its value is a share of counted things, whatever the unit it is shown in.
_SHARES = frozenset({"accuracy", "following-rate"})
_ERROR_RATES = frozenset({"wer", "per"})


@dataclass(frozen=True, slots=True)
class Invalid:
    """Why a measurement can justify nothing: a code for programs, a text for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value for one claim (or for a metric of its task that the paper does not report).

    Attributes:
        id: `CLAIM/ORIGIN/CONVENTION`, with `~2`, `~3` where that is not unique.
        exact: The value in the claim's unit, as exact as it is known; None where there is none.
        data: The measurement as it stands in audit.json.
        agreement: With the claim.
        coverage: The share of the set that was scored; 0 where unknown.
        valid: Whether it may justify anything.
        grade: Of its convention.
    """

    id: str
    claim: str | None
    exact: Fraction | Decimal | None
    data: Mapping[str, Any]
    agreement: Agreement
    coverage: Fraction
    valid: bool
    grade: str

    def evidence(self, claim: Claim) -> Evidence | None:
        """What the verdict's rules look at; None without a value."""
        if self.exact is None:
            return None
        return Evidence(
            self.id,
            self.agreement,
            self.grade,
            self.coverage,
            self.valid,
            self.data["origin"] == "recomputed",
            abs(Fraction(self.exact) - Fraction(claim.value)),
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
) -> tuple[Agreement, dict[str, str | None]]:
    if claim is None or exact is None:
        return Agreement.NONE, {"kind": Agreement.NONE.value, "difference": None}
    found = agreement(exact, claim.value, tolerance=study.tolerances[claim.metric].value, interval=interval)
    return found, {"kind": found.value, "difference": difference(exact, claim.value)}


def _interval(interval: tuple[Decimal, Decimal] | None, method: str) -> dict[str, str] | None:
    if interval is None:
        return None
    low, high = (format(bound.quantize(Decimal("1e-6")), "f") for bound in interval)
    return {"low": low, "high": high, "level": "95", "method": method}


def recorded(value: Recorded, claim: Claim, study: Study, grade: str, names: Names) -> Measurement:
    """A value that a reproduction team wrote down; there are no predictions behind it."""
    exact = None if value.value is None else Decimal(value.value)
    bounds, method = _closed_form(value, claim)
    found, compared = _compare(claim, study, exact, bounds)
    invalid = _recorded_problems(value, claim)
    total = max((n for n in (value.total, claim.expected_rows) if n is not None), default=None)
    coverage = Fraction(value.kept, total) if value.kept is not None and total else Fraction(0)
    rows = {
        "expected": total,
        "scored": value.kept,
        "skipped": [{"rule": "recorded", "reason": "dropped, see the rule", "rows": value.total - value.kept}]
        if value.kept is not None and value.total is not None and value.total > value.kept
        else [],
        "missing": total - value.total if total is not None and value.total is not None else None,
        "error": 0 if value.kept is not None else None,
    }
    identifier = names.name(claim.id, "recorded", value.convention)
    data = {
        "id": identifier,
        "claim": claim.id,
        "task": claim.task,
        "metric": claim.metric,
        "convention": value.convention,
        "origin": "recorded",
        "value": value.value,
        "interval": _interval(bounds, method),
        "rows": rows,
        "counts": None
        if value.correct is None
        else {"correct": value.correct, "total": value.denominator if value.denominator is not None else value.kept},
        "rule": value.rule,
        "agreement": compared,
        "invalid": [{"code": i.code, "text": i.text} for i in invalid],
        "note": value.note,
        "source": f"{value.reproduction}: {value.source}",
        "conditions": value.conditions,
        "judge": value.judge,
        "prediction": None,
        "unavailable": None,
    }
    return Measurement(identifier, claim.id, exact, data, found, coverage, not invalid, grade)


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
    grade: str,
    names: Names,
    problems: Iterable[Invalid] = (),
    judge: str | None = None,
    note: str | None = None,
) -> Measurement:
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
    found, compared = _compare(claim, study, exact, score.interval)
    invalid = [*problems, *(_prediction_problems(predictions, claim) if claim else ())]
    account = score.account
    coverage = Fraction(account.scored, account.expected) if account and account.expected else Fraction(0)
    base = claim.id if claim else f"{predictions.task}.{score.metric}"
    identifier = names.name(base, "recomputed", score.convention.id)
    data = {
        "id": identifier,
        "claim": claim.id if claim else None,
        "task": predictions.task,
        "metric": score.metric,
        "convention": score.convention.id,
        "origin": "recomputed",
        "value": None if score.value is None else format(score.value, "f"),
        "interval": _interval(score.interval, "bootstrap"),
        "rows": None
        if account is None
        else {
            "expected": account.expected,
            "scored": account.scored,
            "skipped": [{"rule": s.rule, "reason": s.reason, "rows": s.rows} for s in account.skipped],
            "missing": account.missing,
            "error": account.error,
        },
        "counts": None
        if score.counts is None
        else dict(zip(score.convention.metric.columns, map(int, score.counts.sum(axis=0)), strict=True)),
        "rule": None,
        "agreement": compared,
        "invalid": [{"code": i.code, "text": i.text} for i in invalid],
        "note": note,
        "source": None,
        "conditions": None,
        "judge": judge,
        "prediction": {
            "path": f"predictions/{predictions.path.name}",
            "sha256": predictions.sha256,
            "meta_sha256": predictions.meta_sha256,
            "model": predictions.meta["model"],
            "variant": predictions.variant,
            "who": predictions.meta.get("who"),
            "when": predictions.meta.get("when"),
        },
        "unavailable": score.unavailable,
    }
    return Measurement(identifier, base if claim else None, exact, data, found, coverage, not invalid, grade)


def _prediction_problems(predictions: PredictionSet, claim: Claim) -> list[Invalid]:
    found = []
    if predictions.variant != claim.variant:
        text = f"The outputs are of variant {predictions.variant}, the claim is on {claim.variant}."
        found.append(Invalid("other-variant", text))
    if claim.prompt is not None:
        known = [p for row in predictions.rows if (p := row.prompt or predictions.meta.get("prompt")) is not None]
        pattern = re.compile(".*".join(map(re.escape, claim.prompt.split("{}"))), re.DOTALL)
        others = sum(not pattern.fullmatch(str(p).replace(_PLACEHOLDER, "").strip()) for p in known)
        if others:
            text = f"{others} of {len(predictions.rows)} outputs were made under another prompt than the claim's."
            found.append(Invalid("other-prompt", text))
    return found
