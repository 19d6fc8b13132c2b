"""Countersignatures of reviewers: in-toto Simple Verification Results in separate bundles inside the package.

Sigstore's verifiers accept one signature per bundle, so each reviewer has a bundle. The auditor's signatures do not cover
them, because they are added later, and removing one leaves no trace: a reader who needs a countersignature must
require it by the reviewer's key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from audit._util import canonical_json
from audit.errors import InputError
from audit.provenance.errors import RejectedError
from audit.provenance.format import checksums, layout
from audit.provenance.records import statement
from audit.provenance.signing import bundle, keys
from audit.provenance.signing.dsse import shape
from audit.provenance.verification.result import Report

PACKAGE_VERIFIED = "REPRO_AUDIT_PACKAGE_VERIFIED"
VALUES_RECOMPUTED = "REPRO_AUDIT_VALUES_RECOMPUTED"
_BUNDLE, _KEY = ".sigstore.json", ".pub.pem"
_PROPERTY = re.compile(r"[A-Z][A-Z0-9_]{2,99}\Z")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[\x21-\x7e]{1,500}\Z")


def add(
    files: Mapping[str, bytes],
    key: keys.SigningKey,
    *,
    reviewer: str | None,
    properties: Sequence[str],
    comment: str | None,
    when: str,
) -> dict[str, bytes]:
    """The two files that a countersignature adds to a package, which must have just been verified.

    Args:
        files: The package.
        key: The reviewer's key.
        reviewer: A URI that identifies the reviewer (an ORCID); by default one made from the key's fingerprint.
        properties: The properties that the reviewer confirms, in capitals and underscores.
        comment: An additional sentence, or None.
        when: The time, RFC 3339.

    Raises:
        InputError: The key signed the package or has already countersigned it, or a property or the URI is invalid.
    """
    fingerprint = keys.fingerprint(key.public)
    if keys.public_pem(key.public) == files[layout.PUBLIC_KEY]:
        raise InputError("this key signed the package itself", fix="use the reviewer's key")
    stem = layout.COUNTERSIGNATURES + fingerprint[:16]
    if stem + _BUNDLE in files:
        raise InputError("this key has already countersigned the package", where=stem + _BUNDLE)
    wrong = [word for word in properties if not _PROPERTY.match(word)]
    if wrong:
        raise InputError(
            f"invalid property {wrong[0]!r}", fix="use capitals, digits and underscores: RESULTS_REPRODUCED"
        )
    identifier = reviewer or f"{layout.PROJECT_URI}/reviewer/{fingerprint}"
    if not _URI.match(identifier):
        raise InputError(
            f"{identifier!r} is not a URI",
            where="--reviewer",
            fix="https://orcid.org/0000-0000-0000-0000 with your number",
        )
    predicate: dict[str, Any] = {
        "verifier": {"id": identifier, "policies": []},
        "timeCreated": when,
        "properties": sorted(set(properties)),
    }
    if comment:
        predicate["comment"] = comment
    value = statement.statement(_subjects(files), layout.SVR_TYPE, predicate)
    return {stem + _BUNDLE: canonical_json.dumps(bundle.sign(value, key)), stem + _KEY: keys.public_pem(key.public)}


def check(files: Mapping[str, bytes], reviewers: Sequence[bytes], report: Report) -> None:
    """Verify all countersignatures in a package, and that each required reviewer has given one.

    Raises:
        RejectedError: A countersignature does not match this package, or a required one is missing.
    """
    wanted = {keys.fingerprint(keys.load_public(raw, "--reviewer-key")) for raw in reviewers}
    found: set[str] = set()
    for name in sorted(name for name in files if name.startswith(layout.COUNTERSIGNATURES)):
        stem = name.removesuffix(_BUNDLE).removesuffix(_KEY)
        if name not in {stem + _BUNDLE, stem + _KEY} or not {stem + _BUNDLE, stem + _KEY} <= set(files):
            raise RejectedError(name, "unexpected-file", "not a countersignature with its public key beside it")
        if name.endswith(_KEY):
            continue
        fingerprint, predicate = _one(files, stem)
        who = f"{predicate['verifier']['id']}: {', '.join(predicate['properties'])}"
        if fingerprint in wanted:
            report.ok("countersignature", f"by a reviewer's key that you gave, {who}", name)
        else:
            report.skip("countersignature", f"matches this package, but its key was not checked; it says {who}", name)
        found.add(fingerprint)
    for fingerprint in sorted(wanted - found):
        raise RejectedError(layout.COUNTERSIGNATURES, "missing", f"no countersignature by the key {fingerprint}")


def _one(files: Mapping[str, bytes], stem: str) -> tuple[str, Mapping[str, Any]]:
    raw = files[stem + _KEY]
    try:
        public = keys.load_public(raw, stem + _KEY)
    except InputError as error:
        raise RejectedError(stem + _KEY, "malformed", error.what) from None
    fingerprint = keys.fingerprint(public)
    if keys.public_pem(public) != raw or not stem.endswith("/" + fingerprint[:16]):
        raise RejectedError(stem + _KEY, "not-canonical", "not the canonical encoding of the key in the file's name")
    name = stem + _BUNDLE
    value = bundle.verify(files[name], public, name, predicate_type=layout.SVR_TYPE).statement
    if value["subject"] != statement.statement(_subjects(files), "", {})["subject"]:
        raise RejectedError(name, "wrong-statement", "about a different package")
    predicate = value["predicate"]
    optional = {"comment"} & set(predicate)
    predicate = shape(predicate, {"verifier", "timeCreated", "properties"} | optional, name)
    identifier = shape(predicate["verifier"], {"id", "policies"}, name)["id"]
    if not _URI.match(identifier) or not all(_PROPERTY.match(word) for word in predicate["properties"]):
        raise RejectedError(name, "malformed", "an invalid reviewer or property")
    return fingerprint, predicate


def _subjects(files: Mapping[str, bytes]) -> dict[str, str]:
    """The subjects: the publication statement covers every file, so its bundle identifies the whole package."""
    return {name: checksums.sha256(files[name]) for name in (layout.AUDIT, layout.PUBLICATION)}
