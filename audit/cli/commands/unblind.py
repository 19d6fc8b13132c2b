"""`repro-audit unblind`: open what a blind package seals."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

HELP = """Open the commitments of a blind package: write a signed statement with the facts that were left out and their salts,
which `repro-audit verify PACKAGE --unblinding FILE` holds against the package. The package is not changed. Without --key,
the key that signed the package signs; with it, the lasting key whose fingerprint the package seals."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    from audit.cli import key_options

    parser.add_argument("package", type=Path, metavar="PACKAGE", help="the blind package's folder or zip")
    parser.add_argument("--unblind-file", type=Path, required=True, metavar="FILE",
                        help="the unblind.json that was written with the package")  # fmt: skip
    parser.add_argument("--only", metavar="KIND[,KIND]",
                        help="open only these kinds, such as institution,person,key (default: everything)")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("unblinding.sigstore.json"), metavar="FILE",
                        help="where the statement goes (default: %(default)s)")  # fmt: skip
    key_options.add_arguments(parser, ephemeral=True)


def run(args: argparse.Namespace) -> int:
    """Write the statement."""
    from audit._util.files import write_atomic
    from audit.cli import key_options
    from audit.errors import InputError
    from audit.provenance.blinding import secret, unblinding
    from audit.provenance.errors import RejectedError
    from audit.provenance.format import archive
    from audit.provenance.records.run_record import utc
    from audit.provenance.signing import keys

    if not args.out.name.endswith(unblinding.SUFFIX):
        raise InputError(f"the file's name must end in {unblinding.SUFFIX}", where=str(args.out))
    kept = secret.read(args.unblind_file)
    try:
        files = archive.read(args.package)
    except RejectedError as error:
        raise InputError(
            error.why, where=f"{args.package}: {error.file}", fix="give the package as it was made"
        ) from None
    only = [part.strip() for part in (args.only or "").split(",") if part.strip()]
    opened = unblinding.openable(files, kept, str(args.unblind_file), only)
    key = kept.key if args.key is None else key_options.load(args)
    beside = args.out.with_name(args.out.name.removesuffix(unblinding.SUFFIX) + unblinding.KEY_SUFFIX)
    written = {args.out: unblinding.build(files, opened, key, utc(time.time())), beside: keys.public_pem(key.public)}
    for path, data in written.items():
        write_atomic(path, data)
    for one in opened:
        if one.kind in {"institution", "person", "repository", "record", "key"}:
            print(f"{one.kind:<12} {one.name:<28} {one.value}")
    sealed = {keys.fingerprint(kept.key.public)} | {one.value for one in opened if one.kind == "key"}
    if keys.fingerprint(key.public) not in sealed:
        print(
            "The package does not name this key: the statement shows that its signer knows the salts, not who sealed them."
        )
    print(f"wrote {args.out} and {beside}: {len(opened)} commitments opened")
    print(f"check it with `repro-audit verify PACKAGE --unblinding {args.out}`")
    return 0
