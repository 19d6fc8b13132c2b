"""Hooks for `json.loads` where JSON must be strict: no field twice, no NaN and no infinity."""

from __future__ import annotations

from typing import Any


def no_copies(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, for `object_pairs_hook`.

    Raises:
        ValueError: A field is there twice; plain JSON readers would keep one of the two in silence.
    """
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the field {name!r} is there twice")
        found[name] = value
    return found


def no_constant(name: str) -> Any:
    """For `parse_constant`.

    Raises:
        ValueError: Always: `NaN` and `Infinity` are no JSON numbers.
    """
    raise ValueError(f"{name} is no JSON number")
