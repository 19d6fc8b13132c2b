"""The annex of a package: signed like the report, and absent where it was not rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from audit.provenance import package
from audit.provenance.errors import RejectedError
from audit.provenance.format import checksums, layout
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from tests.support.provenance import made
from tests.support.provenance.attacks import payload


def build(artefacts: dict[str, bytes]) -> dict[str, bytes]:
    return package.make(artefacts, package.Options(key=made.key(), command=("x",)))


def test_it_is_signed_named_and_checked() -> None:
    artefacts = made.artefacts()
    files = build(artefacts)
    root, published = payload(files, layout.ROOT), payload(files, layout.PUBLICATION)
    assert files[layout.ANNEX].startswith(artefacts[layout.ANNEX])
    assert root["predicate"]["unsignedAnnexBytes"] == len(artefacts[layout.ANNEX])
    named = {s["name"]: s["digest"]["sha256"] for s in [*root["subject"], *published["subject"]]}
    assert named[layout.UNSIGNED_ANNEX] == checksums.sha256(artefacts[layout.ANNEX])
    assert named[layout.ANNEX] == checksums.sha256(files[layout.ANNEX])
    assert f"  {layout.ANNEX}\n".encode() in files[layout.CHECKSUMS]
    assert b"- file: annex.pdf" in files[layout.CODECHECK]
    assert b'"@id":"annex.pdf"' in files[layout.CRATE]
    report = verify_files(files, Trust())
    assert report.intact
    checked = [(c.name, c.file) for c in report.checks if c.name.startswith("PDF")]
    assert checked == [(n, f) for n in ("PDF signature", "PDF attachment") for f in (layout.REPORT_PDF, layout.ANNEX)]


def test_a_package_without_it_is_accepted_and_says_nothing_of_it() -> None:
    artefacts = {name: data for name, data in made.artefacts().items() if name != layout.ANNEX}
    files = build(artefacts)
    assert "unsignedAnnexBytes" not in payload(files, layout.ROOT)["predicate"]
    assert b"annex" not in files[layout.VERIFY]
    assert verify_files(files, Trust()).intact


def test_one_of_another_audit_is_not_signed() -> None:
    other = made.artefacts(value="1.10")[layout.ANNEX]
    with pytest.raises(RejectedError, match="differs from the one beside it") as caught:
        build({**made.artefacts(), layout.ANNEX: other})
    assert caught.value.file == layout.ANNEX


def test_a_package_reads_each_pdf_and_the_audit_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = made.write_out(tmp_path / "out")
    read: list[str] = []
    begin, audit = PdfFileReader.__init__, package.audit_facts.read_audit

    def reader(self: PdfFileReader, *given: Any, **named: Any) -> None:
        read.append("pdf")
        begin(self, *given, **named)

    def document(*given: Any, **named: Any) -> Any:
        read.append("audit")
        return audit(*given, **named)

    monkeypatch.setattr(PdfFileReader, "__init__", reader)
    monkeypatch.setattr(package.audit_facts, "read_audit", document)
    package.build(out, package.Options(key=made.key(), command=("x",)))
    assert sorted(read) == ["audit", "pdf", "pdf"]
    assert {layout.REPORT_PDF, layout.ANNEX} <= {path.name for path in (out / "package").iterdir()}
