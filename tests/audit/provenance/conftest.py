from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.judges import TOOLS, installed
from tests.support.paths import ROOT
from tests.support.provenance import made


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    """A package in memory; a test that changes it copies it first."""
    return made.make()


@pytest.fixture
def folder(files: dict[str, bytes], tmp_path: Path) -> Path:
    return made.write(files, tmp_path / "package")


@pytest.fixture(scope="session")
def need() -> Callable[..., None]:
    """Skip unless programs are installed."""

    def check(*programs: str) -> None:
        for program in programs:
            if shutil.which(program) is None:
                pytest.skip(f"needs the program {program}")

    return check


@pytest.fixture(scope="session")
def tools_python() -> Path:
    """The Python of scripts/provenance-tools."""
    path = TOOLS / "python" / "bin" / "python"
    if not path.exists():
        pytest.skip("needs scripts/provenance-tools to have been run (securesystemslib, roc-validator)")
    return path


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The node_modules of scripts/provenance-tools."""
    if shutil.which("node") is None or not (TOOLS / "node_modules" / "@sigstore").is_dir():
        pytest.skip("needs node, and scripts/provenance-tools to have been run (@sigstore/verify)")
    return TOOLS / "node_modules"


@pytest.fixture(scope="session")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a program `repro-audit`, the checkout's."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "repro-audit"
    commands = ("keygen", "package", "verify", "countersign", "diff", "report")
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom audit import cli as cli\n"
        f"for name in {commands!r}:\n    cli.COMMANDS.setdefault(name, '')\nsys.exit(cli.main())\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return folder


@pytest.fixture
def shell(cli: Path, tools_python: Path, node_modules: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a block of VERIFY.md as it stands, in a package's folder."""

    def run(block: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        if "cosign " in block:
            installed("cosign")
        beside = folder.parent / "node_modules"
        if not beside.exists():
            beside.symlink_to(node_modules)
        path = f"{cli}:{tools_python.parent}:{TOOLS}:{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": str(folder.parent), "LANG": "C.UTF-8", **variables}
        return subprocess.run(
            ["bash", "-c", block], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run
