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
from typing import TYPE_CHECKING

from audit._util import canonical_json, typed_json
from audit._util.strict_json import InvalidJsonError
from audit.provenance.errors import RejectedError
from audit.provenance.format import archive, checksums, layout
from audit.provenance.format.canonical_encoding import json_canonical
from audit.provenance.records import audit_facts, page_seal, statement, verify_md
from audit.provenance.records.environment import ImageFacts
from audit.provenance.records.inputs import FOLDER
from audit.provenance.signing import bundle, certificate, dsse, keys, pades, pdf_update, sshsig
from audit.provenance.verification import blind, countersign, derivation, plans, rerender, rescore, row_openings
from audit.provenance.verification import trust as trusted
from audit.provenance.verification.result import Report
from audit.provenance.verification.trust import Trust
from audit.schema import AuditDocument

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

_PUBLISHED = frozenset({layout.CHECKSUMS, layout.SSH_SIGNATURE})
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
    blind.check(files, audit, root, trust.unblinding, trust.key, report)
    rerender.verify(files, audit, trust.render, report)
    rescore.check_literature(files, audit, report)
    rescore.check_counts(files, audit, report)
    derivation.check(files, audit, trust.deriver, report)
    plans.check(files, audit, trust.time_stamp_roots, report)
    row_openings.check(files, audit, trust.opening, report)
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
    # The key of a blind package is its own; the second statement may be by the key that the reader trusts.
    wanted = None if trust.key is None or trust.unblinding is not None else keys.load_public(trust.key, "--key")
    if wanted is not None and keys.public_der(wanted) != keys.public_der(public):
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
    subjects = published.subjects
    covered = _PUBLISHED | set(_pdfs(files))
    if set(subjects) != covered:
        report.fail(
            "what was published",
            RejectedError(
                layout.PUBLICATION,
                "wrong-statement",
                "does not cover exactly the PDFs, the list of files and its signature",
            ),
        )
        return None
    for name in sorted(covered):
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
    for name in sorted(name for name in present if not layout.is_known(name)):
        report.fail("files", RejectedError(name, "unexpected-file", "a file of no kind that packages have"))
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
    for name in _pdfs(files):
        length = int(root.statement["predicate"][layout.PDFS[name][1]])
        report.run(
            "PDF signature",
            functools.partial(_pdf, files, name, public, length),
            "covers the whole file, certified against changes",
            name,
        )
    if layout.UNSIGNED_HTML in root.subjects:
        _page(files, public, str(root.statement["predicate"]["signer"]), report)
    for name in _pdfs(files):
        report.run("PDF attachment", functools.partial(_attachment, files, name), "the package's audit.json", name)
    report.run("certificate", lambda: _certificate(files, public), file=layout.CERTIFICATE)
    report.run(
        "instructions", lambda: _instructions(files, public, audit, root), "as this program writes them", layout.VERIFY
    )
    report.run("SSH signature", lambda: _ssh(files), "over the list of files", layout.SSH_SIGNATURE)
    return None if report.failures else (audit, root)


def _told(audit: AuditDocument) -> str:
    try:
        return ", ".join(f"{count} {word}" for word, count in audit_facts.verdict_counts(audit).items() if count)
    except RejectedError:
        return ""


