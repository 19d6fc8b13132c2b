"""Classes that installed packages offer by entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from audit.errors import InputError


def load(point: EntryPoint) -> tuple[Any, str, str]:
    """What an entry point names, and for messages about it: where it stands, and what to do.

    Raises:
        InputError: It cannot be loaded.
    """
    where = f"entry point {point.name} = {point.value} ({point.group})"
    fix = f"Update or remove the package {point.dist.name if point.dist else point.module}."
    try:
        return point.load(), where, fix
    except Exception as error:  # a foreign package may raise anything
        raise InputError(f"cannot be loaded: {error}", where=where, fix=fix) from error
