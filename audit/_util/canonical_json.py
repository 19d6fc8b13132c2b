"""Canonical JSON (RFC 8785) without floats: equal values have equal bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785

# Ten times faster than the general encoder; `_plain` says where its bytes are those of RFC 8785.
_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
).encode
LARGEST = 2**53 - 1


def _plain(value: object, path: str) -> bool:
    """Whether the standard library's encoder writes the value canonically.

    It sorts keys by code points, RFC 8785 by UTF-16 code units, which agree below U+10000. Values that cannot be encoded
    are left to rfc8785, which raises the error.
    """
    if value is None or isinstance(value, str):
        return True
    if isinstance(value, int):
        return -LARGEST <= value <= LARGEST
    if isinstance(value, float):
        raise TypeError(
            f"{path}: floats ({value!r}) are not allowed in canonical JSON; use an integer or a decimal string"
        )
    plain = isinstance(value, (dict, list, tuple))
    if isinstance(value, Mapping):
        for key, item in value.items():
            plain &= isinstance(key, str) and (key.isascii() or max(key) <= "\uffff")
            plain &= _plain(item, f"{path}.{key}")
    elif isinstance(value, Sequence):
        for index, item in enumerate(value):
            plain &= _plain(item, f"{path}[{index}]")
    return plain


def dumps(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value made of dicts, lists, strings, integers, booleans and null.

    Raises:
        TypeError: The value contains a float; the message names its path.
        ValueError: It contains an integer beyond 2**53 - 1, a lone surrogate, a key that is not a string, or an
            unsupported type.
    """
    return _encode(value).encode("utf-8") if _plain(value, "$") else rfc8785.dumps(value)
