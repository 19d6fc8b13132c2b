"""`unblind.json`: what opens the commitments of blind packages, kept by the team and published by nobody.

It holds the secret from which salts are derived, the private key of the packages, and for each package what was sealed. A
package that is made again with the same file has the same commitments and the same key; packages that were made before stay
in it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from audit._util.files import write_atomic
from audit._util.strict_json import InvalidJsonError, loads
from audit.errors import InputError, MissingError
from audit.provenance.blinding.commitments import Sealed, from_json
from audit.provenance.signing.keys import PemKey, ephemeral

SCHEMA = "repro-audit/unblind/1"
NAME = "unblind.json"
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Secret:
    """The contents of an unblind.json.

    Attributes:
        secret: 32 random bytes.
        key: Signs the blind packages, and is used for nothing else.
        packages: SHA-256 of the payload of a package's root statement -> what it seals.
    """

    secret: bytes
    key: PemKey
    packages: dict[str, tuple[Sealed, ...]]

    def with_package(self, root: str, sealed: tuple[Sealed, ...]) -> Secret:
        """With what one more package seals."""
        return replace(self, packages={**self.packages, root: sealed})


def new() -> Secret:
    """A new secret with a new key."""
    return Secret(secrets.token_bytes(_BYTES), replace(ephemeral(), identity="ephemeral"), {})


def read(path: Path) -> Secret:
    """Read an unblind.json.

    Raises:
        MissingError: There is no such file.
        InputError: It is not an unblind.json.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    fix = f"Give the {NAME} that was written when the package was made blind."
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise MissingError(f"cannot be read ({error.strerror})", where=str(path), fix=fix) from None
    try:
        value = loads(raw, "refused", exact=True)
        if value["schema"] != SCHEMA or set(value) != {"schema", "secret", "key", "packages"}:
            raise InputError(f"is not a {SCHEMA}", where=str(path), fix=fix)
        private = load_pem_private_key(value["key"].encode("ascii"), password=None)
        secret = bytes.fromhex(value["secret"])
        packages = {root: tuple(map(from_json, entries)) for root, entries in value["packages"].items()}
    except (InvalidJsonError, UnsupportedAlgorithm, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"is damaged ({error})", where=str(path), fix=fix) from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or len(secret) != _BYTES:
        raise InputError("is damaged (another kind of key, or a secret of another length)", where=str(path), fix=fix)
    return Secret(secret, PemKey(private, "ephemeral"), packages)


def write(path: Path, value: Secret) -> None:
    """Write an unblind.json, readable by its owner alone, completely or not at all.

    Raises:
        InputError: It cannot be written.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = value.key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    content = {
        "schema": SCHEMA,
        "secret": value.secret.hex(),
        "key": pem,
        "packages": {root: [one.opened() for one in sealed] for root, sealed in value.packages.items()},
    }
    try:
        write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n", mode=0o600)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", where=str(path), fix="Give --unblind-file another path."
        ) from error
