"""What may follow the rendering in a signed PDF, case by case: changes of an update that a signature could cover."""

from __future__ import annotations

import re

import pytest

from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.signing import pdf_update
from tests.support.provenance import made
from tests.support.provenance.attacks import payload


@pytest.fixture(scope="module")
def length(files: dict[str, bytes]) -> int:
    found: int = payload(files, layout.ROOT)["predicate"]["unsignedPdfBytes"]
    return found


def refused(raw: bytes, length: int) -> str:
    """Why; empty if it is accepted."""
    try:
        pdf_update.check(raw, length, "report.pdf")
    except RejectedError as error:
        return error.why if (error.file, error.code) == ("report.pdf", "pdf-signature") else f"not so: {error}"
    return ""


def test_an_honest_update_is_accepted(files: dict[str, bytes], length: int) -> None:
    assert refused(files[layout.REPORT_PDF], length) == ""


def test_and_so_is_that_of_a_long_report_with_links() -> None:
    from audit.report.pdf import render_pdf
    from tests.support.example_audit import build, document

    unsigned = render_pdf(document(build(claims=2, conventions=2)))
    assert refused(made.sign_pdf(unsigned), len(unsigned)) == ""


# Of equal length, so that the update stays readable: (what is written, what is written instead, why it is refused).
CHANGES = {
    "the language": (rb"/Lang \(en\)", b"/Lang (de)", "the catalog"),
    "the attachments": (rb"/AF \[ (\d+) 0 R", b"/Ax [ \\1 0 R", "the catalog"),
    "the pages": (rb"/Pages 1 0 R", b"/Pages 2 0 R", "cannot be read|the catalog"),
    "the size of the first page": (rb"/MediaBox \[ 0 0", b"/MediaBox [ 9 9", "the first page"),
    "its contents": (rb"/Contents 6 0 R", b"/Contents 5 0 R", "the first page"),
    "another annotation": (rb"/Annots \[ (\d+) 0 R \]", b"/Annots [ 11 0 R ]", "the first page"),
    "a field that shows": (rb"/Rect \[ 0 0 0 0 \]", b"/Rect [ 0 0 9 9 ]", "shows something"),
    "a field with an action": (rb"/F 132", b"/A 132", "shows something"),
    "a field that is not for signing": (rb"/FT /Sig\n", b"/FT /Btn\n"[:9], "different kind|cannot be read"),
    "permissions of something else": (rb"/DocMDP (\d)\d 0 R", b"/DocMDP \\g<1>0 0 R", "permissions"),
    "a form that asks for other looks": (rb"/SigFlags 3", b"/XFAFlag_ 3", "the form"),
    "another reason": (rb"This is the audit", b"This is no audit!"[:17], "says more"),
    "a name in the signature": (rb"/Filter /Adobe.PPKLite", b"/Name   /Adobe.PPKLite", "says more"),
    "a signature field of its own kind": (rb"/Subtype /Widget", b"/Subtype /Stamp ", "different kind"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_nothing_else_changes(what: str, files: dict[str, bytes], length: int) -> None:
    pattern, instead, why = CHANGES[what]
    raw = files[layout.REPORT_PDF]
    update, count = re.subn(pattern, instead, raw[length:], count=1)
    assert count == 1, "no such place in the update"
    assert len(update) == len(raw) - length
    assert re.search(why, refused(raw[:length] + update, length)), refused(raw[:length] + update, length)


def test_an_object_that_is_not_listed(files: dict[str, bytes], length: int) -> None:
    """A reader that repairs files would find it."""
    raw = files[layout.REPORT_PDF]
    place = raw.index(b"/ByteRange", length)
    blanks = re.compile(rb"\] {30,}").search(raw, place)
    assert blanks is not None
    hidden = b"] 7 0 obj <<>> endobj"
    assert "does not list" in refused(raw[: blanks.start()] + hidden + raw[blanks.start() + len(hidden) :], length)


@pytest.mark.parametrize("cut", [0, 1, 40, 700])
def test_a_damaged_update_is_refused_in_words(cut: int, files: dict[str, bytes], length: int) -> None:
    raw = files[layout.REPORT_PDF]
    assert refused(raw[: length + cut], length)
