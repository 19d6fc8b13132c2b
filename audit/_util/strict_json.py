"""Hooks for strict `json.loads`: no duplicate fields, no NaN, no infinity."""

from __future__ import annotations

from typing import Any


def no_copies(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, for `object_pairs_hook`.

    Raises:
        ValueError: A field is a duplicate; ordinary JSON readers silently keep one of the values.
    """
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"duplicate field {name!r}")
        found[name] = value
    return found


def no_constant(name: str) -> Any:
    """For `parse_constant`.

    Raises:
        ValueError: Always, because `NaN` and `Infinity` are not JSON numbers.
    """
    raise ValueError(f"{name} is not a JSON number")
