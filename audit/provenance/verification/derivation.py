"""The verifier's check that a document follows from its own counts and the literature that the package carries."""

from __future__ import annotations

from collections.abc import Mapping

from audit.provenance.format import layout
from audit.provenance.records.derivation import Deriver, carried, following
from audit.provenance.verification.result import Report
from audit.schema import AuditDocument

_NAME = "derivation"


def check(files: Mapping[str, bytes], audit: AuditDocument, deriver: Deriver | None, report: Report) -> None:
    """Derive the document again and report what does not follow.

    Args:
        files: The package.
        audit: audit.json.
        deriver: Derives it; None leaves it unchecked.
        report: Receives the outcome.
    """
    if deriver is None or not carried(files):
        reason = "not asked for" if deriver is None else "the package carries no literature"
        report.skip(_NAME, f"verdicts were not derived again: {reason}")
        return
    derive = deriver
    found = report.run(_NAME, lambda: following(files, audit, derive), file=layout.AUDIT)
    if found is None:
        return
    # The check has passed; what it covers is said in its line.
    del report.checks[-1]
    if found.verdicts:
        report.ok(_NAME, f"{found.verdicts} verdicts follow from the counts and the literature")
    for note in found.notes:
        report.skip(_NAME, note)
