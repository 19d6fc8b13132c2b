"""Accept a package, or name what is wrong with it: offline, and denying whatever is not there.

First the chain from the key to every byte (`_integrity`): the publication statement's signature, the list of files
that it names, the digest of each. Only when that holds is anything else parsed (`_meaning`): a PDF or a JSON file
that nobody signed is never opened. What was left unchecked is said as plainly as what was checked.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.provenance.errors import RejectedError
from audit.provenance.format import archive, checksums
from audit.provenance.format import layout as names
from audit.provenance.format.canonical_encoding import json_canonical
from audit.provenance.records import audit_facts as facts
from audit.provenance.records import statement
from audit.provenance.records.inputs import FOLDER
from audit.provenance.signing import bundle, certificate, dsse, keys, sshsig
from audit.provenance.signing import pades as pdf
from audit.provenance.verification import countersign, rescore
from audit.provenance.verification import rerender as rendered
from audit.provenance.verification import trust as trusted
from audit.provenance.verification.result import Report
from audit.provenance.verification.trust import Trust

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

_PUBLISHED = frozenset({names.CHECKSUMS, names.SSH_SIGNATURE, names.REPORT_PDF})
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
        InputError: There is nothing at `path`, or what the reader gave (key, allowed signers) cannot be read.
    """
    report = Report(path.resolve().name)
    files = report.run("package", lambda: archive.read(path))
    return report if files is None else verify_files(files, trust, report)


def verify_files(files: Mapping[str, bytes], trust: Trust, report: Report | None = None) -> Report:
    """Verify a package that is in memory: name -> bytes."""
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
    rendered.verify(files, audit, trust.render, report)
    rescore.check(files, audit, trust.predictions, trust.scorer, report)
    report.finished = True
    return report


def _key(files: Mapping[str, bytes], trust: Trust) -> ec.EllipticCurvePublicKey:
    from audit.errors import InputError

    missing = sorted(names.REQUIRED - set(files))
    if missing:
        raise RejectedError(
            missing[0], "missing", f"not in the package ({len(missing)} files that must be there are missing)"
        )
    raw = files[names.PUBLIC_KEY]
    try:
        public = keys.load_public(raw, names.PUBLIC_KEY)
    except InputError as error:
        raise RejectedError(names.PUBLIC_KEY, "malformed", error.what) from None
    if keys.public_pem(public) != raw:
        raise RejectedError(names.PUBLIC_KEY, "not-canonical", "the key is not in its one accepted encoding")
    if trust.key is not None and keys.public_der(keys.load_public(trust.key, "--key")) != keys.public_der(public):
        raise RejectedError(
            names.PUBLIC_KEY, "key-mismatch", "the package is signed by another key than the one you gave"
        )
    return public


def _integrity(files: Mapping[str, bytes], public: ec.EllipticCurvePublicKey, report: Report) -> bundle.Verified | None:
    """From the key to every byte of every file; None if anything does not hold."""
    published = report.run(
        names.PUBLICATION,
        lambda: bundle.verify(
            files[names.PUBLICATION], public, names.PUBLICATION, predicate_type=names.PUBLICATION_TYPE
        ),
        "signed by the key",
    )
    if published is None:
        return None
    subjects = report.run(
        "what was published", lambda: _subjects(published.statement, names.PUBLICATION), file=names.PUBLICATION
    )
    if subjects is None:
        return None
    if set(subjects) != _PUBLISHED:
        report.fail(
            "what was published",
            RejectedError(
                names.PUBLICATION, "wrong-statement", "not about exactly the PDF, the list of files and its signature"
            ),
        )
        return None
    for name in sorted(_PUBLISHED):
        if checksums.sha256(files[name]) != subjects[name]:
            report.fail(
                "what was published", RejectedError(name, "digest-mismatch", "its bytes are not those that were signed")
            )
    if report.failures:
        return None
    listed = report.run(names.CHECKSUMS, lambda: checksums.read(files[names.CHECKSUMS], names.CHECKSUMS))
    if listed is None:
        return None
    present = {name for name in files if name not in names.UNLISTED and not name.startswith(names.COUNTERSIGNATURES)}
    for name in sorted(set(listed) ^ present):
        missing = name not in present
        why = "in the list of files, and not in the package" if missing else "a file that nobody signed"
        report.fail("files", RejectedError(name, "missing" if missing else "unexpected-file", why))
    for name in sorted(set(listed) & present):
        if checksums.sha256(files[name]) != listed[name]:
            report.fail("files", RejectedError(name, "digest-mismatch", "its bytes are not those that were signed"))
    if report.failures:
        return None
    report.ok("files", f"{len(listed) + len(names.UNLISTED)} files, every byte as it was signed")
    return published


