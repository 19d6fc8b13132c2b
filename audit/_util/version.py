"""The project's name and version."""

from __future__ import annotations

from importlib import metadata

from audit._util.paths import ROOT

PROJECT = "repro-audit"
# Source of name and version if the project is not installed.
PYPROJECT = ROOT / "pyproject.toml"


def project_version() -> str:
    """The version of the installed package, otherwise that in the checkout's pyproject.toml."""
    try:
        return metadata.version(PROJECT)
    except metadata.PackageNotFoundError:
        import tomllib

        return str(tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["version"])
