"""Every measurement as one line of a CSV file, with its claim and the claim's verdict."""

from __future__ import annotations


from audit._util.csv_cells import csv_text
from audit.report.numbers import clean
from audit.schema import AuditDocument, Claim, Decision, Measurement

COLUMNS = (
    "claim", "task", "metric", "variant", "unit", "reported", "reported_low", "reported_high", "reported_verified",
    "measurement", "convention", "grade", "origin", "value", "interval_low", "interval_high", "interval_method",
    "expected", "scored", "skipped", "missing", "error", "difference", "agreement", "invalid", "verdict", "decides",
    "rule", "note", "source", "predictions_sha256",
)  # fmt: skip
_NUMBERS = frozenset(
    {"reported", "reported_low", "reported_high", "value", "interval_low", "interval_high", "difference"}
)


def render_csv(audit: AuditDocument) -> str:
    """The measurements of an audit, in its order; a claim without any has one line with an empty value.

    Values stand as they are in audit.json, unrounded. A text that a spreadsheet would take for a formula is given an
    apostrophe in front.
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
    claims = {c["id"]: c for c in data.get("claims") or ()}
    verdicts = {v["claim"]: v for v in data.get("verdicts") or ()}
    grades = {(c["task"], c["metric"], c["id"]): c.get("grade") for c in data.get("conventions") or ()}
    measured = {m.get("claim") for m in data.get("measurements") or ()}
    lines = []
    for item in data.get("measurements") or ():
        claim = claims.get(item.get("claim")) or {"task": item.get("task"), "metric": item.get("metric")}
        lines.append(_row(item, claim, verdicts.get(item.get("claim")) or {}, grades))
    for name, claim in claims.items():
        if name not in measured:
            lines.append(_row({}, claim, verdicts.get(name) or {}, grades))
    return csv_text(COLUMNS, ([line[name] for name in COLUMNS] for line in lines), numbers=_NUMBERS)
