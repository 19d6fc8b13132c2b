"""The reports of a package are rendered again: each is compared, and a document that no renderer takes is refused."""

from __future__ import annotations

import pytest

from audit.provenance.errors import RejectedError
from audit.provenance.records import rerender
from audit.report import formats
from audit.schema import AuditDocument
from tests.support.provenance import made

NAMES = ("answers.html", "report.html", "table.tex", "measurements.csv")


def _files() -> dict[str, bytes]:
    return {"audit.json": b"unused", **made.rendered(made.audit_value())}


@pytest.mark.parametrize("name", NAMES)
def test_each_rendering_is_compared(name: str) -> None:
    files, audit = _files(), made.document(made.audit_value())
    assert set(NAMES) < set(files)
    rerender.check(files, audit)
    with pytest.raises(RejectedError, match=r"differs from what audit\.json renders to") as caught:
        rerender.check({**files, name: files[name] + b" "}, audit)
    assert (caught.value.file, caught.value.code) == (name, "render-mismatch")


@pytest.mark.parametrize("fault", [ValueError("no such unit"), ArithmeticError("overflow"), RecursionError("too deep")])
def test_a_document_that_cannot_be_rendered(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(audit: AuditDocument, language: str) -> bytes:
        raise fault

    files = _files()
    monkeypatch.setitem(formats.RENDERERS, "measurements.csv", fails)
    with pytest.raises(RejectedError, match=rf"measurements\.csv cannot be rendered from it .*{fault}") as caught:
        rerender.check(files, made.document(made.audit_value()))
    assert (caught.value.file, caught.value.code) == ("audit.json", "malformed")
