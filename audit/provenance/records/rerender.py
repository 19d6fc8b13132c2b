"""Are the reports what audit.json gives? HTML, table and CSV are functions of it, so they are rendered again and compared.

Not the PDF: its bytes depend on fonts and layout libraries too. What it carries as its attachment is compared elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.schema import AuditDocument


def check(files: Mapping[str, bytes], audit: AuditDocument, known: Mapping[str, bytes] | None = None) -> None:
    """Compare every rendered file that is there with a rendering made now.

    Args:
        files: Of an audit's output or of a package: name -> bytes.
        audit: The document in audit.json.
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
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise RejectedError(
                layout.AUDIT, "malformed", f"{name} cannot be rendered from it ({type(error).__name__}: {error})"
            ) from None
        if again != files[name]:
            raise RejectedError(name, "render-mismatch", f"is not what {layout.AUDIT} gives when it is rendered again")
