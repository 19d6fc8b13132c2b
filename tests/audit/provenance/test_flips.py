"""Ten thousand single-bit changes over all bytes of a package: none is accepted, and the message names the file."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audit.provenance.errors import RejectedError
from audit.provenance.format import archive, layout
from audit.provenance.verification.result import Report
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from tests.support.provenance import made

FLIPS = 10_000
SEED = 20261123


def flips(files: dict[str, bytes], count: int, seed: int = SEED) -> Iterator[tuple[str, int, int]]:
    """Places chosen evenly over all bits of all files: name, offset, bit."""
    generator = random.Random(seed)
    order = sorted(files)
    weights = [len(files[name]) for name in order]
    for name in generator.choices(order, weights, k=count):
        yield name, generator.randrange(len(files[name])), generator.randrange(8)


def flipped(data: bytes, offset: int, bit: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ 1 << bit]) + data[offset + 1 :]


@pytest.fixture(scope="module")
def countersigned(files: dict[str, bytes]) -> dict[str, bytes]:
    from audit.provenance.verification import countersign

    more = countersign.add(
        files, made.key(7), reviewer=None, properties=["RESULTS_REPRODUCED"], comment=None, when="2026-11-23T12:00:00Z"
    )
    return files | more


def test_none_is_accepted_and_each_names_its_file(countersigned: dict[str, bytes]) -> None:
    assert verify_files(countersigned, Trust()).intact
    wrong = []
    for name, offset, bit in flips(countersigned, FLIPS):
        report = verify_files({**countersigned, name: flipped(countersigned[name], offset, bit)}, Trust())
        if report.intact or name not in {check.file for check in report.failures}:
            wrong.append((name, offset, bit, report.failures))
    assert wrong == []


def test_every_bit_of_what_all_hangs_on_counts(countersigned: dict[str, bytes]) -> None:
    """All bits, not a sample, of the publication statement, the key and the SSH signature."""
    wrong = []
    for name in (layout.PUBLICATION, layout.PUBLIC_KEY, layout.SSH_SIGNATURE):
        for place in range(8 * len(countersigned[name])):
            report = verify_files({**countersigned, name: flipped(countersigned[name], place // 8, place % 8)}, Trust())
            if report.intact or name not in {check.file for check in report.failures}:
                wrong.append((name, place, report.failures))
    assert wrong == []


def test_every_bit_of_a_countersignature_counts(countersigned: dict[str, bytes]) -> None:
    from audit.provenance.verification import countersign

    names = [name for name in countersigned if name.startswith(layout.COUNTERSIGNATURES)]
    assert names
    for name in names:
        for place in range(8 * len(countersigned[name])):
            changed = {**countersigned, name: flipped(countersigned[name], place // 8, place % 8)}
            with pytest.raises(RejectedError) as caught:
                countersign.check(changed, (), Report("package"))
            assert caught.value.file == name


def test_none_in_the_zip_is_accepted(files: dict[str, bytes]) -> None:
    """The zip's own bytes count too; the message names the entry, or the zip where it is nobody's byte."""
    raw = archive.zip_bytes(files)
    assert archive.read_zip(raw, "package.zip") == files
    generator = random.Random(SEED)
    allowed = {*files, "package.zip"}
    entries = entry_ranges(raw)
    for _ in range(1_000):
        offset, bit = generator.randrange(len(raw)), generator.randrange(8)
        with pytest.raises(RejectedError) as caught:
            archive.read_zip(flipped(raw, offset, bit), "package.zip")
        inside = next((name for name, start, end in entries if start <= offset < end), None)
        if inside is not None:
            assert caught.value.file == inside
        else:
            assert caught.value.file in allowed or "name" in str(caught.value)


def entry_ranges(raw: bytes) -> list[tuple[str, int, int]]:
    """Name, start and end of each entry's data."""
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(raw)) as zipped:
        starts = [
            (info.filename, info.header_offset + 30 + len(info.filename), info.file_size) for info in zipped.infolist()
        ]
    return [(name, start, start + size) for name, start, size in starts]


def covered_flips(files: dict[str, bytes], name: str, count: int) -> list[bytes]:
    """Copies of a bundle with one bit flipped in its payload or its signature, as far as the text stays JSON."""
    generator = random.Random(SEED)
    raw = files[name]
    spans = []
    for field in (b'"payload":"', b'"sig":"', b'"payloadType":"'):
        start = raw.index(field) + len(field)
        spans.append((start, raw.index(b'"', start)))
    places = [place for start, end in spans for place in range(start, end)]
    return [flipped(raw, generator.choice(places), generator.randrange(8)) for _ in range(count)]


