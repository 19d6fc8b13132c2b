"""JSON files beside a model's weights, and what is remembered about them: written by others, or by a run that died."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit._util.files import read_limited
from audit._util.strict_json import InvalidJsonError, loads
from audit.errors import InputError

# A tokenizer's vocabulary takes ten.
LARGEST = 64 * 2**20


def read_object(path: Path, fix: str) -> dict[str, Any]:
    """The object in a JSON file.

    Args:
        path: The file.
        fix: What to do about a file that is not one.

    Raises:
        InputError: It cannot be read, has more than `LARGEST` bytes, is not strict JSON, or holds no object.
    """
    try:
        found = loads(read_limited(path, LARGEST, "a JSON file of a model", fix))
    except InvalidJsonError as error:
        raise InputError(f"not strict JSON: {error}", where=str(path), fix=fix) from None
    if not isinstance(found, dict):
        raise InputError("not a JSON object", where=str(path), fix=fix)
    return found
