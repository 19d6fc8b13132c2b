"""Git metadata of a checkout; standard library only, for scripts that run before anything is installed."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from audit._util.clock import given_epoch


def git(folder: Path, *arguments: str) -> str | None:
    """The output of a git command; None if it fails."""
    # `safe.directory=*`: the code may have been loaded from another user's checkout.
    command = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", str(folder), "--no-optional-locks"]
    try:
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def image_arguments(folder: Path) -> dict[str, str]:
    """Build arguments for the labels of an image, from a checkout.

    REVISION: the commit, with `-dirty` if there are uncommitted changes. SOURCE_DATE_EPOCH and CREATED: the date in the
    environment variable, otherwise the commit's. SOURCE: the URL of the clone, if it is public.
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
