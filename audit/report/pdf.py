"""The report as a PDF: PDF/A-3b, tagged, with audit.json attached; the same document gives the same bytes.

The bytes also depend on the layout libraries (WeasyPrint, Pango, HarfBuzz) and on the fonts: on one machine or in one image,
every run gives the same bytes.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import warnings
from collections.abc import Iterator
from typing import Any

from audit.document.write import to_bytes
from audit.errors import MissingError
from audit.report.numbers import moment
from audit.report.page import render
from audit.report.requirements import PACKAGES, apt_command, missing_libraries, pdf_problem
from audit.schema import AuditDocument


def render_pdf(audit: AuditDocument) -> bytes:
    """The report of an audit as a PDF/A-3b file.

    Raises:
        MissingError: A layout library is not installed; the message contains the command that installs it.
    """
    if missing_libraries():
        raise MissingError("the PDF cannot be made here", fix=pdf_problem())
    # WeasyPrint warns about CSS it does not know; relevant problems raise errors or fail in the tests.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    try:
        import weasyprint
    except OSError as error:
        command = apt_command(list(PACKAGES))
        raise MissingError(f"the PDF cannot be made here ({error})", fix=f"On Debian run: {command}") from error
    seconds = audit.source_date_epoch
    with _date(seconds), _uncollected(), warnings.catch_warnings():
        # WeasyPrint leaves closing its colour profile to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        attachment = weasyprint.Attachment(
            string=to_bytes(audit),
            name="audit.json",
            description="The audit document from which this report was rendered",
            relationship="Data",
            created=moment(seconds),
            modified=moment(seconds),
        )
        document = weasyprint.HTML(string=render(audit, paged=True), url_fetcher=_local())
        pdf: bytes = document.write_pdf(pdf_variant="pdf/a-3b", pdf_tags=True, attachments=[attachment])
    return pdf


def _local() -> Any:
    """A fetcher of data: URLs only, so that no text of a record can make the renderer read files or use the network."""
    from weasyprint.urls import URLFetcher

    return URLFetcher(allowed_protocols=("data",))


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Disable garbage collection during layout, which creates millions of objects, nearly all of them in use."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


@contextlib.contextmanager
def _date(seconds: int) -> Iterator[None]:
    """Fix the date that font subsetting writes; restore the previous setting afterwards."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(seconds)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
