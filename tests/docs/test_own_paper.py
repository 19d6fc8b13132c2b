"""The tutorial `Audit your own paper`: its commands run as they stand, and print what the page shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.console import Shown, shown
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "tutorial" / "audit-your-own-paper.md"
FILES = ROOT / "docs" / "tutorial" / "own-paper"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's files, and with `repro-audit` beside it."""
    place = tmp_path_factory.mktemp("own-paper")
    program = place / "bin" / "repro-audit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m audit "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    shutil.copytree(FILES, place / "paper")
    return place


EXIT = "exit code "


def run(block: Shown, folder: Path) -> str:
    """What a command prints; it ends with the exit code that the page states, or with 0."""
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "COLUMNS": "80",
    }
    done = subprocess.run(
        ["sh", "-c", block.command], cwd=folder / "paper", env=environment, capture_output=True, text=True, check=False
    )
    stated = [int(line.removeprefix(EXIT)) for line in block.output if line.startswith(EXIT)]
    assert [done.returncode] == (stated or [0]), f"{block.command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def missing(block: Shown, printed: str) -> list[str]:
    """The lines of the page that the command did not print; `...` stands for lines that the page leaves out."""
    lines = [line.rstrip() for line in printed.splitlines()]
    told = [line.rstrip() for line in block.output if line.strip() not in {"", "..."} and not line.startswith(EXIT)]
    return [line for line in told if line not in lines]


def test_the_commands_print_what_the_page_shows(folder: Path) -> None:
    blocks = list(shown(PAGE.read_text(encoding="utf-8")))
    assert len(blocks) >= 5
    for block in blocks:
        printed = run(block, folder)
        assert not missing(block, printed), f"{block.command}\n{printed}"


def test_a_line_that_was_not_printed_is_found() -> None:
    assert missing(Shown("x", ("a  1", "...", "b  2")), "a  1\nc  3\n") == ["b  2"]


def test_every_file_of_the_folder_is_named_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [path.name for path in sorted(FILES.iterdir()) if path.name not in page] == []
