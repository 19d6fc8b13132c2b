"""A key in a PKCS#11 token (smart card, HSM, SoftHSM), found by its label; it never leaves the token.

Tokens choose their own nonces, so signing a statement twice gives two signatures: with a token, everything in a
package except the signatures is reproducible.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.errors import InputError, MissingError
from audit.provenance.format.canonical_encoding import signature_low_s

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

MODULE_VARIABLE = "PKCS11_MODULE"


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A private key in a token, and its public half.

    Args:
        public: The public key.
        raw_sign: The token's signature of a SHA-256 digest: r and s, 32 bytes each.
    """

    public: ec.EllipticCurvePublicKey
    raw_sign: Callable[[bytes], bytes]

    @property
    def identity(self) -> str:
        """Always `key`: a token's key is permanent."""
        return "key"

    def sign(self, data: bytes) -> bytes:
        """The DER of the signature."""
        import hashlib

        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        raw = self.raw_sign(hashlib.sha256(data).digest())
        half = len(raw) // 2
        return signature_low_s(
            encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
        )


def load(label: str, module: str | None, pin: Callable[[], bytes]) -> TokenKey:
    """The key with a label, in whichever token has it.

    Args:
        label: The label of the private and the public key.
        module: The PKCS#11 library; `$PKCS11_MODULE` if None.
        pin: Called once, when the token has been found.

    Raises:
        MissingError: The library, the token or the key was not found.
        InputError: The PIN is wrong, or the key is not on P-256.
    """
    try:
        import pkcs11
    except ImportError:
        raise MissingError("keys in tokens need python-pkcs11", fix="pip install 'repro-audit[pkcs11]'") from None
    path = module or os.environ.get(MODULE_VARIABLE)
    if not path:
        raise MissingError("no PKCS#11 library given", fix=f"--pkcs11-module FILE or {MODULE_VARIABLE}")
    try:
        tokens = list(pkcs11.lib(path).get_tokens())
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        raise MissingError(f"the PKCS#11 library cannot be used ({error})", where=path) from None
    for token in tokens:
        session = _open(token, label, pin)
        if session is not None:
            return _key(session, label)
    raise MissingError(
        f"no token has a key with the label {label!r}", where=path, fix="pkcs11-tool --list-objects shows labels"
    )


def _open(token: Any, label: str, pin: Callable[[], bytes]) -> Any:
    """A session logged in to the token, if the token has a public key with that label."""
    import pkcs11

    try:
        session = token.open()
    except pkcs11.PKCS11Error:  # a slot with an uninitialised token
        return None
    try:
        session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=label)
    except pkcs11.NoSuchKey:
        session.close()
        return None
    session.close()
    try:
        return token.open(user_pin=pin().decode("utf-8"))
    except (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid):
        raise InputError("the token's PIN is wrong", where=label) from None
    except pkcs11.PinLocked:
        raise InputError("the token is locked after too many wrong PINs", where=label) from None


def _key(session: Any, label: str) -> TokenKey:
    import pkcs11
    from pkcs11.util.ec import encode_ec_public_key

    from audit.provenance.signing.keys import load_public

    private = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=label)
    shown = session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=label)
    if shown.key_type != pkcs11.KeyType.EC:
        raise InputError("the key is not on the curve P-256", where=label)
    from asn1crypto import pem

    public = load_public(pem.armor("PUBLIC KEY", encode_ec_public_key(shown)), label)

    def raw_sign(digest: bytes) -> bytes:
        return bytes(private.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))

    return TokenKey(public, raw_sign)
