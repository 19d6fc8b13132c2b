"""Verifiers that share no code with ours, and ours, over an honest package and ten tampered ones.

Each verifier runs as VERIFY.md says, but for DSS, the European Commission's library for signatures, which has no command line.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.analysis.sampling.plan_files import plan_path
from audit.pipeline.plan_registration import register
from audit.provenance.format import checksums, layout
from audit.provenance.format.canonical_encoding import b64decode
from audit.provenance.records import page_seal
from audit.provenance.signing import certificate, pades, sshsig
from audit.provenance.signing.keys import first_key_id
from audit.provenance.verification import countersign
from tests.audit.provenance.test_verify_md import PROGRAMS, Shell, block
from tests.support import judges
from tests.support.planned import TASK, planned, prepare, sentences
from tests.support.provenance import attacks, made
from tests.support.provenance.attacks import ATTACKER, Files
from tests.support.provenance.verifiers import VERIFIERS

EMPTY_ROOT = b"""{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1",
"tlogs":[],"certificateAuthorities":[],"ctlogs":[],"timestampAuthorities":[]}"""
WHOLE = frozenset(VERIFIERS[:4]) | {"8. repro-audit"}  # those of all statements and files
LIST = WHOLE | {"5. ssh"}  # and that of the signed list of files
PDF = frozenset({"6. pdfsig", "7. openssl", "8. repro-audit"})


def value_changed(files: Files) -> Files:
    return {**files, layout.AUDIT: files[layout.AUDIT].replace(b'"value":"2.10"', b'"value":"2.01"')}


def page_changed(files: Files) -> Files:
    return {**files, layout.REPORT_HTML: files[layout.REPORT_HTML].replace(b"Three claims", b"Eight claims")}


def pdf_changed(files: Files) -> Files:
    raw = files[layout.REPORT_PDF]
    head, rest = raw[:16], raw[16:]  # a comment in the second line: nothing that a reader would see
    return {**files, layout.REPORT_PDF: head.replace(b"\n%\xf0\x9f", b"\n%\xf0\x9e") + rest}


def pdf_by_another_key(files: Files) -> Files:
    length = attacks.payload(files, layout.ROOT)["predicate"]["unsignedPdfBytes"]
    chain = certificate.load_chain(certificate.self_signed(ATTACKER, "Golden Auditor"), ATTACKER, "")
    signed = pades.Pdf(files[layout.REPORT_PDF][:length]).sign(ATTACKER, chain, reason="")
    return {**files, layout.REPORT_PDF: signed}


def list_by_another_key(files: Files) -> Files:
    """All hashes are right, and the signature over them is by somebody else."""
    changed = value_changed(files)
    listed = checksums.read(files[layout.CHECKSUMS], "") | {layout.AUDIT: checksums.sha256(changed[layout.AUDIT])}
    written = checksums.write(listed)
    return {**changed, layout.CHECKSUMS: written, layout.SSH_SIGNATURE: sshsig.sign(written, sshsig.from_key(ATTACKER))}


def statement_by_another_key(files: Files) -> Files:
    other = attacks.good(value="1.10", key=ATTACKER)
    return {**files, layout.TEST_RESULT: other[layout.TEST_RESULT]}


# What was done -> who must refuse it. The others cannot know: they look at the PDF alone, or not at it.
TAMPERED: dict[str, tuple[Callable[[Files], Files], frozenset[str]]] = {
    "a value in audit.json": (value_changed, LIST),
    "a value, and its hash in the list of files": (attacks.value_changed_and_rehashed, LIST),  # type: ignore[dict-item]
    "the same, the list signed by another key": (list_by_another_key, LIST),
    "a sentence of the page": (page_changed, LIST),
    "a byte of the PDF": (pdf_changed, LIST | PDF),
    "something appended to the PDF": (attacks.pdf_with_an_appended_update, LIST | PDF),  # type: ignore[dict-item]
    "the PDF, signed by another key": (pdf_by_another_key, LIST | PDF - {"6. pdfsig"}),
    "the publication, of another audit": (attacks.statement_of_another_audit, WHOLE),  # type: ignore[dict-item]
    "the publication, by another key under the right name": (
        attacks.wrong_key_under_the_right_name,  # type: ignore[dict-item]
        WHOLE,
    ),
    "the verdicts, by another key": (statement_by_another_key, LIST),
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of the honest package and of the tampered ones."""
    good = attacks.good()
    found = {"nothing": made.write(good, tmp_path_factory.mktemp("honest") / "package")}
    for name, (change, _) in TAMPERED.items():
        bad = change(good)
        assert bad != good
        found[name] = made.write(bad, tmp_path_factory.mktemp("tampered") / "package")
    return found


