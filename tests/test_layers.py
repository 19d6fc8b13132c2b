"""The data's way is one-directional: what a package may import, and what `--help` must not."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

HEAVY = ("torch", "transformers", "weasyprint", "pyhanko", "matplotlib", "sacrebleu", "numpy", "ray")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def test_tasks_know_nothing_of_the_audit() -> None:
    assert len(modules("tasks")) > 20
    for path in modules("tasks"):
        assert not {n for n in imported(path) if n.split(".")[0] == "audit"}, path


def test_torch_is_imported_in_one_place() -> None:
    for path in modules("audit") + modules("tasks"):
        inside = path.relative_to(ROOT).as_posix()
        if inside.startswith("audit/inference/") or inside == "audit/judge/local.py":
            continue
        assert not {n for n in imported(path) if n.split(".")[0] in {"torch", "transformers"}}, path


def test_the_report_reads_nothing_but_the_document() -> None:
    allowed = {
        "audit._util.canonical_json",
        "audit.errors",
        "audit._util.files",
        "audit._util.paths",
        "audit.report",
        "audit.verdict.agreement",
    }
    for path in modules("audit/report"):
        for name in imported(path):
            if name.split(".")[0] == "audit" and name != "audit":
                assert ".".join(name.split(".")[:2]) in allowed, f"{path}: {name}"
            assert name.split(".")[0] != "tasks", f"{path}: {name}"


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["score", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = f"""
import sys
from audit.cli import main
try:
    main({arguments!r})
except SystemExit as stop:
    assert stop.code == 0
heavy = [n for n in {HEAVY!r} if n in sys.modules]
assert not heavy or {arguments!r} != ["--help"], heavy
assert not set(heavy) - {{"numpy"}}, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage: repro-audit" in done.stdout


def test_modules_stay_readable() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("audit", "tasks")
        for path in modules(folder)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}
