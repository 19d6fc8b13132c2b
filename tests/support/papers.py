"""Papers made in tests: PDFs with tables and prose, and claims on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit.facts import Claim, Locator

STYLE = """
<style>
@page { size: A4; margin: 2cm }
body { font: 10pt serif }
table { border-collapse: collapse; margin: 0 auto }
td, th { padding: 1pt 7pt; text-align: left; font-weight: normal }
.columns { columns: 2; column-gap: 1cm; column-fill: auto; height: 24cm }
</style>
"""
# Prose that reaches over the line, so that a page's columns can be told apart from its tables.
PROSE = (
    "The models were compared on public test sets, and every output was scored with the rules that its authors publish, so "
    "that the numbers can be held against those of earlier work; differences below the rounding of a table mean nothing. "
)


def pdf(path: Path, body: str) -> Path:
    """A PDF of an HTML body."""
    from weasyprint import HTML

    HTML(string=f"{STYLE}{body}").write_pdf(str(path))
    return path


def table(*rows: Sequence[str]) -> str:
    """An HTML table."""
    return "<table>" + "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows) + "</table>"


def claim(value: str, row: str, column: str, table_name: str = "Table 2", **fields: Any) -> Claim:
    """A claim with a locator."""
    return Claim(f"t.wer@{row}", "t", "wer", value, locator=Locator(table_name, row, column), **fields)
