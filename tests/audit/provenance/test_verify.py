"""Verification of what its own signer made odd: whatever a signed file holds, an answer and no traceback."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit._util import canonical_json
from audit.provenance.format import layout
from audit.provenance.signing import bundle
from audit.provenance.signing.keys import public_pem
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from tests.support.provenance import made
from tests.support.provenance.attacks import payload, republish

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.just("x"), st.just([]), st.just({}), st.just([{}]), st.just({"a": None}),
    st.just(10**15), st.just("0" * 64), st.just(["a", "a"]),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a JSON value."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    return found


def put(value: Any, path: tuple[Any, ...], item: Any) -> Any:
    """A copy with another value at a path."""
    result = copy.deepcopy(value)
    inner = result
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = item
    return result


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("name", [layout.ROOT, layout.TEST_RESULT])
def test_statements_with_anything_in_them(name: str, data: st.DataObject, files: dict[str, bytes]) -> None:
    value = payload(files, name)
    path = data.draw(st.sampled_from(places(value)))
    other = put(value, path, data.draw(ODD))
    if other == value:
        return
    signed = {**files, name: canonical_json.dumps(bundle.sign(other, made.key()))}
    report = verify_files(republish(signed, made.key()), Trust())
    assert not report.intact
    assert report.failures[0].file is not None
    report.as_text()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_publication_with_anything_in_it(data: st.DataObject, files: dict[str, bytes]) -> None:
    value = payload(files, layout.PUBLICATION)
    path = data.draw(st.sampled_from(places(value)))
    other = put(value, path, data.draw(ODD))
    if other == value:
        return
    report = verify_files({**files, layout.PUBLICATION: canonical_json.dumps(bundle.sign(other, made.key()))}, Trust())
    assert not report.intact


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_audit_json_with_anything_in_it(data: st.DataObject, files: dict[str, bytes]) -> None:
    """Signed again all the way up to the root: an audit.json of another shape is refused or read, never stumbled over."""
    value = made.audit_value()
    other = put(value, data.draw(st.sampled_from(places(value))), data.draw(ODD))
    raw = canonical_json.dumps(other)
    report = verify_files(republish({**files, layout.AUDIT: raw}, made.key()), Trust())
    assert report.intact == (raw == files[layout.AUDIT])


@given(st.dictionaries(st.sampled_from(sorted(layout.REQUIRED)), st.binary(max_size=64)))
def test_nonsense(files: dict[str, bytes]) -> None:
    assert not verify_files(files, Trust()).intact
    assert not verify_files({**dict.fromkeys(layout.REQUIRED, b""), **files}, Trust()).intact


@pytest.mark.parametrize("name", sorted(layout.REQUIRED))
def test_deny_unless_present(name: str, files: dict[str, bytes]) -> None:
    """Without any one of the files that must be there; and also when the signer left it out."""
    without = {other: data for other, data in files.items() if other != name}
    assert (name, "missing") in {(check.file, check.code) for check in verify_files(without, Trust()).failures}
    if name not in layout.UNLISTED | {layout.REPORT_PDF}:
        again = republish(without, made.key())
        assert (name, "missing") in {(check.file, check.code) for check in verify_files(again, Trust()).failures}


def test_nothing_is_accepted_before_the_end(files: dict[str, bytes]) -> None:
    from audit.provenance.verification.result import Report

    report = Report("package")
    report.ok("something")
    assert not report.intact


def test_what_was_not_checked_is_said(files: dict[str, bytes]) -> None:
    report = verify_files(files, Trust())
    said = {check.name for check in report.checks if check.status == "not-checked"}
    assert said == {"count files", "identity", "time", "reports", "literature", "derivation", "predictions", "values"}
    known = verify_files(files, Trust(key=public_pem(made.key().public)))
    assert "identity" not in {check.name for check in known.checks if check.status == "not-checked"}


def test_a_report_that_says_another_kind_of_key() -> None:
    from audit.provenance import package
    from audit.provenance.errors import RejectedError

    made_artefacts = made.artefacts()
    value = {**made.audit_value(), "signing": {"identity": "ephemeral"}}
    raw = canonical_json.dumps(value)
    artefacts = {
        **made_artefacts,
        layout.AUDIT: raw,
        layout.REPORT_PDF: made.render_pdf(raw),
        layout.ANNEX: made.render_pdf(raw, "Annex"),
    }
    with pytest.raises(RejectedError, match="a different kind of key"):
        package.make(artefacts, package.Options(key=made.key(), command=("x",)))
    files = package.make(artefacts, package.Options(key=made.key(3, "ephemeral"), command=("x",)))
    report = verify_files(files, Trust())
    assert report.intact
    assert "integrity, not identity" in report.as_text()


def test_a_terminal_is_not_steered() -> None:
    from audit.provenance.errors import RejectedError
    from audit.provenance.verification.result import Report

    report = Report("x")
    report.fail("check", RejectedError("a\x1b[2J", "malformed", "b\x07\u202e"))
    assert not set(report.as_text()) & set("\x1b\x07\u202e")
