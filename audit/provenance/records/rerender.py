"""Checks that HTML, table and CSV match audit.json, by rendering them again in the language of the HTML.

The signature in the HTML is taken out first. The PDFs are not rendered again, because their bytes also depend on fonts and
typesetting libraries; their attachments are compared elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.records import page_seal
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
    from audit.report.formats import LAID_OUT, RENDERERS, language_of_page

    # What is rendered again is rendered in the language of the page, which the package signs.
    language = language_of_page(files[layout.REPORT_HTML])
    if language is None:
        raise RejectedError(layout.REPORT_HTML, "render-mismatch", "does not begin as a report in a known language")
    made = known if known and known.get(layout.AUDIT) == files[layout.AUDIT] else {}
    for name, render in RENDERERS.items():
        if name in LAID_OUT or name not in files:
            continue
        if made.get(name) == files[name]:
            continue
        try:
            again = render(audit, language)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise RejectedError(
                layout.AUDIT, "malformed", f"{name} cannot be rendered from it ({type(error).__name__}: {error})"
            ) from None
        given = page_seal.parts(files[name])[0] if name == layout.REPORT_HTML else files[name]
        if again != given:
            raise RejectedError(name, "render-mismatch", f"differs from what {layout.AUDIT} renders to")
