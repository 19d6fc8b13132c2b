"""The verifier's check that a package's reports match its audit.json."""

from __future__ import annotations

from collections.abc import Mapping

from audit._util.version import project_version
from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.records.rerender import check
from audit.provenance.verification.result import Report
from audit.schema import AuditDocument


def verify(files: Mapping[str, bytes], audit: AuditDocument, wanted: bool, report: Report) -> None:
    """Check that the reports match audit.json, and record the outcome.

    Args:
        files: The package.
        audit: The document in audit.json.
        wanted: Whether to render; otherwise the check is recorded as not done.
        report: Receives the outcome.
    """
    if not wanted:
        report.skip("reports", "HTML, table and CSV were not rendered again from audit.json; give --render")
        return
    made_by, here = audit.project.version, project_version()

    def again() -> None:
        try:
            check(files, audit)
        except RejectedError as error:
            hint = "" if made_by == here else f" by version {here}; the package was made by version {made_by}"
            raise RejectedError(error.file, error.code, error.why + hint) from None

    present = [name for name in (layout.ANSWERS, layout.REPORT_HTML, "table.tex", "measurements.csv") if name in files]
    report.run("reports", again, f"{', '.join(present)}: match audit.json (the PDFs were not typeset again)")
