"""Sigstore bundles v0.3 around DSSE envelopes, for cosign and sigstore-js.

They contain a public-key hint and optionally a time stamp, but no certificate and no transparency log entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit._util import canonical_json
from audit.provenance.errors import RejectedError
from audit.provenance.format import layout, predicates
from audit.provenance.format.canonical_encoding import b64decode, b64encode, json_canonical
from audit.provenance.signing import dsse
from audit.provenance.signing.keys import SigningKey, hint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Verified:
    """The contents of a bundle whose signature has been verified.

    Args:
        payload: The verified bytes.
        statement: Their JSON value.
        subjects: What the statement is about: name -> SHA-256.
        signature: The DER signature, which a time stamp covers.
        timestamps: The DER of each RFC 3161 response, not yet verified.
    """

    payload: bytes
    statement: dict[str, Any]
    subjects: Mapping[str, str]
    signature: bytes
    timestamps: tuple[bytes, ...]


def sign(statement: dict[str, Any], key: SigningKey) -> dict[str, Any]:
    """The bundle of a statement."""
    return {
        "dsseEnvelope": dsse.sign(canonical_json.dumps(statement), key),
        "mediaType": layout.BUNDLE_TYPE,
        "verificationMaterial": {"publicKey": {"hint": hint(key.public)}, "tlogEntries": []},
    }


def signature_of(bundle: dict[str, Any]) -> bytes:
    """The DER signature in a bundle made by `sign`."""
    return b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"], "bundle")


def payload(raw: bytes) -> bytes:
    """The bytes that a bundle signs; nothing is verified.

    Raises:
        RejectedError: It is not a bundle.
    """
    try:
        return b64decode(json_canonical(raw, "bundle")["dsseEnvelope"]["payload"], "bundle")
    except (KeyError, TypeError):
        raise RejectedError("bundle", "malformed", "not a bundle with a DSSE envelope") from None


def with_timestamp(bundle: dict[str, Any], response: bytes) -> dict[str, Any]:
    """The bundle with a DER TimeStampResp over its signature added."""
    stamps = {"rfc3161Timestamps": [{"signedTimestamp": b64encode(response)}]}
    return {**bundle, "verificationMaterial": {**bundle["verificationMaterial"], "timestampVerificationData": stamps}}


def verify(
    raw: bytes, public: ec.EllipticCurvePublicKey, file: str, *, predicate_type: str, timestamped: bool = False
) -> Verified:
    """Verify a bundle and return its statement.

    Args:
        raw: The bytes of the file.
        public: The key that must have signed it.
        file: The file's name in messages.
        predicate_type: The required predicate type.
        timestamped: Whether it may contain a time stamp. Time stamps are not signed, so only the root statement's bundle
            may have one: the list of files covers its bytes.

    Raises:
        RejectedError: See `dsse.verify`; also for an unknown field, a non-canonical encoding or a different statement.
    """
    fields = dsse.shape(json_canonical(raw, file), {"dsseEnvelope", "mediaType", "verificationMaterial"}, file)
    if fields["mediaType"] != layout.BUNDLE_TYPE:
        raise RejectedError(file, "malformed", f"the media type is not {layout.BUNDLE_TYPE}")
    timestamps = _material(fields["verificationMaterial"], public, file, timestamped=timestamped)
    payload, signature = dsse.verify(fields["dsseEnvelope"], public, file)
    statement = dsse.shape(json_canonical(payload, file), {"_type", "predicate", "predicateType", "subject"}, file)
    if statement["_type"] != layout.STATEMENT_TYPE:
        raise RejectedError(file, "wrong-statement", f"not {layout.STATEMENT_TYPE}")
    if statement["predicateType"] != predicate_type:
        raise RejectedError(file, "wrong-statement", f"the statement is not of the type {predicate_type}")
    if not isinstance(statement["subject"], list) or not isinstance(statement["predicate"], dict):
        raise RejectedError(file, "malformed", "a statement needs a list of subjects and an object as its predicate")
    predicates.check(statement["predicate"], predicate_type, file)
    return Verified(payload, dict(statement), _subjects(statement["subject"], file), signature, timestamps)


def _subjects(entries: list[Any], file: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries:
        subject = dsse.shape(entry, {"name", "digest"}, file)
        name, digest = subject["name"], dsse.shape(subject["digest"], {"sha256"}, file)["sha256"]
        if not isinstance(name, str) or not isinstance(digest, str) or not _SHA256.fullmatch(digest) or name in found:
            raise RejectedError(file, "wrong-statement", "a subject is not a name with a SHA-256")
        found[name] = digest
    return found


def _material(value: object, public: ec.EllipticCurvePublicKey, file: str, *, timestamped: bool) -> tuple[bytes, ...]:
    stamped = timestamped and isinstance(value, dict) and "timestampVerificationData" in value
    optional = {"timestampVerificationData"} if stamped else set()
    material = dsse.shape(value, {"publicKey", "tlogEntries"} | optional, file)
    if material["tlogEntries"] != []:
        raise RejectedError(file, "malformed", "transparency log entries are not allowed")
    if dsse.shape(material["publicKey"], {"hint"}, file)["hint"] != hint(public):
        raise RejectedError(file, "key-mismatch", "the public-key hint does not match the signing key")
    if not stamped:
        return ()
    data = dsse.shape(material["timestampVerificationData"], {"rfc3161Timestamps"}, file)
    stamps = data["rfc3161Timestamps"]
    if not isinstance(stamps, list) or len(stamps) != 1:
        raise RejectedError(file, "malformed", "not exactly one time stamp")
    return (b64decode(dsse.shape(stamps[0], {"signedTimestamp"}, file)["signedTimestamp"], file),)
