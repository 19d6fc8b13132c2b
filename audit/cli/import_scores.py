"""What an import prints beside its counts: the first rows, and the file's own scores held against the conventions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.importers.interface import Imported
    from audit.importers.stored_totals import StoredTotal
    from tasks.row import Row
    from tasks.task import Task

SHOWN = 3


def first_rows(imported: Imported) -> Iterator[str]:
    """The first rows in the order of the source, field by field; texts are quoted, so that white space can be seen."""
    for row in imported.rows[:SHOWN]:
        fields = list(_fields(row))
        width = max(len(name) for name, _ in fields)
        yield f"row {row.id}"
        yield from (f"  {name:<{width}}  {value}" for name, value in fields)


def _fields(row: Row) -> Iterator[tuple[str, str]]:
    for name in ("hypothesis", "reference", "prompt", "finished"):
        value = getattr(row, name)
        if value is not None or name in {"hypothesis", "reference"}:
            yield name, json.dumps(value, ensure_ascii=False, default=str)
    for name, value in row.extra.items():
        yield name, json.dumps(value, ensure_ascii=False, default=str)


def compared(stated: StoredTotal, task: Task, path: Path) -> dict[str, float]:
    """The values of all conventions of the stated metric on the imported rows, by convention, in the stated unit.

    Conventions that need what is not here (Java, a judge) are left out.
    """
    from audit import api

    table = api.score(task, path, metrics=[str(stated.metric)], replicates=0)
    wanted = 100 if stated.unit == "percent" else 1
    return {
        score.convention.id: float(score.exact * wanted / score.convention.metric.scale)
        for score in table
        if score.exact is not None
    }


def comparison(stated: StoredTotal, values: Mapping[str, float]) -> str:
    """Which conventions print the stated score, or the nearest one."""
    from tasks.statistics.printed import prints

    head = f"{stated.name} {stated.stored}"
    if not values:
        return f"{head}: no convention of the metric could be counted here"
    same = [name for name, value in values.items() if prints(value, _plain(stated.stored))]
    if same:
        return f"{head}: counted here by {', '.join(same)}"
    nearest = min(values, key=lambda name: abs(values[name] - float(stated.stored)))
    return f"{head}: no convention gives it; the nearest is {nearest} with {values[nearest]:.6g}"


def _plain(stored: str) -> str:
    """The number with at most six decimals: a float's last digits are not what a table prints."""
    from decimal import Decimal

    value = Decimal(stored)
    places = min(6, max(0, -int(value.as_tuple().exponent)))
    return f"{value:.{places}f}"
