"""The signature in report.html: `verify` accepts it there and nothing else, and compares all the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.provenance import package
from audit.provenance.errors import RejectedError
from audit.provenance.format import archive, layout
from audit.provenance.records import page_seal
from audit.provenance.verification.result import Report
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from audit.report.embedded import SEAL_CLOSE, SEAL_OPEN
from audit.report.page_text import digests
from tests.support.provenance import made
from tests.support.provenance.attacks import SIGNER, Files, payload, with_page

SEAL = "HTML signature"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A package whose reports were rendered from its audit.json."""
    out = made.write_out(tmp_path_factory.mktemp("out"))
    return archive.read(package.build(out, package.Options(key=SIGNER, name="Golden Auditor")))


def checked(files: Files, *, render: bool = True) -> Report:
    return verify_files(files, Trust(render=render))


def status(report: Report, name: str = SEAL) -> str:
    return next(check.status for check in report.checks if check.name == name)


def test_the_page_carries_a_signature_over_audit_json_alone(signed: Files) -> None:
    empty, content = page_seal.parts(signed[layout.REPORT_HTML])
    statement = payload({"page": content}, "page")
    assert [subject["name"] for subject in statement["subject"]] == [layout.AUDIT]
    assert statement["predicateType"] == layout.PAGE_TYPE
    assert statement["predicate"]["publicKey"].encode() == signed[layout.PUBLIC_KEY]
    assert statement["predicate"]["texts"] == digests(empty.decode())
    report = checked(signed)
    assert report.intact, report.as_text()
    assert (status(report), status(report, "reports")) == ("ok", "ok")


def test_a_second_run_reproduces_the_page_but_for_the_signature(signed: Files, tmp_path: Path) -> None:
    again = archive.read(package.build(made.write_out(tmp_path), package.Options(key=made.key(77), name="Somebody")))
    subjects = [
        {s["name"]: s["digest"]["sha256"] for s in payload(files, layout.ROOT)["subject"]} for files in (signed, again)
    ]
    assert layout.REPORT_HTML not in subjects[0]
    assert subjects[0][layout.UNSIGNED_HTML] == subjects[1][layout.UNSIGNED_HTML]
    assert signed[layout.REPORT_HTML] != again[layout.REPORT_HTML]


def test_an_empty_element_is_accepted_and_said_to_be(signed: Files) -> None:
    empty, _ = page_seal.parts(signed[layout.REPORT_HTML])
    report = checked(with_page(signed, empty))
    assert report.intact, report.as_text()
    assert status(report) == "not-checked"


TOUCHED = {
    "a script after the element": lambda page: page.replace(
        SEAL_CLOSE.encode(), f"{SEAL_CLOSE}<script>alert(1)</script>".encode(), 2
    ),
    "a second element, spelt otherwise": lambda page: page.replace(
        b"</body>", b"<SCRIPT id='signature' type='application/json'>{}</SCRIPT></body>"
    ),
    "a handler": lambda page: page.replace(b"<body>", b'<body onload="alert(1)">'),
    "another policy": lambda page: page.replace(b"default-src &#39;none&#39;", b"default-src *"),
    "another script": lambda page: page.replace(b'"use strict";', b'"use strict"; alert(1);', 1),
    "another audit.json inside": lambda page: page.replace(b'"2.10"', b'"2.11"', 1),
}


@pytest.mark.parametrize("name", TOUCHED)
def test_everything_but_the_element_is_compared(name: str, signed: Files) -> None:
    """Also where the signer names the changed page in the root statement and seals it again."""
    page = TOUCHED[name](signed[layout.REPORT_HTML])
    assert page != signed[layout.REPORT_HTML]
    sealed = page_seal.sign(page, signed[layout.AUDIT], SIGNER)
    report = checked(with_page(signed, sealed))
    assert [(check.file, check.code) for check in report.failures] == [(layout.REPORT_HTML, "render-mismatch")]


def test_without_rendering_a_changed_page_is_found_by_its_digest(signed: Files) -> None:
    page = TOUCHED["a handler"](signed[layout.REPORT_HTML])
    report = checked({**signed, layout.REPORT_HTML: page}, render=False)
    assert [(check.file, check.code) for check in report.failures] == [(layout.REPORT_HTML, "digest-mismatch")]


@pytest.mark.parametrize(
    "page",
    [
        b"<p>none</p>",
        f"{SEAL_OPEN}{SEAL_CLOSE}{SEAL_OPEN}{SEAL_CLOSE}".encode(),
        f"{SEAL_OPEN}{{}}<b>{SEAL_CLOSE}".encode(),
        f"{SEAL_OPEN}{{}}".encode(),
        f"{SEAL_OPEN}{{}}</script >".encode(),
        SEAL_OPEN.encode(),
    ],
)
def test_pages_without_exactly_one_element(page: bytes) -> None:
    with pytest.raises(RejectedError, match="element"):
        page_seal.parts(page)


def test_the_element_and_its_content() -> None:
    page = f"a{SEAL_OPEN}{{}}{SEAL_CLOSE}b".encode()
    assert page_seal.parts(page) == (f"a{SEAL_OPEN}{SEAL_CLOSE}b".encode(), b"{}")


def test_a_page_that_is_no_text_is_refused() -> None:
    page = b"\xff" + f"{SEAL_OPEN}{SEAL_CLOSE}".encode()
    with pytest.raises(RejectedError, match="UTF-8"):
        page_seal.sign(page, b"{}", SIGNER)


def test_signing_again_replaces_the_signature(signed: Files) -> None:
    again = page_seal.sign(signed[layout.REPORT_HTML], signed[layout.AUDIT], SIGNER)
    assert again == signed[layout.REPORT_HTML]
    assert json.loads(page_seal.parts(again)[1])["mediaType"] == layout.BUNDLE_TYPE
