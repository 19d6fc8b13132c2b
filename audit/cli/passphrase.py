"""Where a passphrase or PIN comes from: a file, a variable, or the person at the terminal; never a command line."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path

from audit.errors import InputError, MissingError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The two options that name the source."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="read the key's passphrase (or the token's PIN) from the first line of FILE",
    )
    group.add_argument("--passphrase-env", metavar="NAME", help="read it from the environment variable NAME")


def ask(args: argparse.Namespace, prompt: str, *, twice: bool = False) -> bytes:
    """The passphrase; asked at the terminal if no option names a source.

    Raises:
        MissingError: The file or variable does not exist, or there is no terminal to ask at.
        InputError: It is empty, or the two entries differ.
    """
    if args.passphrase_file is not None:
        try:
            text = str(args.passphrase_file.read_text(encoding="utf-8").split("\n", 1)[0]).removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise MissingError(
                f"the passphrase cannot be read ({error.__class__.__name__})", where=str(args.passphrase_file)
            ) from None
    elif args.passphrase_env is not None:
        if args.passphrase_env not in os.environ:
            raise MissingError("the variable is not set", where=args.passphrase_env)
        text = str(os.environ[args.passphrase_env])
    elif not sys.stdin.isatty():
        raise MissingError(
            "a passphrase is needed, and there is no terminal to ask at",
            fix="--passphrase-file FILE or --passphrase-env NAME",
        )
    else:
        text = getpass.getpass(f"{prompt}: ")
        if twice and getpass.getpass(f"{prompt} again: ") != text:
            raise InputError("the two passphrases differ")
    if not text:
        raise InputError("the passphrase is empty", fix="--no-passphrase leaves the key unencrypted")
    return text.encode("utf-8")
