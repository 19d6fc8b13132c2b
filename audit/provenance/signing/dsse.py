"""DSSE: the envelope around a statement (secure-systems-lab/dsse@eebf7b5:protocol.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.format.canonical_encoding import b64decode, b64encode, signature_canonical
from audit.provenance.signing.keys import SigningKey, key_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: the type is among them, so a payload cannot be passed off as another type."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, key: SigningKey) -> dict[str, Any]:
    """An envelope with one signature; cosign and sigstore-go take no more than one."""
    signature = key.sign(pre_authentication(layout.PAYLOAD_TYPE, payload))
    return {
        "payload": b64encode(payload),
        "payloadType": layout.PAYLOAD_TYPE,
        "signatures": [{"keyid": key_id(key.public), "sig": b64encode(signature)}],
    }


def verify(envelope: object, public: ec.EllipticCurvePublicKey, file: str) -> tuple[bytes, bytes]:
    """The payload and the signature of an envelope, once the key has been shown to have signed it.

    Raises:
        RejectedError: Another shape, payload type, key or number of signatures, another encoding of the same
            bytes, or a signature that does not fit.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    fields = shape(envelope, {"payload", "payloadType", "signatures"}, file)
    if fields["payloadType"] != layout.PAYLOAD_TYPE:
        raise RejectedError(file, "payload-type", f"the payload type is not {layout.PAYLOAD_TYPE}")
    signatures = fields["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise RejectedError(file, "malformed", "not exactly one signature")
    entry = shape(signatures[0], {"keyid", "sig"}, file)
    payload = b64decode(fields["payload"], file)
    signature = signature_canonical(b64decode(entry["sig"], file), file)
    try:
        public.verify(signature, pre_authentication(layout.PAYLOAD_TYPE, payload), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise RejectedError(file, "bad-signature", "the signature is not of this key over this statement") from None
    # Nobody signs the key id, so it decides nothing; it is compared lest it say what is not so.
    if entry["keyid"] != key_id(public):
        raise RejectedError(file, "key-mismatch", "the key id is not that of the key which signed")
    return payload, signature


def shape(value: object, keys: set[str], file: str) -> Mapping[str, Any]:
    """`value` as an object with exactly these keys.

    Raises:
        RejectedError: It is no object, or has other keys.
    """
    if not isinstance(value, dict) or set(value) != keys:
        raise RejectedError(file, "malformed", f"not an object of exactly {', '.join(sorted(keys))}")
    return value
