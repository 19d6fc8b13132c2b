"""The tutorial `Audit a real model in five minutes`: what needs no model runs as it stands, and prints what the page shows.

The second part, which makes the outputs, is run by tests/audit/inference/test_whisper_base.py.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from tests.docs.test_own_paper import missing, run
from tests.support.console import shown
from tests.support.paths import ROOT

FILES = ROOT / "docs" / "tutorial" / "real-model"
PAGE = (ROOT / "docs" / "tutorial" / "real-model.md").read_text(encoding="utf-8")
WITH_MODEL = "## Make the outputs yourself"


def test_the_commands_print_what_the_page_shows(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "repro-audit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m audit "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    shutil.copytree(FILES, tmp_path / "paper")
    blocks = list(shown(PAGE[: PAGE.index(WITH_MODEL)]))
    assert [block.command.split()[1] for block in blocks] == ["score", "rows", "run"]
    for block in blocks:
        printed = run(block, tmp_path)
        assert not missing(block, printed), f"{block.command}\n{printed}"
    assert (tmp_path / "paper" / "out" / "report.pdf").read_bytes().startswith(b"%PDF")


def test_the_page_quotes_the_outputs() -> None:
    rows = [json.loads(line) for line in (FILES / "predictions/harbour-asr.jsonl").read_text("utf-8").splitlines()]
    written = {row["reference"]: row["hypothesis"] for row in rows}
    table = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    quoted = [cells for cells in table if cells[0] in written]
    assert len(quoted) == 5
    for spoken, text in quoted:
        assert written[spoken] == text
    assert (FILES / "model.yaml").read_text("utf-8") in PAGE
