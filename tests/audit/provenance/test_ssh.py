"""Our SSH signatures and allowed-signers files against ssh-keygen's own."""

from __future__ import annotations

import datetime as dt
import random
import re
import subprocess
import time
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
    assert report.intact, report.as_text()
    assert not verify_files(files, Trust(allowed_signers=line, principal="john@example.org")).intact
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
        (f"me,you {LINE} a comment", ["me,you"]),
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
    read = allowed_signers.find(entry, LINE, layout.SSH_NAMESPACE, NOW, "f")
    assert list(read.principals) == found


@pytest.mark.parametrize(
    "entry",
    [
        "me",
        f"me= {LINE[:10]}",
        'me valid-before="x" ' + LINE,
        f"me namespaces={LINE}",
        "me ssh-ed25519",
        f'me a-new-option="x" {LINE}',
        f'me namespaces="a",namespaces="b" {LINE}',
        f'"me {LINE}',
        f'me valid-after="20270101",valid-before="20260101" {LINE}',
    ],
)
def test_an_invalid_line_allows_nothing_and_the_others_stand(entry: str) -> None:
    read = allowed_signers.find(f"{entry}\n\nyou {LINE}\n", LINE, layout.SSH_NAMESPACE, NOW, "f")
    assert read.principals == ("you",)
    (problem,) = read.problems
    assert problem.startswith("f:1: ")


@pytest.mark.parametrize(
    ("patterns", "principal", "found"),
    [
        ("*@x.org", "a@x.org", True),
        ("*,!a@x.org", "a@x.org", False),
        ("a?", "ab", True),
        ("", "a", False),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("*a*a*a*a*a*a*a*a*b", "a" * 1000, False),
        ("a,", "", False),
    ],
)
def test_patterns(patterns: str, principal: str, found: bool) -> None:
    assert allowed_signers.matches(patterns, principal) is found


_NAMES = (
    "me",
    "me@x.org",
    "*@x.org",
    "m?@x.org",
    "!me@x.org",
    "*",
    "[m]e",
    "m[ae]",
    "",
    "you,me",
    "me,!m*",
    "ME",
    "me\\",
    "\u00fc?",
)
_SPACES = (
    "repro-audit/v1",
    "repro-audit/*",
    "git",
    "!repro-audit/v1,*",
    "",
    "*",
    "[r]epro-audit/v1",
    "git,repro-audit/v?",
    'a\\"b,*',
)
_TIMES = (
    "20260101", "20270101", "202611230000", "20261123000000Z", "20261123000001Z", "20260231Z", "19700101Z", "x", "",
    "2026 1 1",
    "20261301", "20260101UTC", "20260101z", "202601012460", "20260101235961Z", "+2026101", "2026010", "00000101Z", "20261123",
)  # fmt: skip


def _line(rng: random.Random, key: str) -> str:
    """A line of an allowed-signers file, or nearly one."""

    def mostly(usual: str, *others: str) -> str:
        return usual if rng.random() < 0.8 else rng.choice(others)

    options = []
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        name = mostly(
            rng.choice(("namespaces", "valid-after", "valid-before")),
            "cert-authority",
            "Namespaces",
            "VALID-AFTER",
            "other",
        )
        value = rng.choice(_SPACES if "ames" in name else _TIMES)
        quote = mostly('"', "", "'")
        options.append(name if name == "cert-authority" else f"{name}={quote}{value}{quote}")
    head = mostly("me", *_NAMES)
    head = mostly(head, f'"{head}"', f'"{head} "', f'm"e {head}"', f'"{head}')
    parts = [head, mostly(",", ",,", ", ", "").join(options), mostly(key, key + " a comment", key + "=", key[:-4])]
    space = mostly(" ", "  ", "\t", " \t", "\r", "", "\v")
    line = mostly("", " ", "#", "\t", "\r") + space.join(part for part in parts if part)
    if rng.random() < 0.15:
        at = rng.randrange(len(line) + 1)
        line = line[:at] + rng.choice(('"', ",", " ", "!", "\\", "*", "\r", "x", "=")) + line[at + rng.randrange(2) :]
    return line


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_lines_are_read_as_ssh_keygen_reads_them(
    ssh_key: Path, tmp_path: Path, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    signer = sshsig.load(ssh_key)
    (tmp_path / "sig").write_bytes(sshsig.sign(b"message", signer))
    rng = random.Random(f"{zone} {signer.line[:20]}")
    differing, accepted = [], 0
    try:
        for _ in range(300):
            text = "\n".join(_line(rng, signer.line) for _ in range(rng.choice((1, 1, 2)))) + rng.choice(("\n", ""))
            (tmp_path / "allowed").write_text(text, encoding="utf-8", newline="")
            name = rng.choice(("me", "me", "me", "me@x.org", "you", "m", "[m]e", "me x"))
            command = ["ssh-keygen", "-Y", "verify", "-n", layout.SSH_NAMESPACE, "-I", name, "-f", "allowed", "-s", "sig",
                       "-O", "verify-time=20261123000000Z"]  # fmt: skip
            theirs = subprocess.run(command, input=b"message", cwd=tmp_path, capture_output=True, check=False)
            ours = allowed_signers.find(text, signer.line, layout.SSH_NAMESPACE, NOW, "f")
            said = any(allowed_signers.matches(patterns, name) for patterns in ours.principals)
            accepted += said
            # OpenSSH 10 skips a carriage return before a line, 9.2 reads it as part of the name, as this project does.
            newer = theirs.returncode == 0 and not said and re.search(r"(?m)^[ \t]*\r[^\n]", text)
            if said != (theirs.returncode == 0) and not newer:
                differing.append((text, name, said, theirs.stderr.decode(errors="replace")[:200]))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert not differing, differing[:5]
    assert 20 < accepted < 280
