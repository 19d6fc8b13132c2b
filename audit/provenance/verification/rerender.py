"""The verifier's check that a package's reports are what its audit.json gives."""

from __future__ import annotations

from collections.abc import Mapping

from audit._util.version import project_version
from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.records.rerender import check
from audit.provenance.verification.result import Report
from audit.schema import AuditDocument


def verify(files: Mapping[str, bytes], audit: AuditDocument, wanted: bool, report: Report) -> None:
    """Note in a verification's report whether the reports are what audit.json gives.

    Args:
        files: The package.
        audit: The document in audit.json.
        wanted: Whether to render; else it is noted that this was not checked.
        report: Where the outcome goes.
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

    present = [name for name in (layout.REPORT_HTML, "table.tex", "measurements.csv") if name in files]
    report.run(
        "reports", again, f"{', '.join(present)}: as audit.json gives them (the PDF's pages were not laid out again)"
    )
