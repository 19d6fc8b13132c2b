"""What labels say about their cells: parts of a cell, units, better directions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from audit.literature.tables.cells import Parsed
from audit.literature.tables.table import Cell, Direction, Unit

# A cell, and the values in it if there are several.
Found: TypeAlias = tuple[Cell, tuple[Parsed, ...]]

_IN_PERCENT = re.compile(r"[(\[]\s*%|\bin\s*%|\bper ?cent\b|\bpercentages?\b", re.IGNORECASE)


def in_parts(found: Sequence[Found]) -> list[Cell]:
    """The cells, with those of several values as one cell per value where exactly one label has as many parts."""
    cells: list[Cell] = []
    columns: set[tuple[str, ...]] = set()
    for cell, parts in found:
        names = [n for n in map(label_parts, dict.fromkeys(cell.labels)) if len(n) == len(parts)] if parts else []
        if len(names) != 1:
            cells.append(cell)
            continue
        if any(label_parts(label) == names[0] for label in cell.column):
            columns.add(cell.column)
        for name, part in zip(names[0], parts, strict=True):
            cells.append(replace(cell, text=part.text, value=part.value, deviation=part.deviation, unit=part.unit,
                                 marks=(*part.marks, *cell.marks), part=name, reason=part.reason))  # fmt: skip
    return [
        replace(cell, value=None, deviation=None, marks=(), reason="several-labels")
        if cell.value is not None and cell.part is None and cell.column in columns
        else cell
        for cell in cells
    ]


def label_parts(text: str) -> list[str]:
    """A label such as `clean / other` in parts; `w/` and `w/o` are words."""
    return [part.strip() for part in re.split(r"(?<!\bw)\s*[/|]\s*", text)]


def _direction(labels: Sequence[str]) -> Direction | None:
    lower, higher = (any(arrow in text for text in labels) for arrow in "↓↑")
    return None if lower == higher else "lower" if lower else "higher"


def with_hints(cells: Sequence[Cell], caption: str | None) -> list[Cell]:
    """The cells with units and directions that labels and the caption give."""
    percent = any("%" in text for cell in cells for text in cell.labels)
    everywhere = not percent and bool(_IN_PERCENT.search(caption or ""))
    hinted: list[Cell] = []
    for cell in cells:
        unit: Unit | None = cell.unit
        if cell.value and unit is None and (everywhere or any("%" in text for text in cell.labels)):
            unit = "percent"
        hinted.append(replace(cell, unit=unit, direction=_direction(cell.labels)))
    return hinted
