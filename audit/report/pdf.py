"""The report as a PDF (PDF/A-3a and PDF/UA-1) with audit.json attached; the same document gives the same bytes.

The bytes also depend on the layout libraries (WeasyPrint, Pango, HarfBuzz) and on the fonts: on one machine or in one image,
every run gives the same bytes.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from audit._util.garbage import uncollected
from audit.document.write import to_bytes
from audit.errors import MissingError
from audit.report.editions import Edition, Page
from audit.report.language import Language
from audit.report.numbers import moment
from audit.report.page import render, style_sheet
from audit.report.requirements import PACKAGES, apt_command, missing_libraries, pdf_problem
from audit.schema import AuditDocument


def render_pdf(audit: AuditDocument, edition: Edition = Edition.REPORT, language: Language = Language.ENGLISH) -> bytes:
    """A paged edition of an audit's report as a PDF/A-3a and PDF/UA-1 file.

    Args:
        audit: The document.
        edition: The edition; it must be a paged one.
        language: The language of its sentences.

    Raises:
        MissingError: A layout library is not installed; the message contains the command that installs it.
    """
    return lay_out(page_of(audit, edition, language))


def page_of(audit: AuditDocument, edition: Edition, language: Language = Language.ENGLISH) -> Page:
    """A paged edition before its layout. Slides carry no audit.json: they are for a talk, and nobody checks them."""
    attached = b"" if edition is Edition.SLIDES else to_bytes(audit)
    return Page(render(audit, edition, language), attached, audit.source_date_epoch, language)


def lay_out(page: Page) -> bytes:
    """The PDF of a page.

    Raises:
        MissingError: A layout library is not installed; the message contains the command that installs it.
    """
    weasyprint = _weasyprint()
    from audit.report.tagged import tagged_pdf

    with _date(page.epoch), uncollected():  # nearly all that a layout makes is in use to its end
        attachment = weasyprint.Attachment(
            string=page.document,
            name="audit.json",
            description="The audit document from which this report was rendered",
            relationship="Data",
            created=moment(page.epoch),
            modified=moment(page.epoch),
        )
        html = weasyprint.HTML(string=page.html, url_fetcher=_local())
        return tagged_pdf(html, [attachment] if page.document else [], *_style(page.language))


def prepare(language: Language) -> None:
    """Load libraries, fonts and the style sheet: what a PDF needs before its page is known.

    Raises:
        MissingError: A layout library is not installed.
    """
    weasyprint = _weasyprint()
    style, fonts = _style(language)
    with uncollected():
        weasyprint.HTML(string="<p>a<b>b</b>", url_fetcher=_local()).write_pdf(stylesheets=[style], font_config=fonts)


def _weasyprint() -> Any:
    """The library.

    Raises:
        MissingError: It, or a library that it needs, is not installed.
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
    return weasyprint


@cache
def _style(language: Language) -> tuple[Any, Any]:
    """The style sheet of pages, and the fonts that it declares: the same for every document."""
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    # It deletes its files when it goes, which is too late when the interpreter ends.
    atexit.register(_style.cache_clear)
    text = style_sheet(language, paged=True)
    return weasyprint.CSS(string=text, url_fetcher=_local(), font_config=fonts), fonts


def _local() -> Any:
    """A fetcher of data: URLs only, so that no text of a record can make the renderer read files or use the network."""
    from weasyprint.urls import URLFetcher

    return URLFetcher(allowed_protocols=("data",))


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
