"""The keys of a model file: their types, defaults and meaning, from which errors and the documentation are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Value: TypeAlias = str | int | bool | tuple[str, ...] | None
# At most nine digits on each side: what a decoder's setting needs.
_DECIMAL = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?\Z")


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of values: its name for readers, and the value of a field, or None if it is not one."""

    name: str
    read: Callable[[Any], Value]


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a model file.

    Attributes:
        name: The key.
        kind: The type of its value.
        default: Its value if it is absent; None leaves the matter to the model.
        what: What it is, for the documentation.
        optional: Whether `null` is a value.
        recorded: Whether it is a decoding parameter, which determines the rows. If not, the run's environment says it.
    """

    name: str
    kind: Kind
    default: Value
    what: str
    optional: bool = False
    recorded: bool = True


def choice(*words: str) -> Kind:
    """One of these words."""
    return Kind(f"one of {', '.join(words)}", lambda value: value if value in words else None)


def whole(least: int, most: int) -> Kind:
    """A whole number."""

    def read(value: Any) -> Value:
        return value if type(value) is int and least <= value <= most else None

    return Kind(f"a whole number from {least} to {most}", read)


def _decimal(value: Any) -> str | None:
    text = str(value) if type(value) is int else value
    return text if isinstance(text, str) and _DECIMAL.match(text) else None


def _decimals(value: Any) -> Value:
    if not isinstance(value, list) or not value:
        return None
    found = [_decimal(one) for one in value]
    return None if None in found else tuple(text for text in found if text is not None)


TEXT = Kind("a text", lambda value: value if isinstance(value, str) and value.strip() else None)
FLAG = Kind("true or false", lambda value: value if type(value) is bool else None)
DECIMAL = Kind("a decimal number in quotes", _decimal)
DECIMALS = Kind("a list of decimal numbers in quotes", _decimals)


def shown(value: Value) -> str | int | bool | None:
    """A value for records: a list as one text."""
    return ", ".join(value) if isinstance(value, tuple) else value


def names(keys: Sequence[Key]) -> list[str]:
    """The names of keys, in order."""
    return [key.name for key in keys]
