"""Reading audit.json: bytes in, frozen values out, and an error with place and remedy for anything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit._util.strict_json import no_constant, no_copies
from audit.errors import InputError
from audit.schema import SCHEMA, AuditDocument

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_FIX = "Give the audit.json of a run; a damaged one is written again by `repro-audit run`."


def load_document(path: Path) -> AuditDocument:
    """Read an audit.json.

    Raises:
        InputError: The file cannot be read or is not an audit.json; the error names the field.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), fix="Run `repro-audit run`.") from error
    return parse_document(data, str(path))


def parse_document(data: bytes, where: str) -> AuditDocument:
    """The document in the bytes of an audit.json.

    Args:
        data: The file's bytes.
        where: How errors name it.

    Raises:
        InputError: Invalid JSON, a float, a duplicate key, another schema, or a field of the wrong type.
    """
    try:
        value = json.loads(data, object_pairs_hook=no_copies, parse_constant=no_constant, parse_float=_no_float)
    except (ValueError, RecursionError) as error:
        raise InputError(f"invalid JSON: {error}", where=where, fix=_FIX) from error
    return structure(value, where)


def structure(value: Any, where: str) -> AuditDocument:
    """The document that a JSON value holds.

    Raises:
        InputError: As `parse_document`.
    """
    from pydantic import ValidationError

    found = value.get("schema") if isinstance(value, dict) else None
    if found != SCHEMA:
        raise InputError(f"has the schema {found!r}, not {SCHEMA!r}", where=where, fix=_FIX)
    try:
        return adapter().validate_json(_text({**value, "findings": _findings(value.get("findings", {}))}, where))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InputError(_words(first["type"], first["msg"]), where=_place(where, first["loc"]), fix=_FIX) from None


@cache
def adapter() -> TypeAdapter[AuditDocument]:
    """The validator of documents; made once, for making it takes longer than validating one."""
    from pydantic import TypeAdapter

    return TypeAdapter(AuditDocument)


def _text(value: Mapping[str, Any], where: str) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (UnicodeEncodeError, RecursionError) as error:
        raise InputError(f"invalid text: {error}", where=where, fix=_FIX) from None


def _findings(value: Any) -> Any:
    """Results of probes gathered under one key; in JSON each kind stands beside the others."""
    if not isinstance(value, dict):
        return value
    probes = {kind: found for kind, found in value.items() if kind.startswith("probe-")}
    return {
        **{kind: found for kind, found in value.items() if kind not in probes},
        **({"probes": probes} if probes else {}),
    }


def _place(where: str, location: tuple[str | int, ...]) -> str:
    path = ""
    for part in location:
        # Which member of a union was tried is no part of the document's path.
        if isinstance(part, int):
            path += f"[{part}]"
        elif part.islower() or "-" in part:
            path += f".{part}" if path else part
    return f"{where}: {path}" if path else where


def _words(kind: str, message: str) -> str:
    if kind in {"missing", "missing_argument"}:
        return "the field is missing"
    if kind == "unexpected_keyword_argument":
        return "unknown field"
    return message[:1].lower() + message[1:]


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is a float; audit.json holds integers and decimal strings")
