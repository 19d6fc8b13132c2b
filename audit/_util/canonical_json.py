"""Canonical JSON (RFC 8785) without floats: the same value always has the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785


def _check(value: object, path: str) -> None:
    if isinstance(value, float):
        raise TypeError(f"{path}: a float ({value!r}) may not enter canonical JSON; use an integer or a decimal string")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check(item, f"{path}.{key}")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            _check(item, f"{path}[{index}]")


def dumps(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value made of dicts, lists, strings, integers, booleans and null.

    Raises:
        TypeError: The value holds a float, at the path the message names.
    """
    _check(value, "$")
    return rfc8785.dumps(value)
