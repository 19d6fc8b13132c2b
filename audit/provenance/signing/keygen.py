"""Key generation: private key, public key and certificate in three new files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from audit.errors import InputError
from audit.provenance.signing.certificate import self_signed
from audit.provenance.signing.keys import PemKey, ephemeral, public_pem


def generate(path: Path, name: str, passphrase: bytes | None) -> dict[str, Path]:
    """Create a key pair: `path` (private, mode 0600), and beside it `.pub.pem` and `.cert.pem`.

    Args:
        path: The file for the private key; the other two names are derived from its stem.
        name: The common name in the certificate, shown in the PDF.
        passphrase: Encrypts the private key; None leaves it unencrypted.

    Raises:
        InputError: One of the three files already exists; keys are never overwritten.
    """
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    paths = {"private": path, "public": path.with_suffix(".pub.pem"), "certificate": path.with_suffix(".cert.pem")}
    for target in paths.values():
        if target.exists() or target.is_symlink():
            raise InputError(
                "the file exists already, and a key is never overwritten", where=str(target), fix="choose another name"
            )
    key = PemKey(ephemeral().private)
    encryption = BestAvailableEncryption(passphrase) if passphrase is not None else NoEncryption()
    _create(paths["private"], key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption), 0o600)
    _create(paths["public"], public_pem(key.public), 0o644)
    _create(paths["certificate"], self_signed(key, name), 0o644)
    return paths


def _create(path: Path, data: bytes, mode: int) -> None:
    """Write a new file atomically; `os.link` fails if the name exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".key.")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            os.fchmod(handle.fileno(), mode)
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.link(name, path)
    except FileExistsError:
        raise InputError("the file exists already, and a key is never overwritten", where=str(path)) from None
    finally:
        Path(name).unlink()
