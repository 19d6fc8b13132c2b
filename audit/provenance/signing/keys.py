"""Signing keys: ECDSA P-256, from a PEM file, ephemeral, or (see `hsm`) in a token.

P-256 is supported by cosign, sigstore-js, WebCrypto, OpenSSL, OpenSSH, PKCS#11 tokens and PAdES
(docs/explanation/provenance.md). Signing is deterministic (RFC 6979), so equal statements have equal signatures.
"""

from __future__ import annotations

import base64
import hashlib
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from audit.errors import InputError, MissingError
from audit.provenance.format.canonical_encoding import b64encode, signature_low_s

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

# The environment variable that names the key, and how a key in a token is named.
VARIABLE = "REPRO_AUDIT_KEY"
TOKEN = "pkcs11:"  # noqa: S105  a URI scheme
EPHEMERAL_NAME = "repro-audit ephemeral key"
BLIND_NAME = "repro-audit blind edition"


class SigningKey(Protocol):
    """Interface of a key that signs packages."""

    @property
    def public(self) -> ec.EllipticCurvePublicKey:
        """The public key, on P-256."""

    @property
    def identity(self) -> str:
        """`key` (permanent) or `ephemeral` (created for one audit and discarded)."""

    def sign(self, data: bytes) -> bytes:
        """The DER of ECDSA over SHA-256 of `data`, with low s."""


@dataclass(frozen=True, slots=True)
class PemKey:
    """A private key in memory.

    Args:
        private: The key, on P-256.
        identity: `key` or `ephemeral`.
    """

    private: ec.EllipticCurvePrivateKey
    identity: str = "key"

    @property
    def public(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        return self.private.public_key()

    def sign(self, data: bytes) -> bytes:
        """The DER of the signature; the same for the same data (RFC 6979)."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        return signature_low_s(self.private.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))


def ephemeral() -> PemKey:
    """A new key that is never stored: a package signed with it proves integrity, not identity."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return PemKey(ec.generate_private_key(ec.SECP256R1()), identity="ephemeral")


def public_der(public: ec.EllipticCurvePublicKey) -> bytes:
    """The DER SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public_pem(public: ec.EllipticCurvePublicKey) -> bytes:
    """The PEM SubjectPublicKeyInfo, with a line feed at its end."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def hint(public: ec.EllipticCurvePublicKey) -> str:
    """The Sigstore bundle's public-key hint: base64 of SHA-256 over the DER key."""
    return b64encode(hashlib.sha256(public_der(public)).digest())


def fingerprint(public: ec.EllipticCurvePublicKey) -> str:
    """SHA-256 over the DER key, as lower-case hex, for comparison by people."""
    return hashlib.sha256(public_der(public)).hexdigest()


def key_id(public: ec.EllipticCurvePublicKey) -> str:
    """The key id in an envelope: the key's fingerprint as `ssh-keygen -lf` prints it (`SHA256:` and base64 without padding).

    go-securesystemslib, and with it cosign, skips a signature whose key id is another one
    (secure-systems-lab/go-securesystemslib@v0.9.1: dsse/verify.go and dsse/dsse.go, `SHA256KeyID`).
    """
    blob = base64.b64decode(ssh_public(public).split()[1])
    return "SHA256:" + b64encode(hashlib.sha256(blob).digest()).rstrip("=")


def first_key_id(public: ec.EllipticCurvePublicKey) -> str:
    """The key id in envelopes of the first edition: the one that securesystemslib assigns to this key by default.

    SHA-256 over that library's canonical JSON of the key, in which a line feed is not escaped
    (secure-systems-lab/securesystemslib@e3ccdc4: securesystemslib/formats.py and signer/_key.py).
    """
    pem = public_pem(public).decode("ascii")
    text = '{"keytype":"ecdsa","keyval":{"public":"' + pem + '"},"scheme":"ecdsa-sha2-nistp256"}'
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def ssh_public(public: ec.EllipticCurvePublicKey) -> str:
    """The key in OpenSSH format: `ecdsa-sha2-nistp256 AAAA...`, without a comment."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")


def load_public(raw: bytes, where: str) -> ec.EllipticCurvePublicKey:
    """A P-256 public key from PEM (a key or a certificate) or an OpenSSH line.

    Raises:
        InputError: It is not a public key in one of these formats, or not P-256.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_ssh_public_key

    try:
        if b"-----BEGIN CERTIFICATE-----" in raw:
            key: object = x509.load_pem_x509_certificate(raw).public_key()
        elif raw.startswith(b"ecdsa-"):
            key = load_ssh_public_key(raw)
        else:
            key = load_pem_public_key(raw)
    except (ValueError, UnsupportedAlgorithm, NotImplementedError) as error:  # the last for a compressed SSH point
        raise InputError(
            f"not a public key ({error})", where=where, fix="give a PEM public key or certificate"
        ) from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InputError("the key is not on the curve P-256", where=where, fix="`repro-audit keygen` makes such a key")
    return key


def load_private(path: Path, passphrase: Callable[[], bytes] | None = None) -> PemKey:
    """The private key in a PEM file.

    Args:
        path: The file.
        passphrase: Called only if the key is encrypted.

    Raises:
        MissingError: The file does not exist.
        InputError: It does not contain a P-256 private key, or the passphrase is wrong or missing.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if not path.is_file():
        raise MissingError("no key file", where=str(path), fix="create one with `repro-audit keygen`")
    raw = path.read_bytes()
    try:
        try:
            key: object = load_pem_private_key(raw, password=None)
        except TypeError:  # cryptography raises this if the key is encrypted
            if passphrase is None:
                raise InputError("the key is encrypted", where=str(path), fix="give its passphrase") from None
            key = load_pem_private_key(raw, password=passphrase())
    except (ValueError, UnsupportedAlgorithm):
        # The library's message could quote its input.
        raise InputError("not a PEM private key, or wrong passphrase", where=str(path)) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InputError(
            "the key is not on the curve P-256", where=str(path), fix="`repro-audit keygen` makes such a key"
        )
    return PemKey(key)


def readable_by_others(path: Path) -> bool:
    """Whether the file's mode lets its group or others read it."""
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
