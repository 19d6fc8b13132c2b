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
    """Debian's smallest system as a tar in `folder`, made once; for images that install packages."""
    path = folder / f"debian-{suite}.tar"
    if path.is_file():
        return path
    program = shutil.which("debootstrap")
    if program is None:
        _without("debootstrap is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    root, part = folder / f"{suite}.root", folder / f"{suite}.part"
    shutil.rmtree(root, ignore_errors=True)  # of a start that was broken off
    made = subprocess.run([program, "--variant=minbase", suite, str(root)], capture_output=True, text=True, check=False)
    if made.returncode:
        shutil.rmtree(root, ignore_errors=True)
        _without(f"debootstrap failed: {(made.stdout + made.stderr).strip().splitlines()[-1][:300]}")
    if CERTIFICATES:
        (root / "etc/ssl").mkdir(exist_ok=True)
        shutil.copy(CERTIFICATES, root / "etc/ssl/machine.crt")
        (root / "etc/pip.conf").write_text("[global]\ncert = /etc/ssl/machine.crt\n", encoding="utf-8")
    subprocess.run(
        ["tar", "--create", "--file", str(part), "--directory", str(root), "--exclude=./dev/*", "."], check=True
    )
    shutil.rmtree(root)
    part.rename(path)
    return path


def _without(reason: str) -> NoReturn:
    """Skip; but whoever names a folder for the base wants the tests that need it."""
    if os.environ.get("REPRO_AUDIT_TEST_BASE"):
        pytest.fail(reason)
    pytest.skip(reason)