def lenient(text: str) -> bytes:
    """Base64 as Node.js reads it: what is no letter of it is passed over, and padding may be missing."""
    import base64

    letters = re.sub(r"[^A-Za-z0-9+/]", "", text.split("=", maxsplit=1)[0].replace("-", "+").replace("_", "/"))
    return base64.b64decode(letters[: len(letters) - (len(letters) % 4 == 1)] + "=" * (-len(letters) % 4))


def means_the_same(left: bytes, right: bytes) -> bool:
    """Whether a tolerant reader sees the same envelope; then the flip is not in bytes that the signature covers."""
    try:
        # Node.js reads bytes that are no UTF-8 as replacement characters, which its base64 passes over.
        a, b = (json.loads(raw.decode("utf-8", "replace"))["dsseEnvelope"] for raw in (left, right))
        texts = [(a["payload"], b["payload"]), (a["signatures"][0]["sig"], b["signatures"][0]["sig"])]
        return a["payloadType"] == b["payloadType"] and all(lenient(one) == lenient(other) for one, other in texts)
    except (ValueError, KeyError):
        return False


NODE = """
const { createPublicKey } = require('node:crypto');
const { readFileSync, readdirSync } = require('node:fs');
const { bundleFromJSON } = require('@sigstore/bundle');
const { toSignedEntity, toTrustMaterial, Verifier } = require('@sigstore/verify');
const publicKey = createPublicKey(readFileSync('signer.pub.pem'));
const root = { tlogs: [], ctlogs: [], timestampAuthorities: [], certificateAuthorities: [] };
const trust = toTrustMaterial(root, () => ({ publicKey, validFor: () => true }));
const verifier = new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
for (const name of readdirSync('bundles')) {
  try {
    verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(readFileSync('bundles/' + name, 'utf8')))));
    console.log(name);
  } catch {}
}
"""

SECURESYSTEMSLIB = """
import json, pathlib
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
whole = json.loads(pathlib.Path("bundles/whole").read_bytes())
name = whole["dsseEnvelope"]["signatures"][0]["keyid"]  # by which the library chooses the key; not signed, and not trusted
key = SSlibKey.from_crypto(load_pem_public_key(pathlib.Path("signer.pub.pem").read_bytes()), keyid=name)
for path in sorted(pathlib.Path("bundles").iterdir()):
    try:
        envelope = Envelope.from_dict(json.loads(path.read_bytes())["dsseEnvelope"])
        envelope.verify([key], 1)
        assert envelope.payload_type == "application/vnd.in-toto+json"
        print(path.name)
    except Exception:
        pass
"""


@pytest.fixture
def flipped_bundles(files: dict[str, bytes], tmp_path: Path) -> Path:
    """Ten thousand flipped copies of the publication bundle, and one that is whole, as a folder that one process reads.

    Those that mean the same to a tolerant reader are left out: their flip is not in what the signature covers.
    """
    (tmp_path / "bundles").mkdir()
    (tmp_path / "signer.pub.pem").write_bytes(files[layout.PUBLIC_KEY])
    whole = files[layout.PUBLICATION]
    for number, raw in enumerate(covered_flips(files, layout.PUBLICATION, FLIPS)):
        if not means_the_same(whole, raw):
            (tmp_path / "bundles" / f"{number:05}").write_bytes(raw)
    assert len(list((tmp_path / "bundles").iterdir())) > 0.9 * FLIPS
    (tmp_path / "bundles" / "whole").write_bytes(whole)
    return tmp_path


