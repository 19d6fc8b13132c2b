"""All measurements as a CSV file, one per line, each with its claim and verdict."""

from __future__ import annotations

from audit._util.csv_cells import csv_text
from audit.facts import Claim
from audit.report.numbers import clean
from audit.schema import AuditDocument, Decision, Measurement

COLUMNS = (
    "claim", "task", "metric", "variant", "unit", "reported", "reported_low", "reported_high", "reported_verified",
    "measurement", "convention", "grade", "origin", "value", "interval_low", "interval_high", "interval_method",
    "expected", "scored", "skipped", "missing", "error", "unread", "difference", "agreement", "invalid", "verdict", "decides",
    "rule", "note", "source", "predictions_sha256",
)  # fmt: skip
_NUMBERS = frozenset(
    {"reported", "reported_low", "reported_high", "value", "interval_low", "interval_high", "difference"}
)


def render_csv(audit: AuditDocument) -> str:
    """The measurements of an audit, in its order; a claim without any has one line with an empty value.

    Values are unrounded, as in audit.json. A text that a spreadsheet would interpret as a formula is prefixed with an
    apostrophe.
    """
    data = clean(audit)
    claims = {c.id: c for c in data.claims}
    decisions = {d.claim: d for d in data.verdicts}
    grades = {(c.task, c.metric, c.id): c.grade for c in data.conventions}
    measured = {m.claim for m in data.measurements}
    lines = []
    for item in data.measurements:
        claim = claims.get(item.claim or "")
        decision = decisions.get(item.claim or "")
        grade = grades.get((item.task, item.metric, item.convention or ""))
        lines.append({**_claim(claim), **_measurement(item, decision, grade)})
    for name, claim in claims.items():
        if name not in measured:
            decision = decisions.get(name)
            lines.append({**_claim(claim), "verdict": decision.verdict if decision else None})
    return csv_text(COLUMNS, ([line.get(name) for name in COLUMNS] for line in lines), numbers=_NUMBERS)


def _claim(claim: Claim | None) -> dict[str, object]:
    if claim is None:
        return {}
    return {
        "claim": claim.id,
        "task": claim.task,
        "metric": claim.metric,
        "variant": claim.variant,
        "unit": claim.unit,
        "reported": claim.value,
        "reported_low": claim.rounding.low if claim.rounding else None,
        "reported_high": claim.rounding.high if claim.rounding else None,
        "reported_verified": _yes(claim.verified),
    }


def _measurement(item: Measurement, decision: Decision | None, grade: str | None) -> dict[str, object]:
    rows, interval = item.rows, item.interval
    return {
        "task": item.task,
        "metric": item.metric,
        "measurement": item.id,
        "convention": item.convention,
        "grade": grade,
        "origin": item.origin,
        "value": item.value,
        "interval_low": interval.low if interval else None,
        "interval_high": interval.high if interval else None,
        "interval_method": interval.method if interval else None,
        "expected": rows.expected if rows else None,
        "scored": rows.scored if rows else None,
        "skipped": sum(s.rows for s in rows.skipped) if rows else None,
        "missing": rows.missing if rows else None,
        "error": rows.error if rows else None,
        "unread": item.unread,
        "difference": item.agreement.difference,
        "agreement": item.agreement.kind,
        "invalid": "; ".join(i.text or i.code for i in item.invalid),
        "verdict": decision.verdict if decision else None,
        "decides": _yes(decision is not None and decision.measurement == item.id),
        "rule": item.rule,
        "note": item.note,
        "source": item.source,
        "predictions_sha256": item.prediction.sha256 if item.prediction else None,
    }


def _yes(value: object) -> str | None:
    return None if value is None else ("yes" if value else "no")
