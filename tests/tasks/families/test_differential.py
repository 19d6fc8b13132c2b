"""Conventions against the programs that they are named after: equal values on 240 made rows each, part by part.

The programs' values are stored in tests/assets/source_outputs (`python -m benchmarks.differential` makes them). A difference
is either mended or declared: in the convention's summary or notes, and below with its cause.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tasks.convention import Convention, first_failed
from tasks.registry import conventions
from tasks.row import Row
from tasks.step_cache import ChainCache
from tests.support.paths import ROOT
from tests.support.source_rows import digest, made

FOLDER = ROOT / "tests/assets/source_outputs"
FILES = sorted(FOLDER.glob("*.json"))
KNOWN = conventions()
# Parts that differ, and why.
DECLARED: dict[str, tuple[int, str]] = {}


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def value(convention: Convention, rows: Sequence[Row]) -> float | None:
    kept = [row for row, failed in zip(rows, first_failed(rows, convention.select), strict=True) if failed is None]
    cache = ChainCache(kept)
    found = convention.metric.fold(
        convention.metric.count(
            cache.values(convention.hypothesis_view, convention.hypothesis),
            cache.values(convention.reference_view, convention.reference),
        )
    )
    return None if found is None else float(found)


def compared(path: Path) -> tuple[int, list[tuple[int, float | None, float]]]:
    """The number of compared parts, and (part, ours, the source's) of those that differ; part -1 is the whole."""
    stored = load(path)
    convention = KNOWN[tuple(stored["convention"].split(" "))]  # type: ignore[index]
    reason = convention.unavailable()
    if reason:
        pytest.skip(reason)
    rows = [Row(r["id"], r["hypothesis"], r["reference"], extra=r["extra"]) for r in made(stored["rows"])]
    size = stored["size"]
    parts = [(n, stored["parts"][n], rows[n * size : (n + 1) * size]) for n in range(len(stored["parts"]))]
    given = [(n, v, part) for n, v, part in [*parts, (-1, stored["whole"], rows)] if v is not None]
    close = 0.5 * 10 ** -stored["places"] * 1.0001 if stored["places"] is not None else None
    different = [
        (n, ours, v)
        for n, v, part in given
        if (ours := value(convention, part)) is None
        or ours != pytest.approx(v, rel=1e-7 if close is None else 0, abs=close or 1e-6)
    ]
    return len(given), different


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_source_gives_the_same_values(path: Path) -> None:
    _, different = compared(path)
    expected, why = DECLARED.get(path.stem, (0, ""))
    assert len(different) == expected, (why, different[:5])


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_stored_outputs_say_where_they_come_from(path: Path) -> None:
    stored = load(path)
    assert digest(made(stored["rows"])) == stored["rows_sha256"]
    assert len(stored["commit"]) == 40
    assert stored["command"].startswith("python -m benchmarks.differential")
    assert len(stored["parts"]) * stored["size"] == len(made(stored["rows"])) >= 200
    assert sum(v is not None for v in stored["parts"]) >= 0.7 * len(stored["parts"])
