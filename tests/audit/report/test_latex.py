"""table.tex, read by LaTeX itself."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from audit.report.language import Language
from audit.report.latex import render_tex
from tests.support.example_audit import document

ASCII = "".join(map(chr, range(32, 127)))


def compiled(table: str, folder: Path) -> str:
    """The words of a page that inputs the table and loads the packages that it names."""
    for program in ("pdflatex", "kpsewhich", "pdftotext"):
        if shutil.which(program) is None:
            pytest.skip(f"needs the program {program}")
    packages = re.findall(r"\\usepackage\{(\w+)\}", table)
    for name in packages:
        if subprocess.run(["kpsewhich", f"{name}.sty"], capture_output=True, check=False).returncode:
            pytest.skip(f"needs the LaTeX package {name}")
    (folder / "table.tex").write_text(table, encoding="utf-8")
    loaded = "".join(f"\\usepackage{{{name}}}" for name in packages)
    (folder / "page.tex").write_text(
        f"\\documentclass{{article}}\\usepackage[landscape]{{geometry}}{loaded}\n"
        "\\begin{document}\\tiny\\input{table}\\end{document}\n",
        encoding="utf-8",
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "page.tex"]
    ran = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout[-2000:]
    found = subprocess.run(
        ["pdftotext", "-layout", "page.pdf", "-"], cwd=folder, capture_output=True, text=True, check=True
    )
    return found.stdout


def test_latex_sets_the_table(audit: dict[str, Any], tmp_path: Path) -> None:
    words = compiled(render_tex(document(audit)), tmp_path)
    for text in ("Reported", "Recomputed", "28.4", "not reproduced"):
        assert text in words
    assert len([line for line in words.splitlines() if line.strip()]) >= 1 + len(audit["claims"])


def test_no_name_is_a_command(audit: dict[str, Any], tmp_path: Path) -> None:
    value = copy.deepcopy(audit)
    value["claims"][0]["task_name"] = f"{ASCII} \\input{{/etc/passwd}} \u00e9 \u2013 \u2212 \u00d7"
    words = compiled(render_tex(document(value)), tmp_path)
    assert "\\input{/etc/passwd}" in words
    assert "root:" not in words


def test_the_korean_table_names_the_package_that_sets_it(audit: dict[str, Any], tmp_path: Path) -> None:
    words = compiled(render_tex(document(audit), Language.KOREAN), tmp_path)
    assert "28.4" in words
    assert re.search("[\uac00-\ud7a3]", words)