@pytest.mark.parametrize("verifier", VERIFIERS)
@pytest.mark.parametrize("done", ["nothing", *TAMPERED])
def test_refuses_what_it_can_know(
    verifier: str, done: str, packages: dict[str, Path], shell: Shell, need: Callable[..., None]
) -> None:
    need(*PROGRAMS)
    # The commands of the honest package: those of a tampered one are the attacker's.
    ran = shell(block(packages["nothing"], verifier), packages[done])
    refuses = done != "nothing" and verifier in TAMPERED[done][1]
    assert (ran.returncode != 0) == refuses, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def by_dss(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[judges.Signature]]:
    folder = tmp_path_factory.mktemp("pdfs")
    paths = {name: folder / f"{number}.pdf" for number, name in enumerate(packages)}
    for name, path in paths.items():
        path.write_bytes((packages[name] / layout.REPORT_PDF).read_bytes())
    found = judges.dss(paths.values())
    return {name: found[path.name] for name, path in paths.items()}


@pytest.mark.java
@pytest.mark.parametrize("done", ["nothing", *TAMPERED])
def test_dss_sees_a_baseline_signature_of_the_whole_pdf_or_what_was_done_to_it(
    done: str, by_dss: dict[str, list[judges.Signature]]
) -> None:
    (found,) = by_dss[done]
    # It does not know whose key it should be.
    knows = done != "nothing" and "6. pdfsig" in TAMPERED[done][1]
    assert (found != judges.SOUND) == knows, found


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bytes, bytes, bytes]]:
    """Each kind of bundle that the program signs: (bundle, public key, a file that it is about)."""
    files = attacks.good()
    key = files[layout.PUBLIC_KEY]
    found = {
        name: (files[name], key, files[layout.AUDIT]) for name in (layout.ROOT, layout.PROVENANCE, layout.TEST_RESULT)
    }
    found[layout.PUBLICATION] = files[layout.PUBLICATION], key, files[layout.CHECKSUMS]
    found["the page"] = page_seal.parts(files[layout.REPORT_HTML])[1], key, files[layout.AUDIT]
    countersigned = countersign.add(
        files,
        attacks.REVIEWER,
        reviewer=None,
        properties=["RESULTS_REPRODUCED"],
        comment=None,
        when="2026-11-23T12:00:00Z",
    )
    bundle, reviewer = (raw for _, raw in sorted(countersigned.items(), reverse=True))
    found["a countersignature"] = bundle, reviewer, files[layout.AUDIT]
    sample = sentences()
    study = prepare(tmp_path_factory.mktemp("plan"), sample, "2.1")
    planned(study, sample)
    path = plan_path(study.predictions, TASK)
    register(path, attacks.SIGNER)
    (registered,) = study.predictions.glob("*.sigstore.json")
    found["a plan"] = registered.read_bytes(), key, path.read_bytes()
    return found


@pytest.mark.parametrize("kind", [layout.ROOT, layout.PROVENANCE, layout.TEST_RESULT, layout.PUBLICATION, "the page",
                                  "a countersignature", "a plan"])  # fmt: skip
@pytest.mark.parametrize("changed", [False, True])
def test_cosign_verifies_every_kind_of_bundle(
    kind: str, changed: bool, bundles: dict[str, tuple[bytes, bytes, bytes]], tmp_path: Path
) -> None:
    bundle, key, about = bundles[kind]
    ran = cosign(bundle, key, about + b"\n" * changed, tmp_path)
    assert (ran.returncode != 0) == changed, ran.stderr
    assert ("does not match any digest in statement" if changed else "Verified OK") in ran.stderr


def test_cosign_refuses_the_first_editions_key_id(
    bundles: dict[str, tuple[bytes, bytes, bytes]], tmp_path: Path
) -> None:
    """Why it has changed."""
    bundle, key, about = bundles[layout.ROOT]
    value = json.loads(bundle)
    value["dsseEnvelope"]["signatures"][0]["keyid"] = first_key_id(attacks.SIGNER.public)
    ran = cosign(json.dumps(value).encode(), key, about, tmp_path)
    assert ran.returncode != 0
    assert "accepted signatures do not match threshold" in ran.stderr


def cosign(bundle: bytes, key: bytes, about: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run cosign on a bundle and a file."""
    payload = json.loads(b64decode(json.loads(bundle)["dsseEnvelope"]["payload"], "a bundle"))
    files = {"bundle.json": bundle, "key.pem": key, "file": about, "root.json": EMPTY_ROOT}
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    command = [judges.installed("cosign"), "verify-blob-attestation", "--new-bundle-format", "--bundle", "bundle.json",
               "--key", "key.pem", "--insecure-ignore-tlog=true", "--trusted-root", "root.json",
               "--type", payload["predicateType"], "file"]  # fmt: skip
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
