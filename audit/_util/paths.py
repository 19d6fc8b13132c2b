"""Where the project's own data are: beside the code in a checkout, inside the package where it is installed."""

from __future__ import annotations

from pathlib import Path

from tasks.backends.user_cache import user_cache

__all__ = ["LITERATURE", "ROOT", "TEMPLATES", "user_cache"]

# The folder that holds `audit/` and `tasks/`: a checkout, or site-packages.
ROOT = Path(__file__).resolve().parent.parent.parent
# setup.py puts literature/ and templates/ here, so that an installation has two names at its top and no more.
_PACKAGED = ROOT / "audit" / "_data"
_DATA = ROOT if (ROOT / "pyproject.toml").is_file() or not _PACKAGED.is_dir() else _PACKAGED
LITERATURE = _DATA / "literature"
TEMPLATES = _DATA / "templates"
