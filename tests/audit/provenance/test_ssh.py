"""Our SSH signatures and allowed-signers files against ssh-keygen's own."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.errors import InputError, MissingError
from audit.provenance import package
from audit.provenance.format import layout
from audit.provenance.signing import allowed_signers, sshsig
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from tests.support.provenance import made

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@pytest.fixture(params=["ed25519", "ecdsa"])
def ssh_key(request: pytest.FixtureRequest, tmp_path: Path, need: Callable[..., None]) -> Path:
    need("ssh-keygen")
    path = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", request.param, "-N", "", "-C", "", "-f", path], check=True)
    return path


def test_the_same_bytes_as_ssh_keygen_makes(ssh_key: Path, tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.write_bytes(b"a list of files\n")
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", layout.SSH_NAMESPACE, "-f", ssh_key, message], check=True)
    theirs = (tmp_path / "message.sig").read_bytes()
    signer = sshsig.load(ssh_key)
    ours = sshsig.sign(message.read_bytes(), signer)
    if signer.line.startswith("ssh-ed25519"):
        assert ours == theirs  # ECDSA in OpenSSH takes a nonce of its own
        sshsig.verify(theirs, message.read_bytes(), signer.line, "f")
    sshsig.verify(ours, message.read_bytes(), signer.line, "f")


def test_ssh_keygen_accepts_ours(ssh_key: Path, tmp_path: Path) -> None:
    signer = sshsig.load(ssh_key)
    (tmp_path / "sig").write_bytes(sshsig.sign(b"message", signer))
    (tmp_path / "allowed").write_text(f'me namespaces="repro-audit/v1" {signer.line}\n', encoding="ascii")
    command = ["ssh-keygen", "-Y", "verify", "-n", layout.SSH_NAMESPACE, "-I", "me", "-f", "allowed", "-s", "sig"]
    assert subprocess.run(command, input=b"message", cwd=tmp_path, capture_output=True, check=False).returncode == 0
    assert subprocess.run(command, input=b"massage", cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_a_package_with_a_key_of_its_own_for_ssh(ssh_key: Path) -> None:
    signer = sshsig.load(ssh_key)
    files = made.make(package.Options(key=made.key(), ssh=signer, command=("x",)))
    line = f'jane@example.org namespaces="repro-audit/*" {signer.line}'
    report = verify_files(files, Trust(allowed_signers=line, principal="jane@example.org"))
    assert report.accepted, report.as_text()
    assert not verify_files(files, Trust(allowed_signers=line, principal="john@example.org")).accepted
    other = f"jane@example.org {sshsig.from_key(made.key(9)).line}"
    assert [check.code for check in verify_files(files, Trust(allowed_signers=other)).failures] == ["key-mismatch"]


def test_an_encrypted_key(tmp_path: Path, need: Callable[..., None]) -> None:
    need("ssh-keygen")
    pytest.importorskip("bcrypt", reason="needs bcrypt")
    path = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret words", "-f", path], check=True)
    assert sshsig.load(path, lambda: b"secret words").line.startswith("ssh-ed25519 ")
    for passphrase in (None, lambda: b"other words"):
        with pytest.raises(InputError) as caught:
            sshsig.load(path, passphrase)
        assert "words" not in str(caught.value)


def test_keys_of_other_kinds(tmp_path: Path, need: Callable[..., None]) -> None:
    need("ssh-keygen")
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-b", "384", "-N", "", "-f", tmp_path / "p384"], check=True)
    with pytest.raises(InputError):
        sshsig.load(tmp_path / "p384")
    with pytest.raises(MissingError):
        sshsig.load(tmp_path / "none")


LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBpgZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZm"


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (f"me {LINE}", ["me"]),
        (f"me,you {LINE} a comment", ["me", "you"]),
        (f'"me" namespaces="repro-audit/v1" {LINE}', ["me"]),
        (f'me namespaces="git,repro-audit/*" {LINE}', ["me"]),
        (f'me namespaces="git" {LINE}', []),
        (f'me namespaces="!repro-audit/v1,*" {LINE}', []),
        (f'me namespaces="" {LINE}', []),
        (f"me cert-authority {LINE}", []),
        (f'me valid-before="20270101" {LINE}', ["me"]),
        (f'me valid-before="20260101Z" {LINE}', []),
        (f'me valid-after="202601010000Z",valid-before="20270101000000Z" {LINE}', ["me"]),
        (f'me valid-after="20270101" {LINE}', []),
        (f'me a-new-option="x" {LINE}', []),
        ("me ssh-ed25519 AAAAother", []),
        (f"# me {LINE}", []),
        ("", []),
    ],
)
def test_allowed_signers(entry: str, found: list[str]) -> None:
    assert allowed_signers.principals(entry, LINE, layout.SSH_NAMESPACE, NOW, "f") == found


@pytest.mark.parametrize(
    "entry", ["me", f"me= {LINE[:10]}", 'me valid-before="x" ' + LINE, f"me namespaces={LINE}", "me ssh-ed25519"]
)
def test_allowed_signers_that_are_none(entry: str) -> None:
    with pytest.raises(InputError):
        allowed_signers.principals(entry, LINE, layout.SSH_NAMESPACE, NOW, "f")


@pytest.mark.parametrize(
    ("patterns", "principal", "found"),
    [(["*@x.org"], "a@x.org", True), (["*", "!a@x.org"], "a@x.org", False), (["a?"], "ab", True), ([], "a", False)],
)
def test_patterns(patterns: list[str], principal: str, found: bool) -> None:
    assert allowed_signers.matches(patterns, principal) is found
