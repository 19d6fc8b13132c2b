"""`repro-audit package`: sign an audit's output."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from audit.report.language import Language

if TYPE_CHECKING:
    from audit.pipeline.request import BlindOptions
    from audit.provenance.signing.keys import SigningKey
    from audit.provenance.signing.timestamp import Requester

HELP = """Make the signed package of an audit's output folder: OUT/package/ and OUT/package.zip. It holds the reports, the
signed PDF, the counts, environment, bill of materials, statements, public key and VERIFY.md. It holds the
predictions' hashes; --with-predictions adds the predictions, if the set card of every set allows publishing its texts.

With --blind, OUT/blind/ receives reports and a package that do not name the team, and OUT/unblind.json what opens them
later; a
key made for the package signs it, and the key that --key names is sealed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    from audit.cli import blind_options, key_options

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
    parser.add_argument("--lang", type=Language, choices=list(Language),
                        help="the language that the reports must have (default: that of report.html)")  # fmt: skip
    parser.add_argument("--codecheck", type=Path, metavar="FILE",
                        help="a YAML file with what codecheck.yml needs beside the audit: certificate, report, codechecker "
                        "and authors with their ORCIDs, repository")  # fmt: skip
    parser.add_argument("--with-predictions", action="store_true", help="include the predictions in the package")
    blind_options.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Make the package."""
    from audit.cli import blind_options, key_options, passphrase
    from audit.errors import InputError
    from audit.pipeline.deriving import derive
    from audit.provenance import package
    from audit.provenance.records import codecheck
    from audit.provenance.signing import keys, sshsig, timestamp

    if args.with_predictions and args.predictions is None:
        raise InputError("--with-predictions needs the predictions", fix="--predictions DIR")
    requester = None if args.timestamp is None else timestamp.http(args.timestamp)
    key = key_options.load(args)
    blind = blind_options.blind_options(args)
    if blind is not None:
        return _blind(args, blind, key, requester)
    ssh = (
        None
        if args.ssh_key is None
        else sshsig.load(args.ssh_key, lambda: passphrase.ask(args, f"Passphrase of {args.ssh_key.name}"))
    )
    options = package.Options(
        key=key,
        codecheck=None if args.codecheck is None else codecheck.load(args.codecheck),
        certificates=_certificates(args),
        name=args.name,
        ssh=ssh,
        requester=requester,
        predictions=args.predictions,
        with_predictions=args.with_predictions,
        language=args.lang,
        deriver=derive,
    )
    folder = package.build(args.out, options)
    print(f"wrote {folder} and {folder}.zip")
    print(f"key {keys.fingerprint(key.public)}")
    if key.identity == "ephemeral":
        print("The key was made for this package alone: it proves integrity, not identity.")
        print("`repro-audit keygen` makes a lasting one.")
    return 0


def _blind(args: argparse.Namespace, blind: BlindOptions, key: SigningKey, requester: Requester | None) -> int:
    """Make the blind edition: the key that the options name is sealed, and does not sign."""
    from audit.errors import InputError
    from audit.pipeline.publish import make_blind
    from audit.provenance.blinding.surroundings import Keys
    from audit.report.formats import RENDERERS
    from audit.report.language import Language

    if args.codecheck is not None:
        raise InputError("codecheck.yml would name people", where="--codecheck", fix="leave it out of a blind edition")
    comments = [args.name] if args.name else []
    if args.ssh_key is not None and (beside := args.ssh_key.with_name(f"{args.ssh_key.name}.pub")).is_file():
        comments.append(
            beside.read_text(encoding="utf-8", errors="replace").partition(" ")[2].partition(" ")[2].strip()
        )
    keys = Keys(None if key.identity == "ephemeral" else key, _certificates(args), tuple(filter(None, comments)))
    lines = make_blind(
        args.out,
        blind,
        keys,
        args.predictions,
        tuple(RENDERERS),
        args.lang or Language.ENGLISH,
        with_predictions=args.with_predictions,
        requester=requester,
    )
    print("\n".join(lines))
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
