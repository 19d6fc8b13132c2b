"""Opening a blind package: by its own key, by the key that it seals, by another; and every way to open something else."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from audit import cli
from audit._util import canonical_json
from audit.errors import InputError
from audit.provenance.blinding import secret, unblinding
from audit.provenance.blinding.surroundings import Keys
from audit.provenance.format import archive, layout
from audit.provenance.format.canonical_encoding import b64decode
from audit.provenance.signing import bundle, keys
from audit.provenance.verification.blind import Unblinding
from audit.provenance.verification.result import Report
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from tests.support.provenance import made, named

WHEN = "2026-11-29T12:00:00Z"
LASTING, ANOTHER = made.key(501), made.key(502)


@dataclass(frozen=True)
class Blind:
    """A blind package with what opens it."""

    out: Path
    files: dict[str, bytes]
    secret: secret.Secret

    def opened(self, only: tuple[str, ...] = (), key: Any = None) -> bytes:
        sealed = unblinding.openable(self.files, self.secret, "unblind.json", only)
        return unblinding.build(self.files, sealed, key or self.secret.key, WHEN)

    def verified(self, statement: bytes, key: Any = None, trust: Any = None, originals: Path | None = None) -> Report:
        public = None if key is None else keys.public_pem(key.public)
        given = None if trust is None else keys.public_pem(trust.public)
        return verify_files(self.files, Trust(key=given, unblinding=Unblinding(statement, public, originals)))


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Blind:
    out = named.write_out(tmp_path_factory.mktemp("opened") / "out")
    named.make(out, keys=Keys(LASTING))
    return Blind(out, archive.read(out / "blind" / "package"), secret.read(out / "unblind.json"))


def details(report: Report, name: str) -> list[str]:
    return [check.detail for check in report.checks if check.name == name and check.detail]


def test_everything_is_opened_by_the_packages_own_key(blind: Blind) -> None:
    report = blind.verified(blind.opened(), originals=blind.out)
    assert report.intact, report.as_text()
    number = len(blind.secret.packages[next(iter(blind.secret.packages))])
    assert details(report, "institution") == ["team-institution is Nordsee Institute of Spoken Language"]
    assert details(report, "person")[-2:] == [
        "team-member-1 is \u00c5sa Lindqvist",
        "team-member-2 is Piet van der Meer",
    ]
    assert details(report, "record") == ["team-1 is nordsee"]
    assert details(report, "key") == [f"signing-key is {keys.fingerprint(LASTING.public)}"]
    assert details(report, "commitments")[-1].startswith(f"{number} of {number} opened")
    assert details(report, "second statement") == ["signed by the package's own key"]
    assert details(report, "originals") == ["as sealed; blinding gives the package's files"]


def test_opened_by_the_key_that_is_sealed(blind: Blind) -> None:
    statement = blind.opened(key=LASTING)
    report = blind.verified(statement, LASTING, trust=LASTING)
    assert report.intact, report.as_text()
    by = f"signed by the key {keys.fingerprint(LASTING.public)}, which the package has sealed"
    assert details(report, "second statement") == [by]
    assert details(report, "identity") == [
        "the package seals the key that you gave, and it has signed the second statement"
    ]


def test_opened_by_another_key(blind: Blind) -> None:
    """It shows that its signer knows the salts; the reader is told by which key, and that the package does not name it."""
    statement = blind.opened(key=ANOTHER)
    report = blind.verified(statement, ANOTHER)
    assert report.intact
    (line,) = [check for check in report.checks if check.name == "second statement" and check.detail]
    assert line.status == "not-checked"
    assert f"signed by the key {keys.fingerprint(ANOTHER.public)}, which the package does not name" in line.detail
    # Whoever asks for a key by --key is not content with it, nor with a sealed key that did not sign.
    for wanted, by in ((ANOTHER, ANOTHER), (LASTING, ANOTHER)):
        refused = blind.verified(statement, by, trust=wanted)
        assert [(check.name, check.code) for check in refused.failures] == [("identity", "key-mismatch")]


def test_only_some_kinds(blind: Blind) -> None:
    statement = blind.opened(only=("institution", "person"))
    assert b"nordsee-lab" not in b64decode(json.loads(statement)["dsseEnvelope"]["payload"], "")
    report = blind.verified(statement)
    assert report.intact
    assert details(report, "institution")
    assert not details(report, "record")
    assert details(report, "originals") == ["not compared with the files that name the team; give --originals"]
    refused = blind.verified(statement, originals=blind.out)
    assert [(check.file, check.code) for check in refused.failures] == [("--unblinding", "missing")]


Payload = dict[str, Any]


def opened_entry(payload: Payload, kind: str) -> dict[str, str]:
    found: dict[str, str] = next(entry for entry in payload["predicate"]["opened"] if entry["kind"] == kind)
    return found


FORGERIES: dict[str, tuple[Callable[[Payload], Any], str, str]] = {
    "another value": (
        lambda p: opened_entry(p, "institution").update(value="Another Institute"),
        "commitment-mismatch",
        "value and salt of the institution team-institution do not open its commitment",
    ),
    "another salt": (
        lambda p: opened_entry(p, "record").update(salt="0" * 64),
        "commitment-mismatch",
        "do not open its commitment",
    ),
    "another kind": (
        lambda p: opened_entry(p, "owner").update(kind="host"),
        "commitment-mismatch",
        "the package seals no host team.owner",
    ),
    "another name": (
        lambda p: opened_entry(p, "owner").update(name="team.owner-9"),
        "commitment-mismatch",
        "the package seals no owner team.owner-9",
    ),
    "twice": (lambda p: p["predicate"]["opened"].append(opened_entry(p, "owner")), "malformed", "a commitment twice"),
    "another package": (
        lambda p: p["predicate"]["root"]["digest"].update(sha256="0" * 64),
        "wrong-statement",
        "it opens another package",
    ),
    "another audit": (
        lambda p: p["subject"][0]["digest"].update(sha256="0" * 64),
        "wrong-statement",
        "it opens another package",
    ),
    "another version": (
        lambda p: p["predicate"].update(schemaVersion="2.0.0"),
        "wrong-statement",
        "not a known statement",
    ),
    "a field more": (lambda p: p["predicate"].update(more=1), "malformed", "Additional properties"),
    "a short salt": (lambda p: opened_entry(p, "owner").update(salt="00"), "malformed", "does not match"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_was_not_sealed_is_refused(name: str, blind: Blind) -> None:
    """Each is signed by the package's own key: what is inside must be found out by what it says."""
    change, code, why = FORGERIES[name]
    payload = copy.deepcopy(json.loads(b64decode(json.loads(blind.opened())["dsseEnvelope"]["payload"], "")))
    change(payload)
    report = blind.verified(canonical_json.dumps(bundle.sign(payload, blind.secret.key)))
    (failure,) = report.failures
    assert (failure.file, failure.code) == ("--unblinding", code)
    assert why in failure.detail


