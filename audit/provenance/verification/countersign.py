"""A reviewer's countersignature: an in-toto Simple Verification Result in a bundle of its own, inside the package.

Sigstore's verifiers take one signature a bundle, so several people mean several bundles. The auditor's signatures do
not cover them (they come later), and a countersignature that was taken away leaves no trace: whoever needs one asks
for it by the reviewer's key.
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
    """The two files that a countersignature adds to a package that was verified just now.

    Args:
        files: The package.
        key: The reviewer's key.
        reviewer: A URI that names the reviewer (an ORCID); by default one made of the key's fingerprint.
        properties: What the reviewer found to hold; words of capitals and underscores.
        comment: One sentence more, or None.
        when: The time, RFC 3339.

    Raises:
        InputError: The key signed the package itself, or has countersigned it; a property or URI that is none.
    """
    fingerprint = keys.fingerprint(key.public)
    if keys.public_pem(key.public) == files[layout.PUBLIC_KEY]:
        raise InputError(
            "this key signed the package itself; nobody is their own reviewer", fix="use the reviewer's key"
        )
    stem = layout.COUNTERSIGNATURES + fingerprint[:16]
    if stem + _BUNDLE in files:
        raise InputError("this key has countersigned the package already", where=stem + _BUNDLE)
    wrong = [word for word in properties if not _PROPERTY.match(word)]
    if wrong:
        raise InputError(
            f"{wrong[0]!r} is no name of a property", fix="capitals, digits and underscores: RESULTS_REPRODUCED"
        )
    identifier = reviewer or f"{layout.PROJECT_URI}/reviewer/{fingerprint}"
    if not _URI.match(identifier):
        raise InputError(
            f"{identifier!r} is no URI",
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
    """Verify every countersignature in a package, and that each reviewer who was asked for has given one.

    Raises:
        RejectedError: One of them does not fit this package, or is missing.
    """
    wanted = {keys.fingerprint(keys.load_public(raw, "--reviewer-key")) for raw in reviewers}
    found: set[str] = set()
    for name in sorted(name for name in files if name.startswith(layout.COUNTERSIGNATURES)):
        stem = name.removesuffix(_BUNDLE).removesuffix(_KEY)
        if name not in {stem + _BUNDLE, stem + _KEY} or not {stem + _BUNDLE, stem + _KEY} <= set(files):
            raise RejectedError(name, "unexpected-file", "no countersignature with its public key beside it")
        if name.endswith(_KEY):
            continue
        fingerprint, predicate = _one(files, stem)
        who = f"{predicate['verifier']['id']}: {', '.join(predicate['properties'])}"
        if fingerprint in wanted:
            report.ok("countersignature", f"by a reviewer's key that you gave, {who}", name)
        else:
            report.skip(
                "countersignature", f"fits this package, but whose key it is was not checked; it says {who}", name
            )
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
        raise RejectedError(stem + _KEY, "not-canonical", "not the key, in its one encoding, that the file's name says")
    name = stem + _BUNDLE
    value = bundle.verify(files[name], public, name, predicate_type=layout.SVR_TYPE).statement
    if value["subject"] != statement.statement(_subjects(files), "", {})["subject"]:
        raise RejectedError(name, "wrong-statement", "about another package")
    predicate = value["predicate"]
    optional = {"comment"} & set(predicate)
    predicate = shape(predicate, {"verifier", "timeCreated", "properties"} | optional, name)
    identifier = shape(predicate["verifier"], {"id", "policies"}, name)["id"]
    if not _URI.match(identifier) or not all(_PROPERTY.match(word) for word in predicate["properties"]):
        raise RejectedError(name, "malformed", "a reviewer or a property that is none")
    return fingerprint, predicate


def _subjects(files: Mapping[str, bytes]) -> dict[str, str]:
    """The publication covers every file, so its bundle's bytes stand for the whole package."""
    return {name: checksums.sha256(files[name]) for name in (layout.AUDIT, layout.PUBLICATION)}
