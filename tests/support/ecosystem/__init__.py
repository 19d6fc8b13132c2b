"""The programs of scripts/ecosystem-tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TOOLS = Path(os.environ.get("REPRO_AUDIT_ECOSYSTEM_TOOLS", ROOT / ".cache" / "ecosystem-tools"))
HERE = Path(__file__).parent


def python_of(name: str) -> Path:
    """The Python of a program's environment; the test is skipped without it."""
    python = TOOLS / name / "bin" / "python"
    if not python.exists():
        pytest.skip(f"needs scripts/ecosystem-tools to have been run ({name})")
    return python


def run(*command: str | Path, where: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program without network access of its libraries; its exit code is the caller's to check."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    environment.pop("PYTHONPATH", None)
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd=where,
                          env=environment)  # fmt: skip


def sclite() -> list[str]:
    """sclite's command; Debian calls it `sctk sclite`."""
    if shutil.which("sclite"):
        return ["sclite"]
    if shutil.which("sctk"):
        return ["sctk", "sclite"]
    pytest.skip("needs sclite (apt-get install sctk)")