def _meaning(
    files: Mapping[str, bytes], public: ec.EllipticCurvePublicKey, published: bundle.Verified, report: Report
) -> tuple[dict[str, Any], bundle.Verified] | None:
    """What the signed files say, and whether they say it of each other: audit.json and the root statement, or None."""
    audit: dict[str, Any] | None = report.run(
        names.AUDIT, lambda: json_canonical(files[names.AUDIT], names.AUDIT, newline=True), "canonical"
    )
    root = report.run(
        names.ROOT,
        lambda: bundle.verify(files[names.ROOT], public, names.ROOT, predicate_type=names.ROOT_TYPE, timestamped=True),
        "signed by the key",
    )
    if audit is None or root is None:
        return None
    report.run(
        "root statement",
        lambda: _root(files, audit, root, published),
        f"{len(root.statement['subject'])} subjects, {_told(audit)}",
        names.ROOT,
    )
    for name, kind in ((names.PROVENANCE, names.SLSA_TYPE), (names.TEST_RESULT, names.TEST_RESULT_TYPE)):
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
        names.REPORT_PDF,
    )
    report.run("PDF attachment", lambda: _attachment(files, length), "the package's audit.json", names.REPORT_PDF)
    report.run("certificate", lambda: _certificate(files, public), file=names.CERTIFICATE)
    report.run("SSH signature", lambda: _ssh(files), "over the list of files", names.SSH_SIGNATURE)
    return None if report.failures else (audit, root)


def _told(audit: Mapping[str, Any]) -> str:
    try:
        return ", ".join(f"{count} {word}" for word, count in facts.verdict_counts(audit).items() if count)
    except RejectedError:
        return ""