def test_sigstore_accepts_none_of_what_it_covers(flipped_bundles: Path, node_modules: Path) -> None:
    (flipped_bundles / "node_modules").symlink_to(node_modules)
    result = subprocess.run(
        ["node", "-"], input=NODE, cwd=flipped_bundles, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.stdout.split() == ["whole"], result.stderr


def test_securesystemslib_accepts_none_of_what_it_covers(flipped_bundles: Path, tools_python: Path) -> None:
    result = subprocess.run(
        [tools_python, "-c", SECURESYSTEMSLIB],
        cwd=flipped_bundles,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.stdout.split() == ["whole"], result.stderr


def accepts(command: list[str], data: bytes, cwd: Path) -> bool:
    return subprocess.run(command, input=data, cwd=cwd, capture_output=True, timeout=60, check=False).returncode == 0


def outside_tools(files: dict[str, bytes], folder: Path, count: int) -> list[tuple[str, int, int]]:
    """Flip `count` bits, each in bytes that a command-line tool covers, and run that tool; the flips it accepted."""
    from audit.provenance.format.canonical_encoding import b64decode
    from audit.provenance.signing import dsse

    envelope = json.loads(files[layout.PUBLICATION])["dsseEnvelope"]
    signed = dsse.pre_authentication(layout.PAYLOAD_TYPE, b64decode(envelope["payload"], ""))
    signature = b64decode(envelope["signatures"][0]["sig"], "")
    (folder / "key").write_bytes(files[layout.PUBLIC_KEY])
    (folder / "sig").write_bytes(signature)
    (folder / "allowed").write_bytes(b'signer namespaces="repro-audit/v1" ' + files[layout.SSH_KEY])
    (folder / "sshsig").write_bytes(files[layout.SSH_SIGNATURE])
    openssl = ["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "sig"]
    ssh = ["ssh-keygen", "-Y", "verify", "-n", "repro-audit/v1", "-I", "signer", "-f", "allowed", "-s", "sshsig"]
    assert accepts(openssl, signed, folder)
    assert accepts(ssh, files[layout.CHECKSUMS], folder)
    accepted = []
    targets = {"openssl": (openssl, signed), "ssh": (ssh, files[layout.CHECKSUMS])}
    for number, (name, offset, bit) in enumerate(flips({tool: data for tool, (_, data) in targets.items()}, count)):
        command, data = targets[name]
        if accepts(command, flipped(data, offset, bit), folder):
            accepted.append((name, offset, bit))
        if number % 10 == 0 and name == "openssl":  # and its other input, the signature itself
            place = number // 10 % (8 * len(signature))
            (folder / "sig").write_bytes(flipped(signature, place // 8, place % 8))
            if accepts(openssl, signed, folder):
                accepted.append(("signature", place, 0))
            (folder / "sig").write_bytes(signature)
    return accepted


def pdf_tools(files: dict[str, bytes], folder: Path, count: int) -> list[tuple[int, int]]:
    """Flip bits in what the PDF's signature covers, and ask pdfsig; the flips it called valid."""
    raw = files[layout.REPORT_PDF]
    match = re.search(rb"/ByteRange *\[0 (\d+) (\d+) (\d+)\]", raw)
    assert match is not None
    first, second = int(match[1]), int(match[2])
    generator = random.Random(SEED)
    accepted = []
    for _ in range(count):
        offset = generator.choice([generator.randrange(first), generator.randrange(second, len(raw))])
        bit = generator.randrange(8)
        (folder / "flipped.pdf").write_bytes(flipped(raw, offset, bit))
        result = subprocess.run(
            ["pdfsig", "flipped.pdf"],
            cwd=folder,
            capture_output=True,
            timeout=60,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
        if b"Signature is Valid." in result.stdout and b"Total document signed" in result.stdout:
            accepted.append((offset, bit))
    return accepted


def test_openssl_and_ssh_keygen_accept_none_of_what_they_cover(
    files: dict[str, bytes], tmp_path: Path, need: Callable[..., None]
) -> None:
    need("openssl", "ssh-keygen")
    assert outside_tools(files, tmp_path, 300) == []


def test_pdfsig_accepts_none_of_what_it_covers(
    files: dict[str, bytes], tmp_path: Path, need: Callable[..., None]
) -> None:
    need("pdfsig")
    assert pdf_tools(files, tmp_path, 60) == []


def test_sha256sum_accepts_none_of_what_it_covers(
    files: dict[str, bytes], tmp_path: Path, need: Callable[..., None]
) -> None:
    """Every listed file with one bit flipped, in one run of sha256sum."""
    need("sha256sum")
    lines = []
    listed = {line.split("  ")[1]: line.split("  ")[0] for line in files[layout.CHECKSUMS].decode().splitlines()}
    inside = {name: files[name] for name in listed if files[name]}
    for number, (name, offset, bit) in enumerate(flips(inside, 2_000)):
        (tmp_path / f"{number}").write_bytes(flipped(files[name], offset, bit))
        lines.append(f"{listed[name]}  {number}\n")
    result = subprocess.run(
        ["sha256sum", "--check"],
        input="".join(lines),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.stdout.count(": FAILED") == 2_000
    assert ": OK" not in result.stdout


@pytest.mark.slow
@pytest.mark.skipif(
    "REPRO_AUDIT_SLOW" not in os.environ, reason="ten thousand runs of a program; set REPRO_AUDIT_SLOW=1"
)
def test_outside_tools_ten_thousand_times(files: dict[str, bytes], tmp_path: Path, need: Callable[..., None]) -> None:
    need("openssl", "ssh-keygen", "pdfsig")
    assert outside_tools(files, tmp_path, FLIPS) == []
    assert pdf_tools(files, tmp_path, FLIPS) == []
