"""The judges of the formats: the Nu HTML Checker for every page, veraPDF for every PDF, signed or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from audit.pipeline import run as pipeline
from audit.pipeline.request import AuditRequest
from audit.report import tagged
from audit.report.editions import Edition
from audit.report.language import Language
from audit.report.page import render
from audit.report.pdf import render_pdf
from audit.report.requirements import missing_libraries
from audit.schema import (
    AttributedGap,
    AttributedStep,
    AuditDocument,
    GapRow,
    IdentityFinding,
    IdentityState,
    Interval,
    JointClaims,
    PayingRowsOfGap,
    PublicOutput,
    PublicValue,
    RowsIdentity,
)
from tests.support import judges
from tests.support.example_audit import HOSTILE, build, document
from tests.support.provenance import made

pytestmark = [pytest.mark.java, pytest.mark.slow]
needs_pango = pytest.mark.skipif(bool(missing_libraries()), reason="needs Pango")

STANDARDS = {"PDF/A-3A": [], "PDF/UA-1": []}
KINDS = ("default", "planned", "hostile", "small")
PAGES = [edition for edition in Edition if not edition.paged]
PDFS = [(edition, kind, True) for edition in Edition if edition.paged for kind in KINDS]
# A signed file begins with the unsigned one, so that few are judged twice.
PDFS += [(Edition.REPORT, "planned", False), (Edition.REPORT, "hostile", False), (Edition.ANNEX, "hostile", False)]


def name(edition: Edition, kind: str, *, signed: bool = False) -> str:
    """The name of a judged file."""
    return f"{kind}{'-signed' if signed else ''}-{edition.value}"


def hostile() -> AuditDocument:
    """Every chapter, with texts that try to break it."""
    example = document(build())
    first, second = example.claims[:2]
    text = " ".join(HOSTILE)
    step = AttributedStep((text,), text, text, "-1/3", Interval("-1", "1", "95", "bootstrap"))
    gap = AttributedGap(first.task, first.metric, text, text, "5", "13/3", (step, step), (), (9, 8), 9, claim=first.id,
                        printed="4.3", residual="-1/30", run=text)  # fmt: skip
    rows = PayingRowsOfGap(
        first.id, text, text, "-2/3", (GapRow(text, "-1/3", text), GapRow("u1", "0", "loop")), 7, text
    )
    found = (IdentityFinding("rows", text), IdentityFinding("ids", text, against=True))
    identities = tuple(
        RowsIdentity(first.task, text, state, text, text, text, 3, 7, "mixed", found) for state in IdentityState
    )
    values = (PublicValue(first.metric, "c00", "3.5", 7, 7), PublicValue(first.metric, text, "4.5", 6, 7))
    outputs = PublicOutput("a", first.task, None, text, text, text, text, "yes", text, (text,), text, 7, text,
                           "https://example.org/a?b=c&d=%22", "0" * 64, text, values, notes=text, gaps=(gap,))  # fmt: skip
    return replace(
        example,
        differences=(gap, replace(gap, printed=None, residual=None)),
        joint=(JointClaims(text, "wer", (first.id, second.id), 7, (text,), "0.250000"),),
        paying=(rows,),
        identities=identities,
        public_outputs=(outputs,),
    )


def planned(folder: Path) -> AuditDocument:
    """A made study with predictions that follow a sampling plan."""
    from tests.support.planned import TASK, follow, prepare, sentences
    from tests.support.planned import planned as plan

    sample = sentences()
    study = prepare(folder, sample, "2.1")
    follow(study, sample, plan(study, sample), 40)
    audited: AuditDocument = study.audit().document
    assert audited.plans
    assert any(claim.task == TASK for claim in audited.claims)
    return audited


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AuditDocument]:
    return {
        "default": pipeline.run(AuditRequest()).document,
        "planned": planned(tmp_path_factory.mktemp("planned")),
        "hostile": hostile(),
        "small": document(build(claims=1, conventions=1, hostile=False)),
    }


@pytest.fixture(scope="module")
def of_pages(documents: dict[str, AuditDocument], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    pages: dict[str, str] = {
        f"{language.value}-{name(edition, kind)}": render(found, edition, language)
        for kind, found in documents.items()
        for language in Language
        for edition in PAGES
    }
    pages["rows.html"] = paying_rows(tmp_path_factory.mktemp("rows"))
    pages["signed.html"] = signed_page(tmp_path_factory.mktemp("signed"))
    pages["wrong.html"] = '<!DOCTYPE html><html lang="en"><title>x</title><table><tr role="row"><td>y</table></html>'
    return judges.nu(tmp_path_factory.mktemp("pages"), pages)


def signed_page(folder: Path) -> str:
    """report.html with a signature in it, as a package has it."""
    from audit.provenance import package

    made.write_out(folder)
    package.build(folder, package.Options(key=made.key(), command=("x",)))
    page = (folder / "package" / "report.html").read_text(encoding="utf-8")
    assert "dsseEnvelope" in page
    return page


def paying_rows(folder: Path) -> str:
    """The page of `repro-audit rows --html`."""
    from audit.cli import main
    from tests.support.run_files import write

    rows = [
        {"id": "<1", "hypothesis": "The 2 boys didn't answer", "reference": "the two boys did not answer"},
        {"id": f"<2{HOSTILE[0]}", "hypothesis": " ".join(HOSTILE), "reference": "a cold \u202e lucid indifference"},
        {"id": "<3", "hypothesis": "", "reference": "he hoped there"},
    ]
    write(folder, "asr-librispeech-clean", rows)
    page = folder / "rows.html"
    command = ["rows", "asr-librispeech-clean", "--between", "verbatim", "audiobench", "--html", str(page)]
    assert main([*command, "--predictions", str(folder)]) == 0
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", [language.value for language in Language])
@pytest.mark.parametrize("edition", PAGES)
def test_a_page_is_valid_html(edition: Edition, kind: str, language: str, of_pages: dict[str, list[str]]) -> None:
    assert of_pages[f"{language}-{name(edition, kind)}"] == []


@pytest.mark.parametrize("page", ["rows.html", "signed.html"])
def test_and_so_is_any_other(page: str, of_pages: dict[str, list[str]]) -> None:
    assert of_pages[page] == []


def test_the_checker_finds_errors(of_pages: dict[str, list[str]]) -> None:
    assert any(message.startswith("error") and "role" in message for message in of_pages["wrong.html"])


@pytest.fixture(scope="module")
def pdfs(documents: dict[str, AuditDocument], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the PDFs to be judged."""
    folder = tmp_path_factory.mktemp("pdfs")
    judges.installed("java")
    for kind, found in documents.items():
        for edition in (edition for edition in Edition if edition.paged):
            unsigned = render_pdf(found, edition, Language.KOREAN if kind == "planned" else Language.ENGLISH)
            for signed, raw in ((False, unsigned), (True, made.sign_pdf(unsigned))):
                if (edition, kind, signed) in PDFS:
                    (folder / name(edition, kind, signed=signed)).write_bytes(raw)
    with without_finisher():
        (folder / "wrong.pdf").write_bytes(render_pdf(documents["small"]))
    return folder


