"""A very small base image: the shell and a few programs of this machine, with the libraries that they load."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.paths import ROOT

PROGRAMS = ("sh", "cat", "chmod", "env", "grep", "head", "id", "ls", "sleep", "tail", "touch")
FOLDERS = ("data", "dev", "etc", "out", "predictions", "proc", "sys", "tmp", "weights")


def write(path: Path) -> None:
    """A root file system of some MiB, as a tar."""
    files: dict[str, Path] = {}
    for program in PROGRAMS:
        found = shutil.which(program)
        if found is None:
            pytest.skip(f"this machine has no {program} to make a base image of")
        files[f"bin/{program}"] = Path(found).resolve()
        listed = subprocess.run(["ldd", found], capture_output=True, text=True, check=False).stdout
        files |= {library.lstrip("/"): Path(library).resolve() for library in re.findall(r"(/\S+) \(0x", listed)}
    with tarfile.open(path, "w") as tar:
        for name in FOLDERS:
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(folder)
        for name, source in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = source.stat().st_size, 0o755
            with source.open("rb") as handle:
                tar.addfile(member, handle)


# Where this machine's certificates are, if it has others than a browser's: a build needs them to fetch anything.
CERTIFICATES = os.environ.get("PIP_CERT") or os.environ.get("REQUESTS_CA_BUNDLE")


def debootstrap(folder: Path, suite: str = "bookworm") -> Path:
    """Debian's smallest system as a tar in `folder`, made once by scripts/image/base; for images that install packages."""
    path = folder / f"debian-{suite}.tar"
    if path.is_file():
        return path
    certificates = {"CERTIFICATE": CERTIFICATES} if CERTIFICATES else {}
    made = subprocess.run(
        ["sh", str(ROOT / "scripts/image/base"), str(folder)],
        env={**os.environ, "SUITE": suite, **certificates}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        _without(made.stderr.strip()[-300:])
    return path


def _without(reason: str) -> NoReturn:
    """Skip; but whoever names a folder for the base wants the tests that need it."""
    if os.environ.get("REPRO_AUDIT_TEST_BASE"):
        pytest.fail(reason)
    pytest.skip(reason)
