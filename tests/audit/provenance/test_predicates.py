"""The predicate of every statement has a form, which is checked before anything reads it."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from audit._util import canonical_json
from audit.errors import InputError
from audit.provenance.blinding import unblinding
from audit.provenance.blinding.secret import Secret
from audit.provenance.errors import RejectedError
from audit.provenance.format import layout, predicates
from audit.provenance.format.canonical_encoding import b64decode
from audit.provenance.signing import bundle, keys, sshsig
from audit.provenance.verification import countersign
from audit.provenance.verification.result import Report
from tests.support.provenance import made

Files = dict[str, bytes]
OTHERS: tuple[Any, ...] = (None, True, -1, "x", [], {}, ["x"], {"x": 1})
STATEMENTS = {
    layout.ROOT: layout.ROOT_TYPE,
    layout.PROVENANCE: layout.SLSA_TYPE,
    layout.TEST_RESULT: layout.TEST_RESULT_TYPE,
    layout.PUBLICATION: layout.PUBLICATION_TYPE,
}


def predicate_of(raw: bytes) -> Any:
    return json.loads(b64decode(json.loads(raw)["dsseEnvelope"]["payload"], ""))["predicate"]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from places(part)


def kind(value: object) -> str:
    return type(value).__name__


@pytest.fixture(scope="module")
def stated(files: Files) -> dict[str, Any]:
    more = countersign.add(files, made.key(7), reviewer=None, properties=["RESULTS_REPRODUCED"], comment="x",
                           when="2026-11-23T12:00:00Z")  # fmt: skip
    found = {STATEMENTS[name]: predicate_of(files[name]) for name in STATEMENTS}
    return found | {layout.SVR_TYPE: predicate_of(next(raw for name, raw in more.items() if name.endswith(".json")))}


def test_every_type_has_a_form() -> None:
    types = {value for name, value in vars(layout).items() if name.endswith("_TYPE") and "://" in value}
    others = {layout.STATEMENT_TYPE, layout.BUILD_TYPE}
    assert types - others == set(predicates.SCHEMAS) - {predicates.ROW_OPENING}


@pytest.mark.parametrize("name", [*STATEMENTS.values(), layout.SVR_TYPE])
def test_a_value_of_another_type_is_refused(name: str, stated: dict[str, Any]) -> None:
    """At every place: replaced by each other type, removed, with a field more."""
    predicates.check(stated[name], name, "f")
    count = len(list(places(stated[name])))
    refused = 0
    for index in range(count):
        for other in OTHERS:
            changed = copy.deepcopy(stated[name])
            holder, key = list(places(changed))[index]
            if kind(holder[key]) == kind(other):
                continue
            # There may be no image; annotations of a dependency are texts, or whether something holds.
            of_dependency = isinstance(holder, dict) and "role" in holder and key not in {"role", "task"}
            if (key == "image" and other is None) or (of_dependency and isinstance(other, bool | str)):
                continue
            holder[key] = other
            with pytest.raises(RejectedError) as error:
                predicates.check(changed, name, "f")
            assert (error.value.file, error.value.code) == ("f", "malformed"), (key, other)
            refused += 1
    assert refused >= 5 * count
    for changed in ({**stated[name], "more": 1}, {}, [], None):
        with pytest.raises(RejectedError, match=r"more|required|type"):
            predicates.check(changed, name, "f")


def test_a_signed_statement_of_another_form_is_refused_at_the_door(files: Files) -> None:
    payload = json.loads(b64decode(json.loads(files[layout.ROOT])["dsseEnvelope"]["payload"], ""))
    payload["predicate"]["verdicts"] = ["reproduced"]
    key = made.key()
    raw = canonical_json.dumps(bundle.sign(payload, key))
    with pytest.raises(RejectedError) as error:
        bundle.verify(raw, key.public, layout.ROOT, predicate_type=layout.ROOT_TYPE)
    assert error.value.code == "malformed"
    assert error.value.why.startswith("verdicts: ")


def test_a_root_statement_of_another_form_opens_nothing() -> None:
    key = made.key()
    for predicate in ({}, [], {"sealed": 3}):
        raw = canonical_json.dumps(bundle.sign({"predicate": predicate}, key))
        with pytest.raises(InputError, match="is not a package"):
            unblinding.openable({layout.ROOT: raw}, Secret(b"x", key, {}), "unblind.json")


def test_a_fault_of_the_program_is_no_finding_about_a_file() -> None:
    """What a check reads has a form; that a check stumbles says nothing of the package."""
    report = Report("p")
    with pytest.raises(KeyError):
        report.run("check", lambda: {}["x"])
    assert not report.checks
    assert not report.intact


# A point of P-256 in its compressed form, which the library does not read.
_POINT = bytes([2]) + bytes(31) + b"\x01"


def test_a_compressed_ssh_key_is_refused() -> None:
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ecdsa-sha2-nistp256", b"nistp256", _POINT))
    line = f"ecdsa-sha2-nistp256 {base64.b64encode(blob).decode()}"
    with pytest.raises(InputError, match="not a public key"):
        keys.load_public(line.encode(), "--key")
    with pytest.raises(RejectedError, match="not an OpenSSH public key"):
        sshsig.parse_public(line, "signer.ssh.pub")
