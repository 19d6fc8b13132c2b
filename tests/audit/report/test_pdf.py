from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from audit.document.write import to_bytes
from audit.errors import MissingError
from audit.report import pdf as pdf_module
from audit.report import requirements
from audit.report.editions import Edition
from audit.report.language import Language
from audit.report.page import render
from audit.report.pdf import render_pdf
from tests.support.example_audit import build, document
from tests.support.paths import ROOT

needs_pango = pytest.mark.skipif(
    bool(requirements.missing_libraries()), reason=f"needs Pango: {requirements.pdf_problem()}"
)
needs_cjk = pytest.mark.skipif(
    bool(requirements.missing_fonts()), reason="needs fonts for Chinese, Japanese and Korean"
)


@pytest.fixture(scope="module")
def audit() -> dict[str, Any]:
    return build(conventions=3)


@pytest.fixture(scope="module")
def made(audit: dict[str, Any]) -> bytes:
    return render_pdf(document(audit))


def text_of(*pdfs: bytes) -> str:
    import pypdf

    pages = [page for pdf in pdfs for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.fixture(scope="module")
def text(made: bytes, audit: dict[str, Any]) -> str:
    """Of the report and its annex."""
    return text_of(made, render_pdf(document(audit), Edition.ANNEX))


@pytest.mark.pdf
@needs_pango
def test_another_process_folder_zone_and_hash_seed_give_the_same_bytes(made: bytes, tmp_path: Path) -> None:
    program = (
        "import sys, hashlib; sys.path[:0] = sys.argv[1:]\n"
        "from tests.support.example_audit import build, document\nfrom audit.report.pdf import render_pdf\n"
        "print(hashlib.sha256(render_pdf(document(build(conventions=3)))).hexdigest())"
    )
    other = {**os.environ, "TZ": "Asia/Seoul", "PYTHONHASHSEED": "7", "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "5"}
    ran = subprocess.run(
        [sys.executable, "-c", program, str(ROOT)],
        cwd=tmp_path, env=other, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.strip() == hashlib.sha256(made).hexdigest()


@pytest.mark.pdf
@needs_pango
def test_korean_gives_the_same_bytes_and_can_be_searched(tmp_path: Path) -> None:
    """Also in another process; with fonts for Hangul in it, and its text as text."""
    import pypdf

    plain = document(build(claims=2, conventions=3, hostile=False))
    first = render_pdf(plain, language=Language.KOREAN)
    program = (
        "import sys, hashlib; sys.path[:0] = sys.argv[1:]\n"
        "from tests.support.example_audit import build, document\nfrom audit.report.pdf import render_pdf\n"
        "from audit.report.language import Language\n"
        "plain = document(build(claims=2, conventions=3, hostile=False))\n"
        "print(hashlib.sha256(render_pdf(plain, language=Language.KOREAN)).hexdigest())"
    )
    other = {**os.environ, "TZ": "Asia/Seoul", "PYTHONHASHSEED": "7", "LC_ALL": "C.UTF-8"}
    ran = subprocess.run(
        [sys.executable, "-c", program, str(ROOT)],
        cwd=tmp_path, env=other, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.strip() == hashlib.sha256(first).hexdigest()
    reader = pypdf.PdfReader(io.BytesIO(first))
    assert reader.trailer["/Root"]["/Lang"] == "ko"
    assert "재현성 감사" in text_of(first)
    fonts = {
        str(font.get_object()["/BaseFont"]) for page in reader.pages for font in page["/Resources"]["/Font"].values()
    }
    assert any("Noto" in name and "CJK" in name for name in fonts), fonts


@pytest.mark.pdf
@needs_pango
def test_it_is_tagged_pdf_a_3a_with_the_audit_attached(made: bytes, audit: dict[str, Any]) -> None:
    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(made))
    root = reader.trailer["/Root"]
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert re.search(r"pdfaid:part(>|=\")3", metadata)
    assert re.search(r"pdfaid:conformance(>|=\")A", metadata)
    assert re.search(r"pdfuaid:part(>|=\")1", metadata)
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert reader.metadata is not None
    assert reader.metadata.title == "Reproducibility audit: EXAMPLE-1B, Table 9"
    attached = reader.attachments["audit.json"]
    assert attached == [to_bytes(document(audit))]
    files = root["/AF"]
    assert files[0].get_object()["/AFRelationship"] == "/Data"


@pytest.mark.pdf
@needs_pango
def test_dates_are_the_audits(made: bytes) -> None:
    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(made))
    attached = reader.trailer["/Root"]["/AF"][0].get_object()["/EF"]["/F"].get_object()["/Params"]
    for described in (reader.metadata, attached):
        assert described is not None
        assert described["/CreationDate"] == described["/ModDate"] == "D:20251123000000Z"
    packet = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    assert re.findall(r"\d{4}-\d\d-\d\dT[0-9:]+Z?", packet) == ["2025-11-23T00:00:00Z"] * 2


@pytest.mark.pdf
@needs_pango
def test_contents_name_the_pages_on_which_the_claims_stand(made: bytes, audit: dict[str, Any]) -> None:
    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(made))
    pages = [" ".join(p.extract_text().split()) for p in reader.pages]
    assert "Contents" in pages[1]
    named = re.findall(r"En2Zh: BLEU\s*(\d+)", pages[1])
    assert len(named) == 1
    assert "En2Zh: BLEU" in pages[int(named[0]) - 1]
    for number, page in enumerate(pages, 1):
        assert f"{number} / {len(pages)}" in page
    chapters = [
        "Summary",
        "How to read this report",
        "Claim by claim",
        "Other findings",
        "What others did",
        "Provenance",
    ]
    outline = [o.title for o in reader.outline if not isinstance(o, list)]
    assert outline == ["EXAMPLE-1B, Table 9", *chapters]


@pytest.mark.pdf
@needs_pango
def test_small_tables_stay_on_one_page_with_their_headings() -> None:
    """A table that goes on over a page has its head again there: no small one has, and long ones do."""
    import pypdf

    def heads(conventions: int) -> tuple[int, int, int]:
        """Of tables of measurements in the report and in the annex, and of those of conventions."""
        audit = document(build(conventions=conventions, claims=4))
        readers = (pypdf.PdfReader(io.BytesIO(render_pdf(audit, e))) for e in (Edition.REPORT, Edition.ANNEX))
        report, annex = ([" ".join(page.extract_text().split()) for page in reader.pages] for reader in readers)
        for page in report + annex:
            assert not page.endswith(("Agreement", "What it does", "The first row that applies decides the verdict."))
        measured = "No. Convention, grade"
        return (
            sum(page.count(measured) for page in report),
            sum(page.count(measured) for page in annex),
            sum(page.count("Convention, grade What it does") for page in annex),
        )

    ran = len([claim for claim in build(conventions=4, claims=4)["verdicts"] if claim["verdict"] != "not-run"])
    assert heads(4) == (ran, 0, ran)
    in_report, in_annex, of_conventions = heads(40)
    assert in_report == ran
    assert in_annex > ran
    assert of_conventions > ran


@pytest.mark.pdf
@needs_pango
def test_a_claim_stands_on_one_page_with_its_figure_and_its_table() -> None:
    import pypdf

    made = render_pdf(document(build(conventions=9, claims=7, hostile=False)))  # all of them were run
    pages = [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(made)).pages[1:]]
    assert sum(page.count(" Where Table 9;") for page in pages) == 7
    for page in pages:
        assert page.count("No. Convention, grade") == page.count(" Where Table 9;") == page.count("Shared by all:")