def _subjects(value: Mapping[str, Any], file: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in value["subject"]:
        if set(entry) != {"name", "digest"} or set(entry["digest"]) != {"sha256"} or entry["name"] in found:
            raise RejectedError(file, "wrong-statement", "a subject that is not one name with one SHA-256")
        found[entry["name"]] = entry["digest"]["sha256"]
    return found


def _root(
    files: Mapping[str, bytes], audit: Mapping[str, Any], root: bundle.Verified, published: bundle.Verified
) -> None:
    predicate = root.statement["predicate"]
    wrong = "wrong-statement"
    if (
        set(predicate) != _ROOT_FIELDS
        or predicate["package"] != names.PACKAGE_SCHEMA
        or predicate["schemaVersion"] != statement.SCHEMA_VERSION
    ):
        raise RejectedError(names.ROOT, wrong, f"no statement of {names.PACKAGE_SCHEMA} that this version knows")
    publication = dsse.shape(
        published.statement["predicate"], {"package", "publishedAt", "root", "schemaVersion"}, names.PUBLICATION
    )
    stated = (publication["package"], publication["schemaVersion"])
    if stated != (names.PACKAGE_SCHEMA, statement.SCHEMA_VERSION) or not _TIME.fullmatch(publication["publishedAt"]):
        raise RejectedError(names.PUBLICATION, wrong, f"no statement of {names.PACKAGE_SCHEMA} that this version knows")
    if publication["root"] != statement.descriptor(names.ROOT, checksums.sha256(root.payload)):
        raise RejectedError(names.ROOT, wrong, "the publication statement is of another root statement")
    subjects = _subjects(root.statement, names.ROOT)
    stable = {name for name in files if name not in names.VOLATILE and not name.startswith(names.COUNTERSIGNATURES)}
    listed = checksums.read(files[names.PREDICTIONS_LIST], names.PREDICTIONS_LIST)
    predictions = {FOLDER + name: digest for name, digest in listed.items()}
    if set(subjects) != stable | set(predictions) | {names.UNSIGNED_PDF}:
        name = min(set(subjects) ^ (stable | set(predictions) | {names.UNSIGNED_PDF}))
        raise RejectedError(name, wrong, "in the package or in the root statement, but not in both")
    actual = {name: checksums.sha256(files[name]) for name in stable}
    actual[names.UNSIGNED_PDF] = pdf.prefix_digest(files[names.REPORT_PDF], predicate["unsignedPdfBytes"])
    for name, digest in subjects.items():
        if {predictions.get(name, digest), actual.get(name, digest)} != {digest}:
            raise RejectedError(name, "digest-mismatch", "its bytes are not those of the root statement")
    if predicate["environment"] != statement.descriptor(names.ENVIRONMENT, actual[names.ENVIRONMENT]):
        raise RejectedError(names.ROOT, wrong, "the predicate names another environment record")
    environment = json_canonical(files[names.ENVIRONMENT], names.ENVIRONMENT)
    if predicate["image"] != statement.image_descriptor(environment):
        raise RejectedError(names.ROOT, wrong, "the predicate names another image than the environment record")
    if [entry["name"] for entry in predicate["siblings"]] != sorted([names.PROVENANCE, names.TEST_RESULT]):
        raise RejectedError(names.ROOT, wrong, "the predicate does not name exactly the two other statements")
    if (
        predicate["verdicts"] != facts.verdict_counts(audit)
        or predicate["study"] != facts.study_id(audit)
        or predicate["sourceDateEpoch"] != facts.epoch(audit)
    ):
        raise RejectedError(names.ROOT, wrong, "the predicate says otherwise than audit.json")
    if predicate["signer"] not in {"key", "ephemeral"} or facts.stated_signer(audit) not in {None, predicate["signer"]}:
        raise RejectedError(names.ROOT, wrong, "the predicate and the report do not say the same of the key")


def _sibling(
    files: Mapping[str, bytes],
    audit: Mapping[str, Any],
    root: bundle.Verified,
    public: ec.EllipticCurvePublicKey,
    name: str,
    kind: str,
) -> None:
    found = bundle.verify(files[name], public, name, predicate_type=kind)
    if statement.descriptor(name, checksums.sha256(found.payload)) not in root.statement["predicate"]["siblings"]:
        raise RejectedError(name, "wrong-statement", "not the statement that the root statement names")
    if _subjects(found.statement, name) != {names.AUDIT: checksums.sha256(files[names.AUDIT])}:
        raise RejectedError(name, "wrong-statement", "about another audit.json")
    if kind == names.TEST_RESULT_TYPE:
        environment = checksums.sha256(files[names.ENVIRONMENT])
        if found.statement != statement.test_result(audit, checksums.sha256(files[names.AUDIT]), environment):
            raise RejectedError(name, "wrong-statement", "its verdicts are not those of audit.json")


def _pdf(files: Mapping[str, bytes], public: ec.EllipticCurvePublicKey, length: int) -> None:
    if not 0 < length < len(files[names.REPORT_PDF]):
        raise RejectedError(names.ROOT, "wrong-statement", "no length of the unsigned PDF in the predicate")
    pdf.check(files[names.REPORT_PDF], length, public, names.REPORT_PDF)


def _attachment(files: Mapping[str, bytes], length: int) -> None:
    # Of the rendering and not of the signed file: the rendering is what the root statement is over.
    if pdf.attachment(files[names.REPORT_PDF][:length], names.AUDIT, names.REPORT_PDF) != files[names.AUDIT]:
        raise RejectedError(names.REPORT_PDF, "pdf-attachment", "the audit.json that it carries is not the package's")


def _certificate(files: Mapping[str, bytes], public: ec.EllipticCurvePublicKey) -> None:
    if certificate.leaf_key(files[names.CERTIFICATE], names.CERTIFICATE) != keys.public_der(public):
        raise RejectedError(names.CERTIFICATE, "key-mismatch", "the certificate is for another key")


def _ssh(files: Mapping[str, bytes]) -> None:
    sshsig.verify(files[names.SSH_SIGNATURE], files[names.CHECKSUMS], trusted.ssh_line(files), names.SSH_SIGNATURE)
