"""The project's name and version."""

from __future__ import annotations

from importlib import metadata

from audit._util.paths import ROOT

PROJECT = "repro-audit"
# Says what the project is where it is not installed.
PYPROJECT = ROOT / "pyproject.toml"


def project_version() -> str:
    """Of the installed package; of the checkout's pyproject.toml where it is not installed."""
    try:
        return metadata.version(PROJECT)
    except metadata.PackageNotFoundError:
        import tomllib

        return str(tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["version"])
