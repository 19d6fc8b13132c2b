"""Read audit.json: bytes in, frozen values out; any other input is an error with place and remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from audit._util.canonical_json import LARGEST
from audit._util.files import refuse_pointer
from audit._util.strict_json import no_constant, no_copies
from audit.document.consistency import problems
from audit.errors import InputError
from audit.facts import DECIMAL, DIGEST, EXACT, ID
from audit.schema import SCHEMA, AuditDocument, Reason

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

_FIX = "Give the audit.json of a run; a damaged one is written again by `repro-audit run`."
# The shapes of a reason, as the validator names them in an error's location, and their codes.
_SHAPES = frozenset(shape.__name__ for shape in get_args(Reason))
_CODES = "'deciding', 'nearest' or 'refused'"
_LONE = re.compile("[\ud800-\udfff]")
# A form's pattern, as the validator's message quotes it, and the form in words.
_FORMS = (
    (DECIMAL, "not a number in plain decimal notation"),
    (EXACT, "not a number or a fraction such as 1/2"),
    (DIGEST, "not a SHA-256 in hexadecimal digits"),
    (ID, "not an id of lower-case words joined by hyphens"),
)
_LATEST = 253_402_300_799  # the last second of the year 9999


def load_document(path: Path) -> AuditDocument:
    """Read an audit.json.

    Raises:
        InputError: The file cannot be read or is not an audit.json; the error names the field.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), fix="Run `repro-audit run`.") from error
    refuse_pointer(data, path)
    return parse_document(data, str(path))


def parse_document(data: bytes, where: str) -> AuditDocument:
    """The document in the bytes of an audit.json.

    Args:
        data: The file's bytes.
        where: How errors name it.

    Raises:
        InputError: Not UTF-8, invalid JSON, a float, an integer beyond 2**53 - 1, a duplicate key, a lone surrogate,
            a different schema, an unknown or missing field, a field of the wrong type or form, or a name of a claim, model or
            measurement that the document does not have.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=no_copies,
            parse_constant=no_constant,
            parse_float=_no_float,
            parse_int=_integer,
        )
    except (ValueError, RecursionError) as error:
        raise InputError(f"invalid JSON: {error}", where=where, fix=_FIX) from error
    return structure(value, where)


def structure(value: Any, where: str) -> AuditDocument:
    """The document that a JSON value holds.

    Raises:
        InputError: As `parse_document`; the error names the field.
    """
    from pydantic import ValidationError

    found = value.get("schema") if isinstance(value, dict) else None
    if found != SCHEMA:
        raise InputError(f"has the schema {found!r}, not {SCHEMA!r}", where=where, fix=_FIX)
    findings = value.get("findings", {})
    if isinstance(findings, dict) and "probes" in findings:
        raise InputError("unknown field", where=_at(where, "findings.probes"), fix=_FIX)
    try:
        text = json.dumps({**value, "findings": _gathered(findings)}, ensure_ascii=False)
        audit = adapter().validate_json(text.encode("utf-8"))
    except ValidationError as error:
        what, place = _told(error.errors(include_url=False, include_input=False))
        raise InputError(what, where=_at(where, place), fix=_FIX) from None
    except UnicodeEncodeError:
        raise InputError("holds a lone surrogate", where=_at(where, _broken(value)), fix=_FIX) from None
    except RecursionError as error:
        raise InputError(f"invalid JSON: {error}", where=where, fix=_FIX) from None
    if not 0 <= audit.source_date_epoch <= _LATEST:
        raise InputError("not in the years 1970 to 9999", where=_at(where, "source_date_epoch"), fix=_FIX)
    for place, wrong in problems(audit):
        raise InputError(wrong, where=_at(where, place), fix=_FIX)
    return audit


@cache
def adapter() -> TypeAdapter[AuditDocument]:
    """The document validator, cached because building it takes longer than validating a document."""
    from pydantic import TypeAdapter

    return TypeAdapter(AuditDocument)


def _gathered(findings: Any) -> Any:
    """Gather results of probes under one key; in JSON every kind is a sibling of the other findings."""
    if not isinstance(findings, dict):
        return findings
    probes = {kind: found for kind, found in findings.items() if kind.startswith("probe-")}
    kinds = {kind: found for kind, found in findings.items() if kind not in probes}
    return {**kinds, "probes": probes} if probes else kinds


def _told(errors: Sequence[ErrorDetails]) -> tuple[str, str]:
    """The first error in words, and its place in the document.

    A value with several possible shapes has errors for every shape tried; only those of the shape named by its `code` count.
    """
    first = errors[0]
    depth = next((n for n, part in enumerate(first["loc"]) if part in _SHAPES), None)
    if depth is not None:
        tried = [e for e in errors if e["loc"][:depth] == first["loc"][:depth]]
        of_code = [e for e in tried if e["loc"][depth + 1 :] == ("code",)]
        others = {e["loc"][depth] for e in of_code}
        meant = [e for e in tried if e["loc"][depth] not in others]
        if not meant and all(e["type"] == "literal_error" for e in of_code):
            return f"input should be {_CODES}", _place(of_code[0]["loc"])
        first = (meant or of_code)[0]
    return _words(first["type"], first["msg"]), _place(first["loc"])


def _place(location: tuple[str | int, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part not in _SHAPES:
            path += f".{part}" if path else part
    # In the document, results of probes have no enclosing key.
    return path.replace("findings.probes.", "findings.", 1)


def _at(where: str, place: str) -> str:
    return f"{where}: {place}" if place else where


def _broken(value: Any) -> str:
    """The place of the first text with a lone surrogate, which UTF-8 cannot encode; for a key, the place of its object."""
    left = [(value, "")]
    while left:
        item, path = left.pop()
        if isinstance(item, str) and _LONE.search(item):
            return path
        if isinstance(item, dict):
            if _LONE.search("".join(item)):
                return path
            left += [(part, f"{path}.{key}" if path else key) for key, part in reversed(item.items())]
        elif isinstance(item, list):
            left += [(part, f"{path}[{n}]") for n, part in reversed(list(enumerate(item)))]
    return ""


def _words(kind: str, message: str) -> str:
    if kind == "string_pattern_mismatch":
        return next((words for pattern, words in _FORMS if pattern in message), "has another form")
    if kind in {"missing", "missing_argument"}:
        return "the field is missing"
    if kind == "unexpected_keyword_argument":
        return "unknown field"
    return message[:1].lower() + message[1:]


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is a float; audit.json holds integers and decimal strings")


def _integer(text: str) -> int:
    number = int(text)
    if abs(number) > LARGEST:
        raise ValueError(f"{text} is beyond 2**53 - 1, the largest integer of canonical JSON")
    return number
