"""The tutorial `Three commands`: its commands run as they stand, and print what the page shows."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.docs.test_own_paper import missing, run
from tests.support.console import shown
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "tutorial" / "three-commands.md"


def test_the_commands_print_what_the_page_shows(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "repro-audit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m audit "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    shutil.copytree(ROOT / "docs" / "tutorial" / "three-commands", tmp_path / "paper")
    page = PAGE.read_text(encoding="utf-8")
    blocks = list(shown(page))
    commands = [block.command for block in blocks]
    # From installation to the report: pip, and the first two of these.
    assert "pip install repro-audit" in page
    assert [command.split()[:2] for command in commands[:2]] == [["repro-audit", "import"], ["repro-audit", "run"]]
    for block in blocks:
        printed = run(block, tmp_path)
        assert not missing(block, printed), f"{block.command}\n{printed}"
    assert (tmp_path / "paper" / "out" / "report.pdf").read_bytes().startswith(b"%PDF")
