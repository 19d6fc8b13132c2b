"""One encoding for every value: base64, JSON and DER that are read back must be the bytes that would be written.

Ordinary tools take base64 with stray bits, JSON with a key twice and two signatures (r, s) and (r, n - s) for one
message. Each of those lets somebody change a file that still verifies, so everything here is decoded, encoded
again and compared.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from audit._util import canonical_json, strict_json
from audit.provenance.errors import RejectedError

# The order of the group of P-256 (FIPS 186-5, SP 800-186, section 3.2.1.3).
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def b64encode(data: bytes) -> str:
    """Standard base64 with padding, on one line."""
    return base64.b64encode(data).decode("ascii")


def b64decode(text: object, file: str) -> bytes:
    """The bytes of canonical base64.

    Raises:
        RejectedError: `text` is no string, no base64, or not the base64 that encoding the bytes again gives.
    """
    if not isinstance(text, str):
        raise RejectedError(file, "malformed", "a base64 field is not a string")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RejectedError(file, "not-canonical", f"a field is not base64 ({error})") from None
    if b64encode(data) != text:
        raise RejectedError(file, "not-canonical", "base64 with unused bits or padding of its own")
    return data


def json_loads(raw: bytes, file: str) -> Any:
    """A JSON value with every key once; its text may be laid out in any way.

    Args:
        raw: The text, in UTF-8.
        file: What messages call it.

    Raises:
        RejectedError: It is no UTF-8, no JSON, holds a fraction or NaN, nests too deep, or repeats a key.
    """
    try:
        return strict_json.loads(raw, "refused")
    except strict_json.InvalidJsonError as error:
        place = f" (line {error.line}, column {error.column})" if error.line else ""
        code = "duplicate-key" if error.problem == "duplicate" else "malformed"
        raise RejectedError(file, code, f"invalid JSON: {error}{place}") from None


def json_canonical(raw: bytes, file: str, *, newline: bool = False) -> Any:
    """A JSON value whose bytes are its RFC 8785 form (and one line feed more, where `newline` allows it).

    Raises:
        RejectedError: As `json_loads`, or another encoding of the same value.
    """
    value = json_loads(raw, file)
    try:
        again = canonical_json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise RejectedError(file, "malformed", f"no canonical JSON ({error})") from None
    if raw != again and not (newline and raw == again + b"\n"):
        raise RejectedError(file, "not-canonical", "JSON that is not in its canonical form (RFC 8785)")
    return value


def signature_low_s(der: bytes) -> bytes:
    """The DER of an ECDSA P-256 signature, with the smaller of s and n - s (both verify; one is chosen)."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    r, s = decode_dss_signature(der)
    return encode_dss_signature(r, min(s, P256_ORDER - s))


def signature_canonical(der: bytes, file: str) -> bytes:
    """The same bytes, if they are the one accepted encoding of an ECDSA P-256 signature.

    Raises:
        RejectedError: No DER, DER with slack, or the larger of s and n - s.
    """
    try:
        again = signature_low_s(der)
    except ValueError:
        raise RejectedError(file, "bad-signature", "the signature is no DER sequence of two integers") from None
    if again != der:
        raise RejectedError(
            file, "not-canonical", "the signature is not in its one accepted encoding (strict DER, low s)"
        )
    return der
