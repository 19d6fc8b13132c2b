"""SSH signatures (`ssh-keygen -Y`), which anybody with OpenSSH can check, with keys that people have already published.

Format: OpenSSH's PROTOCOL.sshsig. Implemented here, so that packages can be made and verified without OpenSSH; the tests
compare it with ssh-keygen.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import InputError, MissingError
from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.format.canonical_encoding import P256_ORDER, b64decode, signature_low_s
from audit.provenance.signing.keys import SigningKey, ssh_public

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

_MAGIC = b"SSHSIG"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_ECDSA, _ED25519 = b"ecdsa-sha2-nistp256", b"ssh-ed25519"


@dataclass(frozen=True, slots=True)
class SshSigner:
    """A key for SSH signatures.

    Args:
        line: The public key: type and base64, without a comment.
        sign: Returns the raw signature of some bytes, in SSH's encoding for the key type.
    """

    line: str
    sign: Callable[[bytes], bytes]


def from_key(key: SigningKey) -> SshSigner:
    """The package's own P-256 key as an SSH key."""

    def raw(data: bytes) -> bytes:
        return _ecdsa_blob(key.sign(data))

    return SshSigner(ssh_public(key.public), raw)


def load(path: Path, passphrase: Callable[[], bytes] | None = None) -> SshSigner:
    """The SSH key in an OpenSSH private-key file: Ed25519, or ECDSA on P-256.

    Raises:
        MissingError: The file does not exist, or the key is encrypted and bcrypt is not installed.
        InputError: It is not such a key, or the passphrase is wrong or missing.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

    from audit.provenance.signing.keys import PemKey

    if not path.is_file():
        raise MissingError("no key file", where=str(path), fix="create one with `ssh-keygen -t ed25519`")
    raw = path.read_bytes()
    try:
        try:
            key = load_ssh_private_key(raw, password=None)
        except (TypeError, ValueError):
            if passphrase is None:
                raise
            key = load_ssh_private_key(raw, password=passphrase())
    except (TypeError, ValueError, UnsupportedAlgorithm):
        raise InputError("not an OpenSSH private key, or wrong or missing passphrase", where=str(path)) from None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")
        return SshSigner(line, key.sign)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return from_key(PemKey(key))
    raise InputError(
        "the SSH key is neither Ed25519 nor ECDSA on P-256", where=str(path), fix="`ssh-keygen -t ed25519`"
    )


def sign(message: bytes, signer: SshSigner, namespace: str = layout.SSH_NAMESPACE) -> bytes:
    """The armoured signature file of `message`."""
    kind = signer.line.split()[0].encode("ascii")
    key = base64.b64decode(signer.line.split()[1])
    signature = _text(kind) + _text(signer.sign(_signed(message, namespace)))
    blob = (
        _MAGIC
        + struct.pack(">I", 1)
        + _text(key)
        + _text(namespace.encode())
        + _text(b"")
        + _text(b"sha512")
        + _text(signature)
    )
    return _armour(blob)


def verify(raw: bytes, message: bytes, line: str, file: str, namespace: str = layout.SSH_NAMESPACE) -> None:
    """Check that `raw` is a signature of `message` by the public key in `line`.

    Raises:
        RejectedError: A different key or namespace, a non-canonical encoding, or an invalid signature.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    blob = _disarm(raw, file)
    reader = _Reader(blob, file)
    if reader.take(6) != _MAGIC or reader.take(4) != struct.pack(">I", 1):
        raise RejectedError(file, "malformed", "not an SSH signature of version 1")
    key, space, reserved, digest, signature = (reader.text() for _ in range(5))
    reader.end()
    kind, public = parse_public(line, file)
    if key != base64.b64decode(line.split()[1]):
        raise RejectedError(file, "key-mismatch", "signed by a different SSH key than the package's")
    if space != namespace.encode():
        raise RejectedError(file, "wrong-statement", f"the namespace of the signature is not {namespace}")
    if reserved or digest != b"sha512":
        raise RejectedError(file, "malformed", "a reserved field is not empty, or the digest is not SHA-512")
    inner = _Reader(signature, file)
    if inner.text() != kind:
        raise RejectedError(file, "malformed", "the type of the signature differs from that of its key")
    value = inner.text()
    inner.end()
    data = _signed(message, namespace)
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(_ecdsa_der(value, file), data, ec.ECDSA(hashes.SHA256()))
        else:
            public.verify(value, data)
    except InvalidSignature:
        raise RejectedError(file, "bad-signature", "invalid SSH signature of this key over this file") from None


def parse_public(line: str, file: str) -> tuple[bytes, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey]:
    """The type and the key of an OpenSSH public-key line without a comment.

    Raises:
        RejectedError: It is not such a line, or neither Ed25519 nor ECDSA on P-256.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    parts = line.split(" ")
    if len(parts) != 2 or not line.isascii():
        raise RejectedError(file, "malformed", "not an OpenSSH public key on one line without a comment")
    b64decode(parts[1], file)
    try:
        key: object = load_ssh_public_key(line.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm, NotImplementedError):  # the last for a compressed point
        raise RejectedError(file, "malformed", "not an OpenSSH public key") from None
    if isinstance(key, ed25519.Ed25519PublicKey):
        return _ED25519, key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return _ECDSA, key
    raise RejectedError(file, "malformed", "an SSH key that is neither Ed25519 nor ECDSA on P-256")


def _signed(message: bytes, namespace: str) -> bytes:
    return _MAGIC + _text(namespace.encode()) + _text(b"") + _text(b"sha512") + _text(hashlib.sha512(message).digest())


def _text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _mpint(value: int) -> bytes:
    return _text(value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _ecdsa_blob(der: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    r, s = decode_dss_signature(der)
    return _mpint(r) + _mpint(s)


def _ecdsa_der(blob: bytes, file: str) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    reader = _Reader(blob, file)
    r, s = (int.from_bytes(reader.text(), "big") for _ in range(2))
    reader.end()
    if _mpint(r) + _mpint(s) != blob or s > P256_ORDER // 2:
        raise RejectedError(file, "not-canonical", "the signature is not canonical")
    return signature_low_s(encode_dss_signature(r, s))


def _armour(blob: bytes) -> bytes:
    text = base64.b64encode(blob).decode("ascii")
    lines = [text[start : start + 70] for start in range(0, len(text), 70)]
    return "\n".join([_BEGIN, *lines, _END, ""]).encode("ascii")


def _disarm(raw: bytes, file: str) -> bytes:
    if not raw.isascii():
        raise RejectedError(file, "malformed", "not an armoured SSH signature")
    lines = raw.decode("ascii").split("\n")
    if len(lines) < 4 or lines[0] != _BEGIN or lines[-2:] != [_END, ""]:
        raise RejectedError(file, "malformed", "not an armoured SSH signature")
    blob = b64decode("".join(lines[1:-2]), file)
    if _armour(blob) != raw:
        raise RejectedError(file, "not-canonical", "the SSH signature's lines are not those that ssh-keygen writes")
    return blob


class _Reader:
    """A reader of length-prefixed fields."""

    def __init__(self, data: bytes, file: str) -> None:
        self._data, self._at, self._file = data, 0, file

    def take(self, count: int) -> bytes:
        piece = self._data[self._at : self._at + count]
        if len(piece) != count:
            raise RejectedError(self._file, "malformed", "the SSH signature is truncated")
        self._at += count
        return piece

    def text(self) -> bytes:
        return self.take(struct.unpack(">I", self.take(4))[0])

    def end(self) -> None:
        if self._at != len(self._data):
            raise RejectedError(self._file, "malformed", "bytes after the end of the SSH signature")
