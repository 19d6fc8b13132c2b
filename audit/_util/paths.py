"""Where the project's own data are: beside the code in a checkout, inside the package where it is installed."""

from __future__ import annotations

import os
from pathlib import Path

# The folder that holds `audit/` and `tasks/`: a checkout, or site-packages.
ROOT = Path(__file__).resolve().parent.parent.parent
# setup.py puts literature/ and templates/ here, so that an installation has two names at its top and no more.
_PACKAGED = ROOT / "audit" / "_data"
_DATA = ROOT if (ROOT / "pyproject.toml").is_file() or not _PACKAGED.is_dir() else _PACKAGED
LITERATURE = _DATA / "literature"
TEMPLATES = _DATA / "templates"


def user_cache(name: str) -> Path:
    """A folder of this program in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "repro-audit" / name