@pytest.mark.pdf
@needs_pango
@needs_cjk
def test_letters_of_many_scripts_come_out_as_themselves(text: str) -> None:
    # Two files of one family once exchanged their glyphs: extended Latin beside plain Latin is the case.
    # What reads the text back may see a blank between letters that are set apart by a pair's kerning.
    tight = text.replace(" ", "")
    assert "\u014cta \u010capek et al., Hearing <Things> & Counting Them".replace(" ", "") in tight
    for word in ("\u8bed\u97f3\u7ffb\u8bd1", "\u65e5\u672c\u8a9e", "\ud55c\uad6d\uc5b4", "Ann \u0141uczak"):
        assert word in text
    assert "</script><script>alert(1)</script>" in text


@pytest.mark.pdf
@needs_pango
def test_fonts_are_embedded_and_ours(made: bytes) -> None:
    import pypdf

    names = set()
    for page in pypdf.PdfReader(io.BytesIO(made)).pages:
        for font in page["/Resources"]["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)
            names.add(str(descriptor["/FontName"]))
    assert any("Source-Serif-4" in n for n in names)
    assert any("Source-Sans-3" in n for n in names)


@pytest.mark.pdf
@needs_pango
def test_no_text_of_a_record_makes_the_renderer_read_or_call_out(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not attach")
    hostile = build(claims=1, conventions=1)
    hostile["study"]["model"] = f'<img src="{secret.as_uri()}"><link rel="attachment" href="{secret.as_uri()}">'
    made = render_pdf(document(hostile))
    import pypdf

    assert list(pypdf.PdfReader(io.BytesIO(made)).attachments) == ["audit.json"]
    fetcher = pdf_module._local()
    with pytest.raises(ValueError, match="protocol"):
        fetcher.fetch(secret.as_uri())


def test_without_pango_one_line_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "_loads", lambda library: False)
    monkeypatch.setattr(requirements.os, "geteuid", lambda: 1000)
    with pytest.raises(MissingError) as caught:
        render_pdf(document(build(conventions=2)))
    assert caught.value.exit_code == 3
    line = str(caught.value).splitlines()[1].strip()
    assert line.endswith(
        "run: sudo apt-get update && sudo apt-get install -y --no-install-recommends "
        "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"
    )


def test_missing_fonts_are_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "missing_libraries", list)
    monkeypatch.setattr(requirements, "missing_fonts", lambda: ("ja", "ko"))
    monkeypatch.setattr(requirements.os, "geteuid", lambda: 0)
    assert requirements.pdf_problem() == (
        "no font covers Japanese, Korean, whose characters the PDF shows as boxes; run: apt-get update && apt-get install -y "
        "--no-install-recommends fonts-noto-cjk"
    )
    monkeypatch.setattr(requirements, "missing_fonts", tuple)
    assert requirements.pdf_problem() is None