@pytest.fixture(scope="module")
def of_pdfs(pdfs: Path) -> dict[str, dict[str, list[str]]]:
    return judges.verapdf(sorted(pdfs.iterdir()))


@contextmanager
def without_finisher() -> Iterator[None]:
    """Without what `tagged` does to WeasyPrint's PDF, except for the identifiers, which veraPDF looks at first."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("one_annotation_per_link", "hide_decorations", "tag_lists"):
            nothing: Callable[..., None] = lambda *_: None  # noqa: E731
            patch.setattr(tagged._Structure, name, nothing)
        yield


@pytest.mark.pdf
@needs_pango
@pytest.mark.parametrize(("edition", "kind", "signed"), PDFS)
def test_a_pdf_is_archivable_and_accessible(
    edition: Edition, kind: str, signed: bool, of_pdfs: dict[str, dict[str, list[str]]]
) -> None:
    """That both are claimed in the metadata is a part of it: veraPDF checks what is claimed."""
    assert of_pdfs[name(edition, kind, signed=signed)] == STANDARDS


@pytest.mark.pdf
@needs_pango
def test_verapdf_finds_what_weasyprint_leaves(of_pdfs: dict[str, dict[str, list[str]]]) -> None:
    found = of_pdfs["wrong.pdf"]
    assert found["PDF/A-3A"] == []
    # Lists and figures; lists in lists and links only where the pages have them.
    rules = {rule.split()[0] for rule in found["PDF/UA-1"]}
    assert {"7.2-19", "7.3-1"} <= rules <= {"7.2-19", "7.2-20", "7.3-1", "7.18.5-1"}


@pytest.mark.pdf
@needs_pango
def test_dss_finds_a_sound_signature_and_no_elements_that_overlap(pdfs: Path) -> None:
    found = judges.dss(sorted(pdfs.glob("*-signed-*")))
    assert found == {name(edition, kind, signed=True): [judges.SOUND] for edition, kind, signed in PDFS if signed}
