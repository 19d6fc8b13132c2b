"""Checks that HTML, table and CSV match audit.json, by rendering them again.

The PDF is not rendered again, because its bytes also depend on fonts and typesetting libraries; its attachment is compared
elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.schema import AuditDocument


def check(files: Mapping[str, bytes], audit: AuditDocument, known: Mapping[str, bytes] | None = None) -> None:
    """Compare every rendered file with a new rendering.

    Args:
        files: The files of an audit's output or of a package: name -> bytes.
        audit: The document in audit.json.
        known: Renderings already made by this process, with the audit.json that they were made from.

    Raises:
        RejectedError: A file differs, or audit.json cannot be rendered.
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
            raise RejectedError(name, "render-mismatch", f"differs from what {layout.AUDIT} renders to")
