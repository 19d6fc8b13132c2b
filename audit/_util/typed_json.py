"""Read the project's records: frozen dataclasses from JSON, checked against their annotations."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from audit._util.strict_json import InvalidJsonError, loads

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Record = TypeVar("Record")


def read(kind: type[Record], text: str | bytes, *, exact: bool = False) -> Record:
    """Read a dataclass from a JSON text; unknown fields and values of a different type are errors.

    Args:
        kind: The dataclass.
        text: A string, or UTF-8 bytes.
        exact: Whether to refuse integers above 2**53 - 1 and halves of surrogate pairs.

    Raises:
        InvalidJsonError: The text is not strict JSON or not this record; the reason names the field.
    """
    from pydantic import ValidationError

    value = loads(text, exact=exact)
    try:
        found: Record = _adapter(cast("Any", kind)).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidJsonError("record", f"{place}: {first['msg']}" if place else first["msg"]) from None
    return found


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    from pydantic import ConfigDict, TypeAdapter, with_config

    # Set here, so that the records' modules need no validation library.
    return TypeAdapter(with_config(ConfigDict(extra="forbid"))(kind))
