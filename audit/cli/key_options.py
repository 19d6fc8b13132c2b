"""The signing key that the options select: a PEM file, a key in a token, or one made for this audit."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from audit.cli import passphrase
from audit.provenance.signing import keys
from audit.provenance.signing.keys import TOKEN, VARIABLE, SigningKey


def add_arguments(parser: argparse.ArgumentParser, *, ephemeral: bool) -> None:
    """`--key` and the source of its passphrase."""
    without = "; without it, a key is made for this package, which proves integrity, not identity" if ephemeral else ""
    parser.add_argument(
        "--key",
        required=not ephemeral,
        default=os.environ.get(VARIABLE) or None if ephemeral else None,
        metavar="FILE|pkcs11:LABEL",
        help=f"the private key: a PEM file, or the label of a key in a PKCS#11 token{without}",
    )
    parser.add_argument("--pkcs11-module", metavar="FILE", help="the token's PKCS#11 library (default: $PKCS11_MODULE)")
    passphrase.add_arguments(parser)


def certificate_beside(args: argparse.Namespace) -> Path | None:
    """KEY.cert.pem beside the key file that the options name, as `repro-audit keygen` writes it; None if there is none."""
    if args.key is None or args.key.startswith(TOKEN):
        return None
    beside = Path(args.key).with_suffix(".cert.pem")
    return beside if beside.is_file() else None


def load(args: argparse.Namespace) -> SigningKey:
    """The key that the options name.

    Raises:
        MissingError: There is no such file, token or library.
        InputError: It is not a P-256 key, or the passphrase is wrong.
    """
    if args.key is None:
        return keys.ephemeral()
    if args.key.startswith(TOKEN):
        from audit.provenance.signing import hsm

        return hsm.load(
            args.key.removeprefix(TOKEN), args.pkcs11_module, lambda: passphrase.ask(args, "PIN of the token")
        )
    path = Path(args.key)
    key = keys.load_private(path, lambda: passphrase.ask(args, f"Passphrase of {path.name}"))
    if keys.readable_by_others(path):
        print(f"repro-audit: {path} is readable by others; run `chmod 600 {path.name}`", file=sys.stderr)
    return key
