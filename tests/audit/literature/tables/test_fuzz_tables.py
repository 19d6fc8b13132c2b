"""Broken tables end in cells or in an InputError, never in a traceback: seeded mutations of the invented tables."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from audit.errors import InputError
from audit.literature.tables.read import read_tables

ASSETS = Path(__file__).parents[3] / "assets" / "tables"
FILES = sorted(p for p in ASSETS.iterdir() if p.suffix in {".tex", ".md", ".csv"} and p.name != "README.md")
# Twenty per file; REPRO_AUDIT_FUZZ sets the number for all.
ROUNDS = max(int(os.environ.get("REPRO_AUDIT_FUZZ", "0")) // len(FILES), 20)
PIECES = [
    "{", "}", "$", "\\", "&", "\\\\", "%", "|", '"', "\n", "#1", "±", "1.2", "^", "_", "--", "<br>", "\u2028",
    "\ud7ff", "\x00",
    "\\begin{tabular}{l}", "\\end{table}", "\\multirow{-9}{*}{", "\\multicolumn{99999999}{c}{x}", "\\multirow{99999999}{*}{x}",
    "\\newcommand{", "\\def\\x{\\x}", "\\num{", "\\cmidrule(",
]  # fmt: skip


def mutated(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text))
        end = start + chance.choice([0, 0, 1, 3, 20])
        text = text[:start] + chance.choice(["", *PIECES]) + text[end:]
    return text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_mutations(file: Path, tmp_path: Path) -> None:
    chance = random.Random(file.name)
    text = file.read_text(encoding="utf-8")
    path = tmp_path / f"table{file.suffix}"
    for _ in range(ROUNDS):
        changed = mutated(text, chance)
        path.write_text(changed, encoding="utf-8")
        try:
            tables = read_tables(path)
        except InputError as error:
            problem = error
        else:
            assert all(cell.value is not None or cell.reason for table in tables for cell in table.cells), changed
            continue
        assert (problem.where, problem.fix).count(None) == 0, changed


@pytest.mark.parametrize("text", ["{" * 3000, "$" * 999, "\\textbf{" * 3000, "\\begin{tabular}{l}" * 500])
def test_deep_nesting(text: str, tmp_path: Path) -> None:
    path = tmp_path / "table.tex"
    path.write_text(f"\\begin{{tabular}}{{lc}}\na & {text} 1.0 \\\\\n\\end{{tabular}}")
    with pytest.raises(InputError):
        read_tables(path)
    # Deep, and closed.
    path.write_text(
        "\\begin{tabular}{lc}\na & b \\\\ \\midrule c & " + "{" * 3000 + "1.0" + "}" * 3000 + "\\\\\n\\end{tabular}"
    )
    with pytest.raises(InputError, match="too deep"):
        read_tables(path)
