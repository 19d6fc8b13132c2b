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


@pytest.fixture(scope="module")
def text(made: bytes) -> str:
    import pypdf

    pages = pypdf.PdfReader(io.BytesIO(made)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


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
def test_it_is_tagged_pdf_a_3b_with_the_audit_attached(made: bytes, audit: dict[str, Any]) -> None:
    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(made))
    root = reader.trailer["/Root"]
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert re.search(r"pdfaid:part(>|=\")3", metadata)
    assert re.search(r"pdfaid:conformance(>|=\")B", metadata)
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
    assert "Contents" in pages[0]
    named = re.findall(r"En2Zh: BLEU\s*reproduced[ .]*?(\d+)", pages[0])
    assert len(named) == 1
    assert "En2Zh: BLEU" in pages[int(named[0]) - 1]
    for number, page in enumerate(pages, 1):
        assert f"{number} / {len(pages)}" in page
    chapters = ["Summary", "Five questions", "Claim by claim", "What others did", "Other findings", "Conventions", "Method",
                "Provenance"]  # fmt: skip
    outline = [o.title for o in reader.outline if not isinstance(o, list)]
    assert outline == ["EXAMPLE-1B, Table 9", *chapters]


@pytest.mark.pdf
@needs_pango
def test_small_tables_stay_on_one_page_with_their_headings() -> None:
    """A table that goes on over a page has its head again there: no small one has, and long ones do."""
    import pypdf

    def heads(conventions: int) -> tuple[list[int], list[int], list[int]]:
        reader = pypdf.PdfReader(io.BytesIO(render_pdf(document(build(conventions=conventions, claims=4)))))
        pages = [" ".join(page.extract_text().split()) for page in reader.pages]
        for page in pages:
            assert not page.endswith(("by value", "What it does", "The first row that applies decides the verdict."))
        texts = ("Measurements of ", "No. Convention Value", "Convention What it does")
        captions, measurements, conventions_ = ([page.count(text) for page in pages] for text in texts)
        return captions, measurements, conventions_

    captions, measurements, of_conventions = heads(4)
    ran = len([claim for claim in build(conventions=4, claims=4)["verdicts"] if claim["verdict"] != "not-run"])
    assert captions == measurements
    assert sum(captions) == sum(of_conventions) == ran
    captions, measurements, _ = heads(12)
    assert sum(measurements) > sum(captions) == ran


@pytest.mark.pdf
@needs_pango
@needs_cjk
def test_letters_of_many_scripts_come_out_as_themselves(text: str) -> None:
    # Two files of one family once exchanged their glyphs: extended Latin beside plain Latin is the case.
    assert "\u014cta \u010capek et al., Hearing <Things> & Counting Them" in text
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

    made = render_pdf(document(build(claims=1, conventions=200, hostile=False)))
    pages = pypdf.PdfReader(io.BytesIO(made)).pages
    assert len(pages) > 10
    text = " ".join(page.extract_text() for page in pages)
    found = set(re.findall(r"\bc\d{2,3}\b", text))
    assert {f"c{n:02d}" for n in range(200)} <= found
