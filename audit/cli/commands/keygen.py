"""`repro-audit keygen`: make a signing key."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit.cli import passphrase

HELP = """Make a signing key (ECDSA P-256) in three files: KEY.pem (private, mode 0600), KEY.pub.pem (give it to
verifiers) and KEY.cert.pem (a self-signed certificate with the name, for the PDF). No file is ever overwritten."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("key", type=Path, metavar="KEY.pem", help="where the private key goes")
    parser.add_argument(
        "--name", required=True, help="the name in the certificate, as the PDF shows it: 'Jane Doe, University of X'"
    )
    parser.add_argument("--no-passphrase", action="store_true", help="leave the private key unencrypted")
    passphrase.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Make the key."""
    from audit.errors import InputError
    from audit.provenance.signing import keygen, keys

    if args.key.suffix != ".pem":
        raise InputError("the key's file name must end in .pem", where=str(args.key))
    if args.no_passphrase and (args.passphrase_file or args.passphrase_env):
        raise InputError("--no-passphrase and a passphrase exclude each other")
    if args.key.exists():
        raise InputError(
            "the file exists, and a key is never overwritten", where=str(args.key), fix="choose another name"
        )
    secret = None if args.no_passphrase else passphrase.ask(args, "Passphrase for the new key", twice=True)
    paths = keygen.generate(args.key, args.name, secret)
    public = keys.load_public(paths["public"].read_bytes(), str(paths["public"]))
    for what, path in paths.items():
        print(f"{what:<12} {path}")
    print(f"fingerprint  {keys.fingerprint(public)}")
    return 0
