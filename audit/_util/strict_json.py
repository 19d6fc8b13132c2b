"""Strict JSON: UTF-8, no duplicate fields, no NaN or infinity, bounded depth, and fractions only if the format allows them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, Literal

Fractions = Literal["floats", "text", "refused"]
Problem = Literal["encoding", "syntax", "duplicate", "number", "depth", "record"]

# No format read here nests deeper than a dozen levels. What passes this reader can be walked by recursion.
DEEPEST = 64
# The largest integer that RFC 8785 can write, and that every reader of JSON keeps.
LARGEST = 2**53 - 1


class InvalidJsonError(ValueError):
    """Text that is not strict JSON; `str` gives the reason.

    Attributes:
        problem: The kind of error.
        line: The line of the error, from 1; None if unknown.
        column: The character in that line, or for `encoding` the byte, from 1.
    """

    def __init__(self, problem: Problem, reason: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(reason)
        self.problem, self.line, self.column = problem, line, column


def loads(text: str | bytes, fractions: Fractions = "floats", *, exact: bool = False) -> Any:
    """Parse a JSON text.

    Args:
        text: A string, or UTF-8 bytes.
        fractions: Whether `1.5` is read as a float, kept as text, or refused.
        exact: Whether to refuse what canonical JSON cannot write: integers above 2**53 - 1, and halves of surrogate pairs.
            Files of third parties have such integers in ids, and a model's output may end in the middle of a character.

    Raises:
        InvalidJsonError: The text is not strict JSON, or nests deeper than `DEEPEST`.
    """
    try:
        string = text if isinstance(text, str) else text.decode("utf-8")
        value = _DECODERS[fractions].decode(string)
        if exact or _deep(string):
            check(value, exact=exact)
        return value
    except UnicodeDecodeError as error:
        start = error.object.rfind(b"\n", 0, error.start) + 1
        line = error.object.count(b"\n", 0, start) + 1
        raise InvalidJsonError("encoding", "not UTF-8", line, error.start - start + 1) from None
    except json.JSONDecodeError as error:
        raise InvalidJsonError("syntax", error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise InvalidJsonError("depth", "nested too deeply") from None
    except InvalidJsonError:
        raise
    except ValueError as error:  # an integer of thousands of digits
        raise InvalidJsonError("number", str(error)) from None


def _deep(text: str) -> bool:
    """Whether a text may nest too deeply; cheap, because rows are read by the million."""
    return text.count("[") + text.count("{") > DEEPEST


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def check(value: Any, *, exact: bool = True) -> None:
    """Check depth, texts and integers of a parsed value.

    Raises:
        InvalidJsonError: It nests deeper than `DEEPEST`, or, if `exact`, contains half of a surrogate pair or an integer above
            2**53 - 1.
    """
    level: list[Any] = [value]
    for depth in range(DEEPEST + 1):
        if depth == DEEPEST and any(isinstance(item, dict | list) for item in level):
            raise InvalidJsonError("depth", "nested too deeply")
        following: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                following += item.keys()
                following += item.values()
            elif isinstance(item, list):
                following += item
            elif isinstance(item, str):
                if exact and not item.isascii() and not _encodable(item):
                    raise InvalidJsonError("encoding", f"half of a surrogate pair in {item[:40]!r}")
            elif exact and isinstance(item, int) and not -LARGEST <= item <= LARGEST:
                raise InvalidJsonError(
                    "number", f"an integer of {len(str(abs(item)))} digits; the largest is {LARGEST}"
                )
        level = following


def no_copies(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An `object_pairs_hook` that rejects duplicate fields; ordinary JSON readers silently keep one of the values.

    Raises:
        InvalidJsonError: There is a duplicate field.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise InvalidJsonError("duplicate", f"duplicate field {twice!r}")
    return found


def no_constant(name: str) -> Any:
    """A `parse_constant` that rejects every constant.

    Raises:
        InvalidJsonError: Always: `NaN` and `Infinity` are not JSON numbers.
    """
    raise InvalidJsonError("number", f"{name} is not a JSON number")


def _no_fraction(text: str) -> Any:
    raise InvalidJsonError("number", f"{text[:40]} is a fraction; this format allows only integers and decimal strings")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise InvalidJsonError("number", f"{text[:40]} is too large for a number")
    return value


_READERS: dict[Fractions, Callable[[str], Any]] = {"floats": _finite, "text": str, "refused": _no_fraction}
_DECODERS = {
    name: json.JSONDecoder(object_pairs_hook=no_copies, parse_constant=no_constant, parse_float=reader)
    for name, reader in _READERS.items()
}