def _root(files: Mapping[str, bytes], audit: AuditDocument, root: bundle.Verified, published: bundle.Verified) -> None:
    predicate = root.statement["predicate"]
    wrong = "wrong-statement"
    if (
        set(predicate) - {"sealed"} != _ROOT_FIELDS | {layout.PDFS[name][1] for name in _pdfs(files)}
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
    subjects = root.subjects
    stable = {name for name in files if name not in layout.VOLATILE and not name.startswith(layout.COUNTERSIGNATURES)}
    # The page without its signature is what a second run reproduces. An earlier edition's page has none.
    whole = layout.UNSIGNED_HTML not in subjects
    virtual = {layout.PDFS[name][0] for name in _pdfs(files)} | (set() if whole else {layout.UNSIGNED_HTML})
    stable -= set() if whole else {layout.REPORT_HTML}
    listed = checksums.read(files[layout.PREDICTIONS_LIST], layout.PREDICTIONS_LIST)
    predictions = {FOLDER + name: digest for name, digest in listed.items()}
    if set(subjects) != stable | set(predictions) | virtual:
        name = min(set(subjects) ^ (stable | set(predictions) | virtual))
        raise RejectedError(name, wrong, "in the package or in the root statement, but not in both")
    actual = {name: checksums.sha256(files[name]) for name in stable}
    if not whole:
        actual[layout.UNSIGNED_HTML] = checksums.sha256(page_seal.parts(files[layout.REPORT_HTML])[0])
    for pdf in _pdfs(files):
        rendering, field = layout.PDFS[pdf]
        actual[rendering] = pades.prefix_digest(files[pdf], predicate[field])
    for name, digest in subjects.items():
        if {predictions.get(name, digest), actual.get(name, digest)} != {digest}:
            raise RejectedError(name, "digest-mismatch", "its bytes differ from the root statement's digest")
    blind.stated(predicate, audit)
    if predicate["environment"] != statement.descriptor(layout.ENVIRONMENT, actual[layout.ENVIRONMENT]):
        raise RejectedError(layout.ROOT, wrong, "the predicate names a different environment record")
    if predicate["image"] != statement.image_descriptor(_image(files)):
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


def _image(files: Mapping[str, bytes]) -> ImageFacts | None:
    """The image in environment.json; the rest of the record may be of an earlier edition."""
    value = json_canonical(files[layout.ENVIRONMENT], layout.ENVIRONMENT)
    if not isinstance(value, dict) or "image" not in value:
        raise RejectedError(layout.ENVIRONMENT, "malformed", "not an object with the field image")
    if value["image"] is None:
        return None
    try:
        return typed_json.read(ImageFacts, canonical_json.dumps(value["image"]))
    except InvalidJsonError as error:
        raise RejectedError(layout.ENVIRONMENT, "malformed", f"image: {error}") from None


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
    if found.subjects != {layout.AUDIT: checksums.sha256(files[layout.AUDIT])}:
        raise RejectedError(name, "wrong-statement", "about a different audit.json")
    if kind == layout.TEST_RESULT_TYPE:
        environment = checksums.sha256(files[layout.ENVIRONMENT])
        if found.statement != statement.test_result(audit, checksums.sha256(files[layout.AUDIT]), environment):
            raise RejectedError(name, "wrong-statement", "its verdicts differ from those of audit.json")


def _pdfs(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The PDFs of a package: the report and, in this edition, its annex."""
    return tuple(name for name in layout.PDFS if name in files)


def _pdf(files: Mapping[str, bytes], name: str, public: ec.EllipticCurvePublicKey, length: int) -> None:
    if not 0 < length < len(files[name]):
        raise RejectedError(layout.ROOT, "wrong-statement", f"the predicate lacks the length of the unsigned {name}")
    pades.check(files[name], length, public, name)
    pdf_update.check(files[name], length, name)


def _page(files: Mapping[str, bytes], public: ec.EllipticCurvePublicKey, signer: str, report: Report) -> None:
    page, audit_json, name = files[layout.REPORT_HTML], files[layout.AUDIT], "HTML signature"
    try:
        _, content = page_seal.parts(page)
    except RejectedError as error:
        report.fail(name, error)
        return
    if not content:
        report.skip(name, "report.html holds none: a browser can check its numbers, but not who signed them")
        return
    report.run(
        name,
        lambda: page_seal.verify(page, audit_json, public, signer),
        "inside report.html, over audit.json and the page's texts",
        layout.REPORT_HTML,
    )


def _attachment(files: Mapping[str, bytes], name: str) -> None:
    # Of the whole file, as a reader opens it.
    if pades.Pdf(files[name], name).attachment(layout.AUDIT) != files[layout.AUDIT]:
        raise RejectedError(name, "pdf-attachment", "the attached audit.json is not the package's")


def _instructions(
    files: Mapping[str, bytes], public: ec.EllipticCurvePublicKey, audit: AuditDocument, root: bundle.Verified
) -> None:
    found = certificate.leaf(files[layout.CERTIFICATE], layout.CERTIFICATE)
    predicate = root.statement["predicate"]
    facts = verify_md.Facts(
        study=audit.study.id,
        subjects=len(root.statement["subject"]),
        unsigned_bytes=int(predicate["unsignedPdfBytes"]),
        ephemeral=predicate["signer"] == "ephemeral",
        signer=certificate.name(found),
        self_signed=certificate.is_self_signed(found),
        fingerprint=keys.fingerprint(public),
        stamped=bool(root.timestamps),
        predictions=bool(files[layout.PREDICTIONS_LIST]),
        with_predictions=any(name.startswith(FOLDER) for name in files),
        sealed=len(predicate["sealed"]) if "sealed" in predicate else None,
        annex_bytes=int(predicate[layout.PDFS[layout.ANNEX][1]]) if layout.ANNEX in files else None,
    )
    verify_md.check(files, facts)


def _certificate(files: Mapping[str, bytes], public: ec.EllipticCurvePublicKey) -> None:
    if certificate.leaf_key(files[layout.CERTIFICATE], layout.CERTIFICATE) != keys.public_der(public):
        raise RejectedError(layout.CERTIFICATE, "key-mismatch", "the certificate is for a different key")


def _ssh(files: Mapping[str, bytes]) -> None:
    sshsig.verify(files[layout.SSH_SIGNATURE], files[layout.CHECKSUMS], trusted.ssh_line(files), layout.SSH_SIGNATURE)
