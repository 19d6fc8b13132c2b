"""Every measurement as one line of a CSV file, with its claim and the claim's verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit._util.csv_cells import csv_text
from audit.report.numbers import clean

COLUMNS = (
    "claim", "task", "metric", "variant", "unit", "reported", "reported_low", "reported_high", "reported_verified",
    "measurement", "convention", "grade", "origin", "value", "interval_low", "interval_high", "interval_method",
    "expected", "scored", "skipped", "missing", "error", "difference", "agreement", "invalid", "verdict", "decides",
    "rule", "note", "source", "predictions_sha256",
)  # fmt: skip
_NUMBERS = frozenset(
    {"reported", "reported_low", "reported_high", "value", "interval_low", "interval_high", "difference"}
)


def render_csv(audit: Mapping[str, Any]) -> str:
    """The measurements of a parsed audit.json, in its order; a claim without any has one line with an empty value.

    Values stand as they are in audit.json, unrounded. A text that a spreadsheet would take for a formula is given an
    apostrophe in front.
    """
    data = clean(audit)
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


def _row(
    item: Mapping[str, Any],
    claim: Mapping[str, Any],
    verdict: Mapping[str, Any],
    grades: Mapping[tuple[str, str, str], Any],
) -> dict[str, Any]:
    rows, interval = item.get("rows") or {}, item.get("interval") or {}
    rounding, agreement = claim.get("rounding") or {}, item.get("agreement") or {}
    skipped = rows.get("skipped")
    return {
        "claim": claim.get("id"),
        "task": claim.get("task"),
        "metric": claim.get("metric"),
        "variant": claim.get("variant"),
        "unit": claim.get("unit"),
        "reported": claim.get("value"),
        "reported_low": rounding.get("low"),
        "reported_high": rounding.get("high"),
        "reported_verified": _yes(claim.get("verified")),
        "measurement": item.get("id"),
        "convention": item.get("convention"),
        "grade": grades.get((claim.get("task") or "", claim.get("metric") or "", item.get("convention") or "")),
        "origin": item.get("origin"),
        "value": item.get("value"),
        "interval_low": interval.get("low"),
        "interval_high": interval.get("high"),
        "interval_method": interval.get("method"),
        "expected": rows.get("expected"),
        "scored": rows.get("scored"),
        "skipped": sum(s["rows"] for s in skipped) if skipped is not None else None,
        "missing": rows.get("missing"),
        "error": rows.get("error"),
        "difference": agreement.get("difference"),
        "agreement": agreement.get("kind"),
        "invalid": "; ".join(str(i.get("text") or i.get("code")) for i in item.get("invalid") or ()),
        "verdict": verdict.get("verdict"),
        "decides": _yes(verdict.get("measurement") == item["id"]) if item else None,
        "rule": item.get("rule"),
        "note": item.get("note"),
        "source": item.get("source"),
        "predictions_sha256": (item.get("prediction") or {}).get("sha256"),
    }


def _yes(value: object) -> str | None:
    return None if value is None else ("yes" if value else "no")
