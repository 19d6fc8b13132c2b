"""What `--help` must not import, and how long a module may be. What may import what is in pyproject.toml (import-linter)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from audit.cli import COMMANDS
from tests.support.paths import ROOT

HEAVY = ("torch", "transformers", "weasyprint", "pyhanko", "matplotlib", "sacrebleu", "numpy", "ray", "pydantic", "pyarrow",
         "rapidfuzz", "yaml", "cryptography", "docker", "jinja2", "babel", "rich", "nltk", "audit.schema",
         "tasks.task")  # fmt: skip


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize(
    "arguments", [["--help"], *([name, "--help"] for name in COMMANDS), ["import", "kaldi", "--help"]]
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = f"""
import sys
from audit.cli import main
try:
    main({arguments!r})
except SystemExit as stop:
    assert stop.code == 0
heavy = [n for n in {HEAVY!r} if n in sys.modules]
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage: repro-audit" in done.stdout


@pytest.mark.parametrize("arguments", [["conventions"], ["conventions", "--long"], ["conventions", "--show", "hufs"]])
def test_lists_of_conventions_count_nothing(arguments: list[str]) -> None:
    code = f"""
import sys
from audit.cli import main
assert main({arguments!r}) == 0
heavy = {{"numpy", "sacrebleu", "rapidfuzz", "audit.schema"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "hufs" in done.stdout


# All values of audit.json stand in one file, which is a list of small dataclasses.
LONG_BY_DESIGN = {"audit/schema.py"}


def test_modules_stay_readable() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("audit", "tasks")
        for path in modules(folder)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert set(long) == {"audit/schema.py"}  # a list of fields, in one place on purpose
