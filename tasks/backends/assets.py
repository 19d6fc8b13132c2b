"""Files that scorers and tests need and no dependency brings: what they are, where they lie, and their hashes.

`assets.json` is the one record of them; `repro-audit assets` and the image's build take the files
(`tasks.backends.asset_files`). Standard library only, because the image's build has no more.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tasks.backends.user_cache import user_cache

FOLDER_VARIABLE = "REPRO_AUDIT_ASSETS"


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file of an asset; size and SHA-256 (hex) are None where its publisher states none and we had no copy."""

    name: str
    bytes: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Reduced:
    """A jar of those `members` of the file `of` that are read; uncompressed, so that its bytes are the same everywhere."""

    file: KnownFile
    of: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset.

    Attributes:
        id: `corenlp`, ...
        what: What it is and what needs it.
        licence: Its licence (SPDX), if known.
        variable: The environment variable that names its folder, or its file if it has one.
        files: Its files.
        coordinates: Maven coordinates, one for each file.
        reduced: What suffices of one file.
        package: The Debian package that installs it, and `installed`, where it does.
        url: Its publisher's address.
        wheels: Wheels of the Python index that hold it, as lines of a requirements file with hashes.
    """

    id: str
    what: str
    licence: str | None
    variable: str
    files: tuple[KnownFile, ...]
    coordinates: tuple[str, ...] = ()
    reduced: Reduced | None = None
    package: str | None = None
    installed: tuple[Path, ...] = ()
    url: str | None = None
    wheels: tuple[str, ...] = ()

    @property
    def fetch(self) -> str:
        """The command that gets it."""
        return f"repro-audit assets fetch {self.id}"

    def file(self, name: str) -> KnownFile:
        """A file by its name."""
        return next(one for one in self.files if one.name == name)


def _asset(name: str, raw: Mapping[str, Any]) -> Asset:
    def file(name: str, known: Mapping[str, Any]) -> KnownFile:
        return KnownFile(name, known["bytes"], known["sha256"])

    files = tuple(file(n, known) for n, known in raw["files"].items())
    cut = raw.get("reduced")
    reduced = None
    if isinstance(cut, dict):
        reduced = Reduced(file(cut["file"], cut), cut["of"], tuple(cut["members"]))
    return Asset(
        name,
        str(raw["what"]),
        raw["licence"],
        str(raw["variable"]),
        files,
        tuple(raw.get("coordinates", ())),
        reduced,
        raw.get("package"),
        tuple(map(Path, raw.get("installed", ()))),
        raw.get("url"),
        tuple(raw.get("wheels", ())),
    )


def _load() -> dict[str, Asset]:
    raw = json.loads(Path(__file__).with_name("assets.json").read_text(encoding="utf-8"))
    return {name: _asset(name, one) for name, one in raw.items()}


ASSETS: Mapping[str, Asset] = _load()


def assets_folder() -> Path:
    """The folder that holds a folder for each asset: `REPRO_AUDIT_ASSETS`, or one in the user's cache folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else user_cache("assets")


def place(asset: Asset) -> Path:
    """The folder (or, by the asset's variable, the file) where an asset is looked for first."""
    named = os.environ.get(asset.variable)
    return Path(named) if named else assets_folder() / asset.id


def sha256(path: Path) -> str:
    """The SHA-256 (hex) of a file, computed again only if the file changed."""
    state = path.stat()
    return _sha256(path, state.st_mtime_ns, state.st_size, state.st_ino)


@cache
def _sha256(path: Path, *_state: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def problem(path: Path, known: KnownFile) -> str | None:
    """What is wrong with a file, in a few words; None if it is the known one."""
    try:
        size = path.stat().st_size
    except OSError:
        return "not found"
    if known.bytes is not None and size < known.bytes:
        return f"cut short: {size:,} of {known.bytes:,} bytes"
    if known.bytes is not None and size > known.bytes:
        return f"{size:,} bytes, not {known.bytes:,}"
    if known.sha256 is not None and sha256(path) != known.sha256:
        return f"a different file: its SHA-256 begins with {sha256(path)[:12]}, not {known.sha256[:12]}"
    return None
