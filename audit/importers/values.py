"""Values of a source's cells: texts, lists written as JSON or by Python, options by letter."""

from __future__ import annotations

import ast
import io
import re
import string
import tokenize
from typing import Any

from audit._util.strict_json import InvalidJsonError, loads
from audit.errors import InputError

_LISTED = "Correct it, or write the list as JSON."
# A first string that is followed by a second one, or by the list's end.
_BROKEN = re.compile(r"""\[\s*(["']).*?\1\s*(?:,\s*["']|\]\Z)""", re.DOTALL)


def written_list(text: str, where: str) -> list[Any] | None:
    """The list that a text is written as, in JSON or as Python prints it; None for a text that only begins with `[`.

    `["a", "b"]` and `['a', 'b']` are lists; `[Music] a man sings` is a text.

    Raises:
        InputError: The text begins like a list of strings but is neither, or is an array as numpy prints it
            (`['a' 'b']`, which Python would read as one string).
    """
    plain = text.strip()
    if not plain.startswith("["):
        return None
    try:
        found = loads(plain)
    except InvalidJsonError:
        found = _python_list(plain, where)
    if isinstance(found, list):
        return found
    if _BROKEN.match(plain):
        raise InputError(
            f"begins like a list, but is neither a JSON list nor a Python list: {plain[:60]!r}",
            where=where,
            fix=_LISTED,
        )
    return None


def _python_list(text: str, where: str) -> list[Any] | None:
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(found, list):
        return None
    if all(isinstance(item, str) for item in found) and _string_tokens(text) > len(found):
        raise InputError(
            f"an array as numpy prints it, without commas: {text[:60]!r}",
            where=where,
            fix="Write the list as JSON: values.tolist() before saving.",
        )
    return found


def _string_tokens(text: str) -> int:
    try:
        return sum(token.type == tokenize.STRING for token in tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return 0


def flattened(values: list[Any]) -> list[Any]:
    """Values of several fields as one list; a field may hold a list itself, and null and empty cells are left out."""
    found: list[Any] = []
    for value in values:
        found += value if isinstance(value, list) else [value]
    return [value for value in found if value is not None and value != ""]


def options(values: list[Any], where: str) -> list[str]:
    """The options of a multiple-choice item, from one field with all of them or from one field each.

    One field may hold a list, a JSON or Python list as text, or an object `{"A": "dog", "B": "cat"}` with letters in order.

    Raises:
        InputError: The value is none of these.
    """
    if len(values) == 1:
        (value,) = values
        if isinstance(value, str):
            value = _written_object(value) or written_list(value, where)
        if isinstance(value, dict):
            letters = "".join(str(name).strip("(). ").upper() for name in value)
            if not letters or not string.ascii_uppercase.startswith(letters):
                raise InputError("options that are not lettered A, B, ... in order", where=where, fix=_LISTED)
            value = list(value.values())
        values = value if isinstance(value, list) else [value]
    found = flattened(values)
    if len(found) < 2 or not all(isinstance(item, str) for item in found):
        raise InputError("not a list of at least two options (texts)", where=where, fix=_LISTED)
    return found


def _written_object(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = loads(text)
    except InvalidJsonError:
        return None
    return found if isinstance(found, dict) else None


def lettered(value: Any, choices: list[str] | None, where: str) -> str:
    """The option that a letter names: `B`, `(b)` or `b.`.

    Raises:
        InputError: The value is not a letter, there are no options, or too few.
    """
    if choices is None:
        raise InputError("a letter without options", where=where, fix="Map them: --field choices=NAME.")
    letter = str(value).strip().strip("()[].: ").upper()
    if len(letter) != 1 or letter not in string.ascii_uppercase:
        raise InputError(
            f"not a letter: {str(value)[:40]!r}", where=where, fix="Map the text with --field reference=NAME."
        )
    index = string.ascii_uppercase.index(letter)
    if index >= len(choices):
        raise InputError(f"the letter {letter}, but there are {len(choices)} options", where=where, fix="Correct it.")
    return choices[index]
