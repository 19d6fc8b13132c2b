"""The families of tasks as a table for a terminal, and as JSON."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from tasks.family import Family, Parameter
from tasks.registry import families

WIDTH = 80


def as_json() -> list[dict[str, Any]]:
    """Every family: id, summary, metrics, type of references, parameters."""
    return [
        {
            "id": family.id,
            "summary": family.summary,
            "metrics": list(family.build(family.example)),
            "reference": family.reference_type(family.example).value,
            "parameters": [
                {"name": p.name, "kind": p.kind, "required": p.default is None, "default": p.default, "help": p.help}
                for p in family.parameters
            ],
        }
        for family in families().values()
    ]


def lines() -> list[str]:
    """Every family in a few lines."""
    return [line for family in families().values() for line in _lines(family)]


def _lines(family: Family) -> list[str]:
    found = [family.id]
    for text in (
        family.summary,
        f"metrics: {', '.join(family.build(family.example))}",
        f"reference: {family.reference_type(family.example).value}",
        *map(_parameter, family.parameters),
    ):
        found += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return found


def _parameter(one: Parameter) -> str:
    kind = f"{one.kind}, required" if one.default is None else f"{one.kind}, by default {json.dumps(one.default)}"
    return f"{one.name} ({kind}): {one.help}"
