"""Verification of a package: offline, and failing closed.

First the chain from the key to every byte (`_integrity`): the publication statement's signature, the list of files
that it names, the digest of each. Only if that holds is anything else parsed (`_meaning`): a PDF or a JSON file
that is not signed is never opened. The result lists both what was checked and what was not.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.provenance.errors import RejectedError
from audit.provenance.format import archive, checksums, layout
from audit.provenance.format.canonical_encoding import json_canonical
from audit.provenance.records import audit_facts, statement
from audit.provenance.records.environment import ImageFacts
from audit.provenance.records.inputs import FOLDER
from audit.provenance.signing import bundle, certificate, dsse, keys, pades, sshsig
from audit.provenance.verification import countersign, plans, rerender, rescore
from audit.provenance.verification import trust as trusted
from audit.provenance.verification.result import Report
from audit.provenance.verification.trust import Trust
from audit.schema import AuditDocument

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

_PUBLISHED = frozenset({layout.CHECKSUMS, layout.SSH_SIGNATURE, layout.REPORT_PDF})
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ROOT_FIELDS = {
    "environment",
    "image",
    "package",
    "schemaVersion",
    "siblings",
    "signer",
    "sourceDateEpoch",
    "study",
    "unsignedPdfBytes",
    "verdicts",
}


def verify(path: Path, trust: Trust) -> Report:
    """Verify the package at `path`, a folder or a zip.

    Raises:
        InputError: `path` does not exist, or the reader's files (key, allowed signers) cannot be read.
    """
    report = Report(path.resolve().name)
    files = report.run("package", lambda: archive.read(path))
    return report if files is None else verify_files(files, trust, report)


def verify_files(files: Mapping[str, bytes], trust: Trust, report: Report | None = None) -> Report:
    """Verify a package in memory: name -> bytes."""
    report = report if report is not None else Report("package")
    public = report.run("signing key", lambda: _key(files, trust))
    if public is None:
        return report
    report.fingerprint = keys.fingerprint(public)
    published = _integrity(files, public, report)
    if published is None:
        return report
    meaning = _meaning(files, public, published, report)
    if meaning is None:
        return report
    audit, root = meaning
    trusted.check_identity(files, str(root.statement["predicate"]["signer"]), trust, report)
    trusted.check_time(root, trust, report)
    report.run("countersignatures", lambda: countersign.check(files, trust.reviewers, report))
    rerender.verify(files, audit, trust.render, report)
    rescore.check_literature(files, audit, report)
    plans.check(files, audit, trust.time_stamp_roots, report)
    rescore.check(files, audit, trust.predictions, trust.scorer, report)
    report.finished = True
    return report


def _key(files: Mapping[str, bytes], trust: Trust) -> ec.EllipticCurvePublicKey:
    from audit.errors import InputError

    missing = sorted(layout.REQUIRED - set(files))
    if missing:
        raise RejectedError(missing[0], "missing", f"not in the package ({len(missing)} required files are missing)")
    raw = files[layout.PUBLIC_KEY]
    try:
        public = keys.load_public(raw, layout.PUBLIC_KEY)
    except InputError as error:
        raise RejectedError(layout.PUBLIC_KEY, "malformed", error.what) from None
    if keys.public_pem(public) != raw:
        raise RejectedError(layout.PUBLIC_KEY, "not-canonical", "the encoding of the key is not canonical")
    if trust.key is not None and keys.public_der(keys.load_public(trust.key, "--key")) != keys.public_der(public):
        raise RejectedError(
            layout.PUBLIC_KEY, "key-mismatch", "the package is signed by a different key than the one you gave"
        )
    return public


def _integrity(files: Mapping[str, bytes], public: ec.EllipticCurvePublicKey, report: Report) -> bundle.Verified | None:
    """Check the chain from the key to every byte of every file; None if a check fails."""
    published = report.run(
        layout.PUBLICATION,
        lambda: bundle.verify(
            files[layout.PUBLICATION], public, layout.PUBLICATION, predicate_type=layout.PUBLICATION_TYPE
        ),
        "signed by the key",
    )
    if published is None:
        return None
    subjects = report.run(
        "what was published", lambda: _subjects(published.statement, layout.PUBLICATION), file=layout.PUBLICATION
    )
    if subjects is None:
        return None
    if set(subjects) != _PUBLISHED:
        report.fail(
            "what was published",
            RejectedError(
                layout.PUBLICATION,
                "wrong-statement",
                "does not cover exactly the PDF, the list of files and its signature",
            ),
        )
        return None
    for name in sorted(_PUBLISHED):
        if checksums.sha256(files[name]) != subjects[name]:
            report.fail(
                "what was published",
                RejectedError(name, "digest-mismatch", "its bytes differ from those that were signed"),
            )
    if report.failures:
        return None
    listed = report.run(layout.CHECKSUMS, lambda: checksums.read(files[layout.CHECKSUMS], layout.CHECKSUMS))
    if listed is None:
        return None
    present = {name for name in files if name not in layout.UNLISTED and not name.startswith(layout.COUNTERSIGNATURES)}
    for name in sorted(set(listed) ^ present):
        missing = name not in present
        why = "in the list of files but not in the package" if missing else "an unsigned file"
        report.fail("files", RejectedError(name, "missing" if missing else "unexpected-file", why))
    for name in sorted(set(listed) & present):
        if checksums.sha256(files[name]) != listed[name]:
            report.fail("files", RejectedError(name, "digest-mismatch", "its bytes differ from those that were signed"))
    if report.failures:
        return None
    report.ok("files", f"{len(listed) + len(layout.UNLISTED)} files, every byte as it was signed")
    return published


def _meaning(
    files: Mapping[str, bytes], public: ec.EllipticCurvePublicKey, published: bundle.Verified, report: Report
) -> tuple[AuditDocument, bundle.Verified] | None:
    """Check that the signed files are consistent; returns audit.json and the root statement, or None."""
    audit = report.run(layout.AUDIT, lambda: audit_facts.read_audit(files[layout.AUDIT], layout.AUDIT), "canonical")
    root = report.run(
        layout.ROOT,
        lambda: bundle.verify(
            files[layout.ROOT], public, layout.ROOT, predicate_type=layout.ROOT_TYPE, timestamped=True
        ),
        "signed by the key",
    )
    if audit is None or root is None:
        return None
    report.run(
        "root statement",
        lambda: _root(files, audit, root, published),
        f"{len(root.statement['subject'])} subjects, {_told(audit)}",
        layout.ROOT,
    )
    for name, kind in ((layout.PROVENANCE, layout.SLSA_TYPE), (layout.TEST_RESULT, layout.TEST_RESULT_TYPE)):
        report.run(
            name,
            functools.partial(_sibling, files, audit, root, public, name, kind),
            "signed by the key, named by the root statement",
            name,
        )
    if report.failures:
        return None
    length = int(root.statement["predicate"]["unsignedPdfBytes"])
    report.run(
        "PDF signature",
        lambda: _pdf(files, public, length),
        "covers the whole file, certified against changes",
        layout.REPORT_PDF,
    )
    report.run("PDF attachment", lambda: _attachment(files, length), "the package's audit.json", layout.REPORT_PDF)
    report.run("certificate", lambda: _certificate(files, public), file=layout.CERTIFICATE)
    report.run("SSH signature", lambda: _ssh(files), "over the list of files", layout.SSH_SIGNATURE)
    return None if report.failures else (audit, root)


def _told(audit: AuditDocument) -> str:
    try:
        return ", ".join(f"{count} {word}" for word, count in audit_facts.verdict_counts(audit).items() if count)
    except RejectedError:
        return ""


def _subjects(value: Mapping[str, Any], file: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in value["subject"]:
        if set(entry) != {"name", "digest"} or set(entry["digest"]) != {"sha256"} or entry["name"] in found:
            raise RejectedError(file, "wrong-statement", "a subject is not a name with a SHA-256")
        found[entry["name"]] = entry["digest"]["sha256"]
    return found


def _root(files: Mapping[str, bytes], audit: AuditDocument, root: bundle.Verified, published: bundle.Verified) -> None:
    predicate = root.statement["predicate"]
    wrong = "wrong-statement"
    if (
        set(predicate) != _ROOT_FIELDS
        or predicate["package"] != layout.PACKAGE_SCHEMA
        or predicate["schemaVersion"] != statement.SCHEMA_VERSION
    ):
        raise RejectedError(layout.ROOT, wrong, f"not a known statement of {layout.PACKAGE_SCHEMA}")
    publication = dsse.shape(
        published.statement["predicate"], {"package", "publishedAt", "root", "schemaVersion"}, layout.PUBLICATION
    )
    stated = (publication["package"], publication["schemaVersion"])
    if stated != (layout.PACKAGE_SCHEMA, statement.SCHEMA_VERSION) or not _TIME.fullmatch(publication["publishedAt"]):
        raise RejectedError(layout.PUBLICATION, wrong, f"not a known statement of {layout.PACKAGE_SCHEMA}")
    if publication["root"] != statement.descriptor(layout.ROOT, checksums.sha256(root.payload)):
        raise RejectedError(layout.ROOT, wrong, "the publication statement names a different root statement")
    subjects = _subjects(root.statement, layout.ROOT)
    stable = {name for name in files if name not in layout.VOLATILE and not name.startswith(layout.COUNTERSIGNATURES)}
    listed = checksums.read(files[layout.PREDICTIONS_LIST], layout.PREDICTIONS_LIST)
    predictions = {FOLDER + name: digest for name, digest in listed.items()}
    if set(subjects) != stable | set(predictions) | {layout.UNSIGNED_PDF}:
        name = min(set(subjects) ^ (stable | set(predictions) | {layout.UNSIGNED_PDF}))
        raise RejectedError(name, wrong, "in the package or in the root statement, but not in both")
    actual = {name: checksums.sha256(files[name]) for name in stable}
    actual[layout.UNSIGNED_PDF] = pades.prefix_digest(files[layout.REPORT_PDF], predicate["unsignedPdfBytes"])
    for name, digest in subjects.items():
        if {predictions.get(name, digest), actual.get(name, digest)} != {digest}:
            raise RejectedError(name, "digest-mismatch", "its bytes differ from the root statement's digest")
    if predicate["environment"] != statement.descriptor(layout.ENVIRONMENT, actual[layout.ENVIRONMENT]):
        raise RejectedError(layout.ROOT, wrong, "the predicate names a different environment record")
    image = json_canonical(files[layout.ENVIRONMENT], layout.ENVIRONMENT)["image"]
    facts = image and ImageFacts(image["uri"], image["manifest"], image["config"], tuple(image["layers"]))
    if predicate["image"] != statement.image_descriptor(facts):
        raise RejectedError(layout.ROOT, wrong, "the predicate names a different image than the environment record")
    if [entry["name"] for entry in predicate["siblings"]] != sorted([layout.PROVENANCE, layout.TEST_RESULT]):
        raise RejectedError(layout.ROOT, wrong, "the predicate does not name exactly the other two statements")
    # A package of an earlier edition counts the words that there were then.
    unnamed = dict.fromkeys(audit_facts.RESULTS, 0)
    if (
        {**unnamed, **predicate["verdicts"]} != audit_facts.verdict_counts(audit)
        or predicate["study"] != audit.study.id
        or predicate["sourceDateEpoch"] != audit.source_date_epoch
    ):
        raise RejectedError(layout.ROOT, wrong, "the predicate contradicts audit.json")
    if predicate["signer"] not in {"key", "ephemeral"} or audit_facts.stated_signer(audit) not in {
        None,
        predicate["signer"],
    }:
        raise RejectedError(layout.ROOT, wrong, "the predicate and the report state different kinds of key")


def _sibling(
    files: Mapping[str, bytes],
    audit: AuditDocument,
    root: bundle.Verified,
    public: ec.EllipticCurvePublicKey,
    name: str,
    kind: str,
) -> None:
    found = bundle.verify(files[name], public, name, predicate_type=kind)
    if statement.descriptor(name, checksums.sha256(found.payload)) not in root.statement["predicate"]["siblings"]:
        raise RejectedError(name, "wrong-statement", "not the statement named by the root statement")
    if _subjects(found.statement, name) != {layout.AUDIT: checksums.sha256(files[layout.AUDIT])}:
        raise RejectedError(name, "wrong-statement", "about a different audit.json")
    if kind == layout.TEST_RESULT_TYPE:
        environment = checksums.sha256(files[layout.ENVIRONMENT])
        if found.statement != statement.test_result(audit, checksums.sha256(files[layout.AUDIT]), environment):
            raise RejectedError(name, "wrong-statement", "its verdicts differ from those of audit.json")


def _pdf(files: Mapping[str, bytes], public: ec.EllipticCurvePublicKey, length: int) -> None:
    if not 0 < length < len(files[layout.REPORT_PDF]):
        raise RejectedError(layout.ROOT, "wrong-statement", "the predicate lacks the length of the unsigned PDF")
    pades.check(files[layout.REPORT_PDF], length, public, layout.REPORT_PDF)


def _attachment(files: Mapping[str, bytes], length: int) -> None:
    # The attachment of the rendering, not of the signed file: the root statement covers the rendering.
    if pades.attachment(files[layout.REPORT_PDF][:length], layout.AUDIT, layout.REPORT_PDF) != files[layout.AUDIT]:
        raise RejectedError(layout.REPORT_PDF, "pdf-attachment", "the attached audit.json is not the package's")


def _certificate(files: Mapping[str, bytes], public: ec.EllipticCurvePublicKey) -> None:
    if certificate.leaf_key(files[layout.CERTIFICATE], layout.CERTIFICATE) != keys.public_der(public):
        raise RejectedError(layout.CERTIFICATE, "key-mismatch", "the certificate is for a different key")


def _ssh(files: Mapping[str, bytes]) -> None:
    sshsig.verify(files[layout.SSH_SIGNATURE], files[layout.CHECKSUMS], trusted.ssh_line(files), layout.SSH_SIGNATURE)
