"""Where this program keeps what it can get or compute again."""

from __future__ import annotations

import os
import stat
from pathlib import Path

# The value of a cache's variable that switches it off.
OFF = "off"


def user_cache(name: str) -> Path:
    """A folder of this program in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "repro-audit" / name


def chosen_cache(variable: str, name: str) -> Path | None:
    """The folder that an environment variable names (`off`: none), or one in the user's cache folder."""
    named = os.environ.get(variable)
    if named == OFF:
        return None
    return Path(named) if named else user_cache(name)


def is_private(folder: Path) -> bool:
    """Make a folder if it is missing, and say whether only this user can write to it: whoever can decides values.

    Raises:
        OSError: It cannot be made or looked at.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = folder.stat()
    return state.st_uid == os.getuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
