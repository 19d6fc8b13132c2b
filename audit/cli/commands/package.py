"""`repro-audit package`: sign an audit's output."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = """Make the signed package of an audit's output folder: OUT/package/ and OUT/package.zip. It holds the reports, the
signed PDF, the counts, environment, bill of materials, statements, public key and VERIFY.md. It holds the
predictions' hashes; --with-predictions adds the predictions, which some data sets' licences forbid to publish."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    from audit.cli import key_options

    parser.add_argument("out", type=Path, metavar="OUT", help="the folder that `repro-audit run` wrote")
    key_options.add_arguments(parser, ephemeral=True)
    parser.add_argument(
        "--certificate",
        type=Path,
        metavar="FILE",
        help="the key's certificate and its chain, PEM (default: KEY.cert.pem, or one made from the key)",
    )
    parser.add_argument("--name", help="the name in a certificate made from the key")
    parser.add_argument("--ssh-key", type=Path, metavar="FILE", help="a separate OpenSSH key for the SSH signature")
    parser.add_argument("--timestamp", metavar="URL", help="ask this RFC 3161 server for time stamps")
    parser.add_argument(
        "--predictions",
        type=Path,
        metavar="PATH",
        help="the folder of predictions, or its one file that the audit was computed from",
    )
    parser.add_argument("--with-predictions", action="store_true", help="include the predictions in the package")


def run(args: argparse.Namespace) -> int:
    """Make the package."""
    from audit.cli import key_options, passphrase
    from audit.errors import InputError
    from audit.provenance import package
    from audit.provenance.signing import keys, sshsig, timestamp

    if args.with_predictions and args.predictions is None:
        raise InputError("--with-predictions needs the predictions", fix="--predictions DIR")
    key = key_options.load(args)
    ssh = (
        None
        if args.ssh_key is None
        else sshsig.load(args.ssh_key, lambda: passphrase.ask(args, f"Passphrase of {args.ssh_key.name}"))
    )
    options = package.Options(
        key=key,
        certificates=_certificates(args),
        name=args.name,
        ssh=ssh,
        requester=None if args.timestamp is None else timestamp.http(args.timestamp),
        predictions=args.predictions,
        with_predictions=args.with_predictions,
    )
    folder = package.build(args.out, options)
    print(f"wrote {folder} and {folder}.zip")
    print(f"key {keys.fingerprint(key.public)}")
    if key.identity == "ephemeral":
        print("The key was made for this package alone: it proves integrity, not identity.")
        print("`repro-audit keygen` makes a lasting one.")
    return 0


def _certificates(args: argparse.Namespace) -> bytes | None:
    from audit.cli import key_options
    from audit.errors import MissingError

    if args.certificate is not None:
        if not args.certificate.is_file():
            raise MissingError("no such file", where=str(args.certificate), fix="check --certificate")
        return bytes(args.certificate.read_bytes())
    beside = None if args.name is not None else key_options.certificate_beside(args)
    return None if beside is None else beside.read_bytes()