def test_the_environment_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "7")
    with pdf_module._date(11):
        assert os.environ["SOURCE_DATE_EPOCH"] == "11"
    assert os.environ["SOURCE_DATE_EPOCH"] == "7"
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    with pdf_module._date(11):
        pass
    assert "SOURCE_DATE_EPOCH" not in os.environ


@pytest.mark.pdf
@needs_pango
def test_two_hundred_conventions_are_laid_out_and_readable() -> None:
    import pypdf

    made = render_pdf(document(build(claims=1, conventions=200, hostile=False)), Edition.ANNEX)
    assert len(pypdf.PdfReader(io.BytesIO(made)).pages) > 10
    found = set(re.findall(r"\bc\d{2,3}\b", text_of(made)))
    assert {f"c{n:02d}" for n in range(200)} <= found


@pytest.mark.parametrize("edition", [edition for edition in Edition if edition.paged])
def test_an_endless_word_is_abridged_on_paper(edition: Edition) -> None:
    """A layout would take hours, and pages that nobody reads; the attachment has the word whole."""
    value = build()
    value["claims"][0]["dataset"] = "&<" + "z" * 1_000_000
    value["claims"][0]["notes"] = "a note of " + "y" * 999
    text = render(document(value), edition)
    assert "z" * 121 not in text
    # The mark that follows the word is one of its characters.
    assert f"&amp;&lt;{'z' * 118}\u2026 [999,883 more characters]" in text
    # A long word that still has its place.
    assert ("y" * 999 in text) is (edition is Edition.REPORT)
