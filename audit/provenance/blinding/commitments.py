"""Commitments to what a blind package leaves out: they give nothing away, and can be opened in one way only.

    commitment = SHA-256("repro-audit/sealed/1" 00 SALT JSON)       JSON: the canonical JSON of [kind, name, value]
    salt       = HMAC-SHA-256(secret, JSON)

The secret has 32 random bytes and is never published, so each salt is as good as 32 random bytes: a value cannot be found by
trying values, opening one commitment helps with no other, and the same facts sealed again with the same secret give the same
bytes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit._util import canonical_json

SALT_BYTES = 32
_DOMAIN = b"repro-audit/sealed/1\x00"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A fact that a blind package leaves out, with what opens its commitment.

    Attributes:
        kind: What it is: `person`, `repository`, `machine`, ...
        name: The neutral name that stands in its place, or a label.
        value: The fact.
        salt: Of `SALT_BYTES` bytes.
    """

    kind: str
    name: str
    value: str
    salt: bytes

    @property
    def commitment(self) -> str:
        """In hexadecimal."""
        return commitment(self.kind, self.name, self.value, self.salt)

    def public(self) -> dict[str, str]:
        """What the signed statement says."""
        return {"kind": self.kind, "name": self.name, "sha256": self.commitment}

    def opened(self) -> dict[str, str]:
        """What the statement that opens it says."""
        return {"kind": self.kind, "name": self.name, "value": self.value, "salt": self.salt.hex()}


def commitment(kind: str, name: str, value: str, salt: bytes) -> str:
    """The commitment to a fact, in hexadecimal."""
    return hashlib.sha256(_DOMAIN + salt + _encoded(kind, name, value)).hexdigest()


def seal(kind: str, name: str, value: str, secret: bytes) -> Sealed:
    """Seal a fact."""
    return Sealed(kind, name, value, hmac.digest(secret, _encoded(kind, name, value), "sha256"))


def from_json(entry: Mapping[str, Any]) -> Sealed:
    """A sealed fact with what opens it, as `Sealed.opened` writes it.

    Raises:
        KeyError, TypeError, ValueError: It is not of this form.
    """
    kind, name, value, salt = (entry[key] for key in ("kind", "name", "value", "salt"))
    if len(entry) != 4 or not all(isinstance(part, str) for part in (kind, name, value, salt)):
        raise ValueError("not kind, name, value and salt")
    raw = bytes.fromhex(salt)
    if len(raw) != SALT_BYTES or raw.hex() != salt:
        raise ValueError(f"a salt is not {2 * SALT_BYTES} lower-case hexadecimal digits")
    return Sealed(kind, name, value, raw)


def _encoded(kind: str, name: str, value: str) -> bytes:
    return canonical_json.dumps([kind, name, value])
