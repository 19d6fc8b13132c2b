from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audit.errors import InputError, MissingError
from audit.provenance import package
from audit.provenance.format import layout
from audit.provenance.signing import timestamp
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from tests.audit.provenance.test_verify_md import Shell, block
from tests.support import judges
from tests.support.provenance import made, tsa
from tests.support.provenance.verifiers import VERIFIERS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory, need: Callable[..., None]) -> Path:
    need("openssl")
    folder = tmp_path_factory.mktemp("tsa")
    tsa.make_authority(folder)
    return folder


@pytest.fixture
def address(authority: Path) -> Iterator[str]:
    with tsa.serve(authority) as url:
        yield url


@pytest.fixture
def stamped(address: str) -> dict[str, bytes]:
    return made.make(
        package.Options(key=made.key(), name="Test Auditor", requester=timestamp.http(address), command=("x",))
    )


def test_verifies_and_tells_the_time(stamped: dict[str, bytes], authority: Path) -> None:
    report = verify_files(stamped, Trust(time_stamp_roots=(authority / "root.pem").read_bytes()))
    assert report.intact
    assert [check.detail[:16] for check in report.checks if check.name == "time"] == ["signed before 20"]


def test_without_certificates_it_is_not_checked(stamped: dict[str, bytes]) -> None:
    report = verify_files(stamped, Trust())
    assert report.intact
    assert [check.status for check in report.checks if check.name == "time"] == ["not-checked"]


def test_another_authority_is_refused(stamped: dict[str, bytes], tmp_path: Path) -> None:
    report = verify_files(stamped, Trust(time_stamp_roots=tsa.make_authority(tmp_path).read_bytes()))
    assert [(check.file, check.code) for check in report.failures] == [(layout.ROOT, "timestamp")]


def test_a_stamp_of_another_package_is_refused(stamped: dict[str, bytes], address: str, authority: Path) -> None:
    from tests.support.provenance.attacks import republish

    other = made.make(
        package.Options(key=made.key(), name="Test Auditor", requester=timestamp.http(address), command=("x",)),
        value="1.10",
    )
    bundle = json.loads(stamped[layout.ROOT])
    bundle["verificationMaterial"] = json.loads(other[layout.ROOT])["verificationMaterial"]
    from audit._util import canonical_json

    forged = republish({**stamped, layout.ROOT: canonical_json.dumps(bundle)}, made.key())
    report = verify_files(forged, Trust(time_stamp_roots=(authority / "root.pem").read_bytes()))
    assert [(check.file, check.code) for check in report.failures] == [(layout.ROOT, "timestamp")]


def test_asked_for_and_not_there(files: dict[str, bytes], authority: Path) -> None:
    report = verify_files(files, Trust(time_stamp_roots=(authority / "root.pem").read_bytes()))
    assert [check.code for check in report.failures] == ["timestamp"]


def test_the_pdf_carries_one_too(stamped: dict[str, bytes], tmp_path: Path) -> None:
    import io

    from pyhanko.pdf_utils.reader import PdfFileReader

    signature = PdfFileReader(io.BytesIO(stamped[layout.REPORT_PDF])).embedded_signatures[0]
    kinds = [attribute["type"].native for attribute in signature.signer_info["unsigned_attrs"]]
    assert kinds == ["signature_time_stamp_token"]


@pytest.mark.java
def test_dss_sees_the_level_with_a_time_stamp(stamped: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(stamped[layout.REPORT_PDF])
    (found,) = judges.dss([path])["report.pdf"]
    assert (found.level, found.whole) == ("PAdES-BASELINE-T", True)
    assert found.indication == judges.SOUND.indication


@pytest.mark.parametrize(
    "section",
    [*VERIFIERS[:-1], "8. openssl ts", "9. repro-audit"],
)
def test_verify_md(
    section: str, stamped: dict[str, bytes], authority: Path, tmp_path: Path, shell: Shell, need: Callable[..., None]
) -> None:
    need("openssl", "ssh-keygen", "pdfsig", "node", "basenc")
    folder = made.write(stamped, tmp_path / "package")
    result = shell(block(folder, section), folder, TSA=str(authority / "root.pem"))
    assert result.returncode == 0, result.stdout + result.stderr


SIGSTORE = """
const { createPublicKey, X509Certificate } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { bundleFromJSON } = require('@sigstore/bundle');
const { toSignedEntity, toTrustMaterial, Verifier } = require('@sigstore/verify');
const publicKey = createPublicKey(readFileSync('signer.pub.pem'));
const certificates = ['tsa.pem', 'root.pem'].map((name) => ({ rawBytes: new X509Certificate(readFileSync(name)).raw }));
const authority = { certChain: { certificates } };
const root = { tlogs: [], ctlogs: [], timestampAuthorities: [authority], certificateAuthorities: [] };
const trust = toTrustMaterial(root, () => ({ publicKey, validFor: () => true }));
const verifier = new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 1 });
verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(readFileSync('audit.sigstore.json', 'utf8')))));
"""


def test_sigstore_counts_it(stamped: dict[str, bytes], authority: Path, tmp_path: Path, node_modules: Path) -> None:
    (tmp_path / "node_modules").symlink_to(node_modules)
    (tmp_path / "signer.pub.pem").write_bytes(stamped[layout.PUBLIC_KEY])
    for name in ("tsa.pem", "root.pem"):
        (tmp_path / name).write_bytes((authority / name).read_bytes())
    (tmp_path / "audit.sigstore.json").write_bytes(stamped[layout.ROOT])
    result = subprocess.run(
        ["node", "-"], input=SIGSTORE, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr


def test_no_server(files: dict[str, bytes]) -> None:
    with pytest.raises(MissingError):
        timestamp.stamp(b"x", timestamp.http("http://127.0.0.1:9/", timeout=2))


def test_no_http() -> None:
    with pytest.raises(InputError):
        timestamp.http("file:///etc/passwd")


def test_an_answer_to_another_question(address: str) -> None:
    honest = timestamp.http(address)
    kept: list[bytes] = []

    def replaying(request: bytes) -> bytes:
        if not kept:
            kept.append(honest(request))
        return kept[0]

    timestamp.stamp(b"first", replaying)
    with pytest.raises(InputError):
        timestamp.stamp(b"second", replaying)


def test_nonsense_for_an_answer() -> None:
    with pytest.raises(InputError):
        timestamp.stamp(b"x", lambda _: b"nonsense")
