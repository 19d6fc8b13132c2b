"""Fetches what scorers need and no package index has, and checks every such file by its hash, while an image is built.

    assets.py fetch --into FOLDER [--mirror URL] NAME=SHA256 ...    an empty SHA256: that one is not fetched
    assets.py check SITE_PACKAGES                                   the files that packages brought

What is fetched, and the hashes of what packages bring, is in `assets.json`. Exit codes: 0 done, 1 a file is not what its
hash says, 2 usage, 3 a file could not be fetched. Needs nothing but Python, which is all that there is at that stage.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

RECORD: dict[str, Any] = json.loads(Path(__file__).with_name("assets.json").read_text(encoding="utf-8"))


def digest(paths: list[Path]) -> str:
    """SHA-256 (hex) of a file; of several files, of the lines that `sha256sum` prints of them."""
    hashes = []
    for path in paths:
        with path.open("rb") as file:
            hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
    if len(paths) == 1:
        return hashes[0]
    lines = "".join(f"{value}  {path.name}\n" for value, path in zip(hashes, paths, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()


def fetch(name: str, wanted: str, into: Path, mirror: str | None) -> int:
    """Fetch one asset and put it under `into` if it is what `wanted` says; an exit code."""
    asset = RECORD["fetched"][name]
    if not wanted:
        print(f"{name}: not fetched, since no hash was given for it ({asset['what']})")
        return 0
    address = asset["url"]
    if mirror:
        address = f"{mirror.rstrip('/')}/{address.rsplit('/', maxsplit=1)[-1]}"
    with tempfile.TemporaryDirectory() as scratch:
        loaded = Path(scratch) / "loaded"
        try:
            with urllib.request.urlopen(address, timeout=120) as answer, loaded.open("wb") as file:  # noqa: S310
                shutil.copyfileobj(answer, file)
            files = _unpack(asset, loaded, Path(scratch) / name)
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            print(
                f"{name}: {address} could not be fetched: {error}; without it: --build-arg ASSETS=skip", file=sys.stderr
            )
            return 3
        found = digest(files)
        if found != wanted.lower():
            print(f"{name}: {address} is not the file wanted: its hash is {found}, not {wanted}", file=sys.stderr)
            return 1
        target = into / name
        target.mkdir(parents=True)
        for file in files:
            shutil.copyfile(file, target / file.name)
    print(f"{name}: {asset['what']}: {found}")
    return 0


def _unpack(asset: dict[str, Any], loaded: Path, folder: Path) -> list[Path]:
    folder.mkdir()
    if "file" in asset:
        return [loaded.rename(folder / asset["file"])]
    with zipfile.ZipFile(loaded) as archive:
        for name, member in asset["members"].items():
            with archive.open(member) as source, (folder / name).open("wb") as file:
                shutil.copyfileobj(source, file)
    return [folder / name for name in asset["members"]]


def check(site_packages: Path) -> int:
    """Compare every file that packages brought with its recorded hash; an exit code."""
    wrong = 0
    for name, wanted in RECORD["installed"].items():
        path = site_packages / name  # an absolute name stays itself
        found = digest([path]) if path.is_file() else "none"
        if found != wanted:
            print(f"{path}: its hash is {found}, not {wanted}", file=sys.stderr)
            wrong += 1
    print(f"{len(RECORD['installed']) - wrong} of {len(RECORD['installed'])} files are what their hashes say")
    return 1 if wrong else 0


def main(argv: list[str]) -> int:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("fetch")
    command.add_argument("--into", type=Path, required=True)
    command.add_argument("--mirror", default=None)
    command.add_argument("assets", nargs="*", metavar="NAME=SHA256")
    commands.add_parser("check").add_argument("site_packages", type=Path)
    options = parser.parse_args(argv)
    if options.command == "check":
        return check(options.site_packages)
    options.into.mkdir(parents=True, exist_ok=True)
    pairs = [item.partition("=") for item in options.assets]
    unknown = [name for name, _, _ in pairs if name not in RECORD["fetched"]]
    if unknown:
        parser.error(f"unknown asset {', '.join(unknown)}; there are: {', '.join(RECORD['fetched'])}")
    return max((fetch(name, wanted, options.into, options.mirror) for name, _, wanted in pairs), default=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
