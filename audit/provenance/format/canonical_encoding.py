"""Canonical encodings: base64, JSON and DER are accepted only in the one form in which they would be written.

Ordinary tools accept base64 with stray bits, JSON with duplicate keys, and two signatures (r, s) and (r, n - s) for a
message. Each of these lets somebody change a file that still verifies. Everything here is therefore decoded, encoded
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
        RejectedError: `text` is not a string, not base64, or not canonical base64.
    """
    if not isinstance(text, str):
        raise RejectedError(file, "malformed", "a base64 field is not a string")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RejectedError(file, "not-canonical", f"a field is not base64 ({error})") from None
    if b64encode(data) != text:
        raise RejectedError(file, "not-canonical", "base64 with stray bits or non-standard padding")
    return data


def json_loads(raw: bytes, file: str) -> Any:
    """A JSON value with every key once; its text may be laid out in any way.

    Args:
        raw: The text, in UTF-8.
        file: What messages call it.

    Raises:
        RejectedError: Invalid UTF-8 or JSON, a fraction or NaN, an integer above 2**53 - 1, half of a surrogate pair, too deep
            nesting, or a duplicate key.
    """
    try:
        return strict_json.loads(raw, "refused", exact=True)
    except strict_json.InvalidJsonError as error:
        place = f" (line {error.line}, column {error.column})" if error.line else ""
        code = "duplicate-key" if error.problem == "duplicate" else "malformed"
        raise RejectedError(file, code, f"invalid JSON: {error}{place}") from None


def json_canonical(raw: bytes, file: str, *, newline: bool = False) -> Any:
    """Parse a JSON value in RFC 8785 form (optionally with a final line feed, if `newline` is set).

    Raises:
        RejectedError: See `json_loads`; also if the encoding is not canonical.
    """
    value = json_loads(raw, file)
    try:
        again = canonical_json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise RejectedError(file, "malformed", f"not canonical JSON ({error})") from None
    if raw != again and not (newline and raw == again + b"\n"):
        raise RejectedError(file, "not-canonical", "JSON that is not in canonical form (RFC 8785)")
    return value


def signature_low_s(der: bytes) -> bytes:
    """The DER of an ECDSA P-256 signature with the smaller of s and n - s (both would verify)."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    r, s = decode_dss_signature(der)
    return encode_dss_signature(r, min(s, P256_ORDER - s))


def signature_canonical(der: bytes, file: str) -> bytes:
    """Check that the bytes are the canonical encoding of an ECDSA P-256 signature, and return them.

    Raises:
        RejectedError: Not DER, non-canonical DER, or the larger of s and n - s.
    """
    try:
        again = signature_low_s(der)
    except ValueError:
        raise RejectedError(file, "bad-signature", "the signature is not a DER sequence of two integers") from None
    if again != der:
        raise RejectedError(file, "not-canonical", "the signature is not canonical (strict DER, low s)")
    return der