def test_a_statement_whose_signature_is_by_another_key_than_the_one_beside_it(blind: Blind) -> None:
    report = blind.verified(blind.opened(key=ANOTHER), LASTING)
    assert [(check.file, check.code) for check in report.failures] == [("--unblinding", "key-mismatch")]


def test_a_statement_of_another_kind(blind: Blind) -> None:
    report = blind.verified(blind.files[layout.PUBLICATION])
    assert [(check.file, check.code) for check in report.failures] == [("--unblinding", "wrong-statement")]


def test_a_package_that_is_not_blind(blind: Blind) -> None:
    plain = made.make()
    report = verify_files(plain, Trust(unblinding=Unblinding(blind.opened())))
    assert [(check.file, check.code) for check in report.failures] == [("--unblinding", "wrong-statement")]
    with pytest.raises(InputError, match="the package is not blind"):
        unblinding.openable(plain, blind.secret, "unblind.json")


def test_commitments_cannot_be_taken_out_of_a_package(blind: Blind) -> None:
    """Nobody but the holder of the key can, and their removal contradicts audit.json."""
    payload = json.loads(bundle.payload(blind.files[layout.ROOT]))
    del payload["predicate"]["sealed"]
    forged = {**blind.files, layout.ROOT: canonical_json.dumps(bundle.sign(payload, blind.secret.key))}
    assert not verify_files(forged, Trust()).intact


def test_wrong_secrets(blind: Blind, tmp_path: Path) -> None:
    other = named.write_out(tmp_path / "other")
    named.make(other)
    foreign = secret.read(other / "unblind.json")
    with pytest.raises(InputError, match="opens 1 packages, but not this one"):
        unblinding.openable(blind.files, foreign, "unblind.json")
    ((root, sealed),) = blind.secret.packages.items()
    changed = (replace(sealed[0], value="changed"), *sealed[1:])
    for broken, what in ((changed, "is not what the package seals"), (sealed[1:], "does not have all that")):
        with pytest.raises(InputError, match=what):
            unblinding.openable(blind.files, replace(blind.secret, packages={root: broken}), "unblind.json")
    with pytest.raises(InputError, match="nothing of the kind 'shoe' is sealed"):
        unblinding.openable(blind.files, blind.secret, "unblind.json", ["shoe"])


@pytest.mark.parametrize("name", ["audit.json", "literature/works/nordsee.yaml"])
def test_originals_that_were_changed(name: str, blind: Blind, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(blind.out, folder)
    path = folder / name
    path.write_bytes(path.read_bytes().replace(b"2.1", b"2.0").replace(b"2025", b"2024"))
    report = blind.verified(blind.opened(), originals=folder)
    assert [(check.file, check.code) for check in report.failures] == [(name, "digest-mismatch")]
    path.unlink()
    report = blind.verified(blind.opened(), originals=folder)
    assert [(check.file, check.code) for check in report.failures] == [(name, "missing")]


def test_the_commands(blind: Blind, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package, kept = str(blind.out / "blind" / "package.zip"), str(blind.out / "unblind.json")
    statement = str(tmp_path / "opened.sigstore.json")
    assert cli.main(["unblind", package, "--unblind-file", kept, "--out", statement]) == 0
    shown = capsys.readouterr().out
    assert "Nordsee Institute of Spoken Language" in shown
    assert (tmp_path / "opened.pub.pem").exists()
    assert cli.main(["verify", package, "--unblinding", statement, "--originals", str(blind.out)]) == 0
    assert "record: team-1 is nordsee" in capsys.readouterr().out
    for arguments, code, told in (
        (["unblind", package, "--unblind-file", str(tmp_path / "no")], 3, "cannot be read"),
        (["unblind", package, "--unblind-file", package], 2, "is damaged"),
        (["unblind", str(tmp_path / "no.zip"), "--unblind-file", kept], 2, "no package here"),
        (["unblind", kept, "--unblind-file", kept], 2, "cannot be read"),
        (
            ["unblind", package, "--unblind-file", kept, "--out", str(tmp_path / "x.json")],
            2,
            "must end in .sigstore.json",
        ),
        (["verify", package, "--originals", str(tmp_path)], 2, "--originals needs"),
        (["verify", package, "--unblinding", str(tmp_path / "no")], 3, "cannot be read"),
    ):
        assert cli.main(arguments) == code
        error = capsys.readouterr().err
        assert told in error
        assert "Traceback" not in error
