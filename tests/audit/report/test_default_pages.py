"""The audit that comes with the project on paper: its length, its first page, and no page that is half empty."""

from __future__ import annotations

import pypdfium2
import pytest

from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from audit.report.editions import Edition
from audit.report.language import Language, speaking, tr
from audit.report.pdf import render_pdf
from audit.schema import AuditDocument

pytestmark = [pytest.mark.slow, pytest.mark.pdf]
_MOST_PAGES = 35
# A margin holds the running head, and the other the page number.
_MARGIN = 0.06


@pytest.fixture(scope="module")
def audited() -> AuditDocument:
    return run(AuditRequest(replicates=0)).document


def _blank(page: pypdfium2.PdfPage) -> float:
    """The longest run of empty lines of pixels, as a part of the page between its margins."""
    image = page.render(scale=0.6).to_pil().convert("L")
    width, height = image.size
    top, bottom = int(height * _MARGIN), int(height * (1 - _MARGIN))
    longest = length = 0
    for y in range(top, bottom):
        empty = min(image.crop((0, y, width, y + 1)).tobytes()) > 200
        length = length + 1 if empty else 0
        longest = max(longest, length)
    return longest / (bottom - top)


@pytest.mark.parametrize("language", list(Language))
def test_the_report_is_short_and_its_pages_are_full(audited: AuditDocument, language: Language) -> None:
    with pypdfium2.PdfDocument(render_pdf(audited, Edition.REPORT, language)) as pdf:
        assert 5 < len(pdf) <= _MOST_PAGES
        first, second = (pdf[n].get_textpage().get_text_range() for n in (0, 1))
        blank = [round(_blank(pdf[n]), 2) for n in range(len(pdf) - 1)]
    with speaking(language):
        # The one page is one page: its last heading stands on the first, and the chapters begin on the second.
        wanted = tr("What would change the verdicts"), tr("How to read this report")
    assert wanted[0] in first
    assert wanted[1] in second
    assert all(claim.value in first for claim in audited.claims)
    assert max(blank) < 0.5, blank
