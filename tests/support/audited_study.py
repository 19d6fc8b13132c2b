"""A study of one claim that holds, with its predictions and its audit, as the commands make them."""

from __future__ import annotations

import os
from pathlib import Path

from audit.cli import main
from tests.support.import_files import text


def make(folder: Path) -> Path:
    """Fill an empty folder; returns it."""
    (folder / "hyp").write_bytes(text("u-1 the cat sat on the mat", "u-2 good mourning everyone", "u-3 yes"))
    (folder / "ref").write_bytes(text("u-1 the cat sat on the mat", "u-2 good morning everyone", "u-3 yes"))
    before = Path.cwd()
    os.chdir(folder)
    try:
        new = ["--task", "t-1", "--family", "asr", "--claim", "wer=10.0%", "--model", "M"]
        assert main(["import", "kaldi", "hyp", "--references", "ref", *new]) == 0
        assert main(["run", "--no-package", "--format", "csv", "--replicates", "0"]) == 0
    finally:
        os.chdir(before)
    return folder
