"""The invented tables of tests/assets/tables, against the cells that were written down before there was a parser."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.literature.tables.read import read_tables
from audit.literature.tables.table import Cell, Table

ASSETS = Path(__file__).parents[3] / "assets" / "tables"
CASES = sorted(ASSETS.glob("*.json"))
# Named by what papers print; each has to be shown by at least three files.
FEATURES = {
    "booktabs", "multirow", "multicolumn", "plus-minus", "bold", "footnote-marks", "percent-signs", "percent-in-header",
    "dash-range", "dash-no-value", "arrows", "underline", "subscript", "thousands", "nested-tabular", "two-header-rows",
    "row-groups", "slash-values", "bounds", "missing-cells", "cmidrule", "escaped-ampersand", "comments", "own-macros",
    "siunitx", "makecell", "unicode-minus", "spanning-cells",
}  # fmt: skip


def expected_cells(table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in (table, *table.get("panels", ())):
        headings = [" ".join(parts) for parts in panel["stub"]]
        count = len(panel["columns"])
        for labels, entries in panel["rows"]:
            groups = [""] * (len(labels) - len(headings))
            named = [*groups, *headings]
            for index, entry in enumerate(entries):
                for item in entry if isinstance(entry, list) else [entry]:
                    cell = {"value": item} if isinstance(item, str) else dict(item)
                    unit = cell.get("unit") or (panel.get("units", [None] * count)[index] if "value" in cell else None)
                    yield {
                        "row": tuple(labels),
                        "headings": tuple(named) if len(named) == len(labels) else None,
                        "column": tuple(panel["columns"][index]),
                        "value": cell.get("value"),
                        "deviation": cell.get("deviation"),
                        "unit": unit,
                        "direction": panel["directions"][index] if "directions" in panel else None,
                        "check_direction": "directions" in panel,
                        "marks": tuple(cell.get("marks", ())),
                        "part": cell.get("part"),
                        "reason": cell.get("reason"),
                        "text": cell.get("left_out"),
                    }


def differences(cell: Cell, wanted: dict[str, Any]) -> list[str]:
    names = ["row", "column", "value", "deviation", "unit", "marks", "part", "reason"]
    names += ["text"] if wanted["reason"] else []
    names += ["headings"] if wanted["headings"] is not None else []
    names += ["direction"] if wanted["check_direction"] else []
    return [f"{n}: {getattr(cell, n)!r} != {wanted[n]!r}" for n in names if getattr(cell, n) != wanted[n]]


def source(case: Path) -> Path:
    return next(p for p in case.parent.glob(f"{case.stem}.*") if p.suffix != ".json")


def pairs(case: Path) -> Iterator[tuple[Table, dict[str, Any]]]:
    tables = read_tables(source(case))
    wanted = json.loads(case.read_text())["tables"]
    assert len(tables) == len(wanted)
    return zip(tables, wanted, strict=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_cell_is_as_a_reader_reads_it(case: Path) -> None:
    for table, wanted in pairs(case):
        cells = list(expected_cells(wanted))
        wrong = [found for cell, want in zip(table.cells, cells, strict=False) if (found := differences(cell, want))]
        assert wrong == []
        assert len(table.cells) == len(cells)
        assert (table.number, table.caption) == (wanted["number"], wanted["caption"])
        marks = wanted.get("label_marks", {})
        assert {name: list(found) for name, found in table.label_marks.items()} == marks


def test_every_feature_is_in_at_least_three_files() -> None:
    counts = Counter(feature for case in CASES for feature in json.loads(case.read_text())["features"])
    assert {feature: counts[feature] for feature in FEATURES if counts[feature] < 3} == {}
    assert len(CASES) >= 20
