"""What a checkout's git knows of it; by the standard library alone, for programs that run before anything is installed."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from audit._util.clock import given_epoch


def git(folder: Path, *arguments: str) -> str | None:
    """What git prints; None where it cannot."""
    # Another user's checkout is read too: the one the code was loaded from.
    command = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", str(folder), "--no-optional-locks"]
    try:
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def image_arguments(folder: Path) -> dict[str, str]:
    """What the labels of an image say of a checkout, as build arguments.

    REVISION: its commit, `-dirty` if anything in it is not committed. SOURCE_DATE_EPOCH and CREATED: the variable's date,
    else the commit's. SOURCE: where it was cloned from, if that is a public address.
    """
    found: dict[str, str] = {}
    commit = git(folder, "rev-parse", "HEAD")
    if commit:
        found["REVISION"] = f"{commit}-dirty" if git(folder, "status", "--porcelain") != "" else commit
    given = given_epoch()
    epoch = git(folder, "log", "-1", "--format=%ct") if given is None else str(given)
    if epoch:
        found["SOURCE_DATE_EPOCH"] = epoch
        if epoch.isdigit():
            found["CREATED"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(epoch)))
    origin = urlsplit(git(folder, "config", "--get", "remote.origin.url") or "")
    if origin.scheme == "https" and origin.hostname and "@" not in origin.netloc:
        found["SOURCE"] = origin.geturl().removesuffix(".git")
    return found
