"""DSSE envelopes around statements (secure-systems-lab/dsse@eebf7b5:protocol.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.format.canonical_encoding import b64decode, b64encode, signature_canonical
from audit.provenance.signing.keys import SigningKey, first_key_id, key_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """The bytes to sign (PAE); they include the type, so a payload cannot be passed off as a different type."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, key: SigningKey) -> dict[str, Any]:
    """An envelope with one signature; cosign and sigstore-go accept only one."""
    signature = key.sign(pre_authentication(layout.PAYLOAD_TYPE, payload))
    return {
        "payload": b64encode(payload),
        "payloadType": layout.PAYLOAD_TYPE,
        "signatures": [{"keyid": key_id(key.public), "sig": b64encode(signature)}],
    }


def verify(envelope: object, public: ec.EllipticCurvePublicKey, file: str) -> tuple[bytes, bytes]:
    """Verify an envelope and return its payload and signature.

    Raises:
        RejectedError: The wrong structure, payload type, key or number of signatures, a non-canonical encoding, or an
            invalid signature.
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
        raise RejectedError(file, "bad-signature", "invalid signature of this key over this statement") from None
    # The key id is not signed and therefore not trusted; it is compared so that it cannot be misleading.
    if entry["keyid"] not in {key_id(public), first_key_id(public)}:
        raise RejectedError(file, "key-mismatch", "the key id does not match the signing key")
    return payload, signature


def shape(value: object, keys: set[str], file: str) -> Mapping[str, Any]:
    """`value` as an object with exactly these keys.

    Raises:
        RejectedError: It is not an object, or has different keys.
    """
    if not isinstance(value, dict) or set(value) != keys:
        raise RejectedError(file, "malformed", f"not an object with exactly the keys {', '.join(sorted(keys))}")
    return value
