"""Are the reports what audit.json gives? HTML, table and CSV are functions of it, so they are rendered again and compared.

Not the PDF: its bytes depend on fonts and layout libraries too. What it carries as its attachment is compared elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.records import packages
from audit.provenance.verification.result import Report


def check(files: Mapping[str, bytes], audit: Mapping[str, Any], known: Mapping[str, bytes] | None = None) -> None:
    """Compare every rendered file that is there with a rendering made now.

    Args:
        files: Of an audit's output or of a package: name -> bytes.
        audit: audit.json's value.
        known: Renderings made before by this process, with the audit.json that they were made from.

    Raises:
        RejectedError: A file has other bytes, or audit.json has no shape that can be rendered.
    """
    from audit.report.formats import RENDERERS

    made = known if known and known.get(layout.AUDIT) == files[layout.AUDIT] else {}
    for name, render in RENDERERS.items():
        if name == layout.REPORT_PDF or name not in files:
            continue
        if made.get(name) == files[name]:
            continue
        try:
            again = render(audit)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, RecursionError) as error:
            raise RejectedError(
                layout.AUDIT, "malformed", f"{name} cannot be rendered from it ({type(error).__name__}: {error})"
            ) from None
        if again != files[name]:
            raise RejectedError(name, "render-mismatch", f"is not what {layout.AUDIT} gives when it is rendered again")


def verify(files: Mapping[str, bytes], audit: Mapping[str, Any], wanted: bool, report: Report) -> None:
    """Note in a verification's report whether the reports are what audit.json gives.

    Args:
        files: The package.
        audit: audit.json's value.
        wanted: Whether to render; else it is noted that this was not checked.
        report: Where the outcome goes.
    """
    if not wanted:
        report.skip("reports", "HTML, table and CSV were not rendered again from audit.json; give --render")
        return
    made_by, here = str(audit.get("project", {}).get("version")), packages.project_version()

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
