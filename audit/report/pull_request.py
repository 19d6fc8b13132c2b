"""The claims of an audit as a Markdown table, for a comment on a pull request."""

from __future__ import annotations

from audit.schema import AuditDocument

# Found again and replaced by the next comment.
MARK = "<!-- repro-audit -->"


def table(audit: AuditDocument, before: AuditDocument | None = None) -> str:
    """The table; with an earlier audit, a column with its verdicts."""
    measured = {one.id: one for one in audit.measurements}
    claims = {claim.id: claim for claim in audit.claims}
    old = {} if before is None else {one.claim: str(one.verdict) for one in before.verdicts}
    head = ["claim", "reported", "found", "verdict", "convention", *([] if before is None else ["before"])]
    lines = [MARK, f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for verdict in audit.verdicts:
        best = measured.get(verdict.measurement or "")
        cells = [
            f"`{verdict.claim}`",
            claims[verdict.claim].value,
            "" if best is None or best.value is None else best.value,
            f"**{verdict.verdict}**",
            "" if best is None else str(best.convention or ""),
        ]
        if before is not None:
            cells.append("" if old.get(verdict.claim) == str(verdict.verdict) else old.get(verdict.claim, "new"))
        lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """A text that stays in its cell and is no HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
