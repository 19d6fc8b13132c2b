"""Strict JSON: UTF-8, no duplicate fields, no NaN or infinity, and fractions only if the format allows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

Fractions = Literal["floats", "text", "refused"]
Problem = Literal["encoding", "syntax", "duplicate", "number", "depth", "record"]


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


def loads(text: str | bytes, fractions: Fractions = "floats") -> Any:
    """Parse a JSON text.

    Args:
        text: A string, or UTF-8 bytes.
        fractions: Whether `1.5` is read as a float, kept as text, or refused.

    Raises:
        InvalidJsonError: The text is not strict JSON.
    """
    try:
        return _DECODERS[fractions].decode(text if isinstance(text, str) else text.decode("utf-8"))
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


_READERS: dict[Fractions, Callable[[str], Any]] = {"floats": float, "text": str, "refused": _no_fraction}
_DECODERS = {
    name: json.JSONDecoder(object_pairs_hook=no_copies, parse_constant=no_constant, parse_float=reader)
    for name, reader in _READERS.items()
}
