"""Certificates for PAdES: an institution's, or a self-signed one."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from audit.errors import InputError
from audit.provenance.errors import RejectedError
from audit.provenance.signing.keys import SigningKey, public_der

if TYPE_CHECKING:
    from asn1crypto import x509 as asn1_x509

_FROM = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
# RFC 5280, 4.1.2.5: "no well-defined expiration date". A report must stay verifiable indefinitely.
_FOREVER = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)


def self_signed(key: SigningKey, name: str) -> bytes:
    """The PEM of a self-signed certificate, which depends only on the key and the name.

    Built with asn1crypto instead of `cryptography`, because the private key may be in a token that only signs.

    Raises:
        InputError: The name is empty or longer than X.520 allows for a common name (64 characters).
    """
    from asn1crypto import algos, core, keys, pem, x509

    if not 0 < len(name) <= 64 or not name.isprintable():
        raise InputError("the name for the certificate must have 1 to 64 printable characters", fix="--name 'Jane Doe'")
    subject = x509.Name.build({"common_name": name})
    spki = public_der(key.public)
    key_identifier = hashlib.sha1(_bits(spki), usedforsecurity=False).digest()  # RFC 5280, 4.2.1.2 (1)
    algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
    body = x509.TbsCertificate({
        "version": "v3",
        "serial_number": int.from_bytes(hashlib.sha256(spki + subject.dump()).digest()[:16], "big") >> 1,
        "signature": algorithm,
        "issuer": subject,
        "validity": {
            "not_before": x509.Time({"utc_time": core.UTCTime(_FROM)}),
            "not_after": x509.Time({"general_time": core.GeneralizedTime(_FOREVER)}),
        },
        "subject": subject,
        "subject_public_key_info": keys.PublicKeyInfo.load(spki),
        "extensions": [
            {"extn_id": "basic_constraints", "critical": True, "extn_value": x509.BasicConstraints({"ca": False})},
            {
                "extn_id": "key_usage",
                "critical": True,
                "extn_value": x509.KeyUsage({"digital_signature", "non_repudiation"}),
            },
            {"extn_id": "key_identifier", "critical": False, "extn_value": core.OctetString(key_identifier)},
        ],
    })  # fmt: skip
    certificate = x509.Certificate({
        "tbs_certificate": body,
        "signature_algorithm": algorithm,
        "signature_value": key.sign(body.dump()),
    })  # fmt: skip
    armored: bytes = pem.armor("CERTIFICATE", certificate.dump())
    return armored


def load_chain(raw: bytes, key: SigningKey, where: str) -> list[asn1_x509.Certificate]:
    """The certificates in a PEM file, the signer's first.

    Raises:
        InputError: There are no certificates, or the first one is not for the signing key.
    """
    from asn1crypto import pem, x509

    try:
        chain = [x509.Certificate.load(der) for _, _, der in pem.unarmor(raw, multiple=True)]
        leaf = chain[0].public_key.dump()
    except (ValueError, IndexError) as error:
        raise InputError(f"not a PEM certificate ({error})", where=where) from None
    if leaf != public_der(key.public):
        raise InputError(
            "the first certificate is not for the signing key", where=where, fix="put the signer's certificate first"
        )
    return chain


def leaf(raw: bytes, file: str) -> asn1_x509.Certificate:
    """The first certificate in a PEM file of a package.

    Raises:
        RejectedError: The file contains no certificate.
    """
    from asn1crypto import pem, x509

    try:
        _, _, der = next(iter(pem.unarmor(raw, multiple=True)))
        found = x509.Certificate.load(der)
        found.public_key.dump()
        # Fields are parsed when they are read: here, all of them that are read later.
        name(found)
        is_self_signed(found)
    except Exception as error:  # noqa: BLE001  a damaged certificate raises whatever its damage leads to
        raise RejectedError(file, "malformed", f"not a PEM certificate ({error})") from None
    return found


def leaf_key(raw: bytes, file: str) -> bytes:
    """The DER key of the first certificate in a PEM file of a package.

    Raises:
        RejectedError: The file contains no certificate.
    """
    key: bytes = leaf(raw, file).public_key.dump()
    return key


def name(found: asn1_x509.Certificate) -> str:
    """The common name of a certificate's subject; without one, a name by its key."""
    by_key = f"repro-audit key {hashlib.sha256(found.public_key.dump()).hexdigest()[:16]}"
    return str(found.subject.native.get("common_name", by_key))


def is_self_signed(found: asn1_x509.Certificate) -> bool:
    """Whether a certificate names its own subject as its issuer."""
    return bool(found.self_issued)


def _bits(spki: bytes) -> bytes:
    from asn1crypto import keys

    bits: bytes = keys.PublicKeyInfo.load(spki)["public_key"].contents
    return bits[1:]  # without the count of unused bits
