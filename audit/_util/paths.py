"""Where the project's own data are: in a checkout, or beside the installed package."""

from __future__ import annotations

from pathlib import Path

# `audit/`, `literature/` and `templates/` lie side by side, in a checkout as in site-packages.
ROOT = Path(__file__).resolve().parent.parent.parent
LITERATURE = ROOT / "literature"
TEMPLATES = ROOT / "templates"
