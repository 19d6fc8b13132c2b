"""The options of a blind edition, for `run`, `all` and `package`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import InputError

if TYPE_CHECKING:
    from audit.pipeline.request import BlindOptions

_ONLY = ("identity", "not_identity", "own_paper", "unblind_file")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--blind` and what belongs to it."""
    group = parser.add_argument_group("blind edition")
    group.add_argument(
        "--blind",
        action="store_true",
        help="make OUT/blind/ with reports and a package that do not name the team; OUT itself names it",
    )
    group.add_argument(
        "--identity",
        action="append",
        default=[],
        metavar="TEXT",
        help="a further name that must not be seen: a nickname, a name in another script (repeatable)",
    )
    group.add_argument(
        "--not-identity",
        action="append",
        default=[],
        metavar="TEXT",
        help="a word that is found as an identity and is none (repeatable)",
    )
    group.add_argument(
        "--own-paper",
        action="store_true",
        help="the audited paper is the team's own: leave out who wrote it and where it is",
    )
    group.add_argument(
        "--unblind-file",
        type=Path,
        metavar="FILE",
        help="what opens the package later; keep it secret (default: OUT/unblind.json, used again)",
    )


def blind_options(args: argparse.Namespace) -> BlindOptions | None:
    """What the options ask for; None without `--blind`.

    Raises:
        InputError: An option of a blind edition is given without it, or an empty name.
    """
    from audit.pipeline.request import BlindOptions

    if not args.blind:
        for name in _ONLY:
            if getattr(args, name):
                raise InputError(f"--{name.replace('_', '-')} needs --blind", fix="add --blind, or leave it out")
        return None
    for text in (*args.identity, *args.not_identity):
        if not any(character.isalnum() for character in text):
            raise InputError(f"{text!r} is not a name", where="--identity", fix="give a name with letters or digits")
    return BlindOptions(tuple(args.identity), tuple(args.not_identity), args.own_paper, args.unblind_file)
