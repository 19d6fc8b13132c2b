"""JSON Schemas of the records, and readable messages for their errors.

The schemas are data (`literature/schema/*.schema.json`, draft 2020-12), so that editors and other programs can use them.
Error messages tell the user what to write with the field's `description`.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import Document, Field, load
from audit.errors import InputError

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

SCHEMAS = LITERATURE / "schema"

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "boolean": "true or false",
    "null": "null",
}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A problem with a record: where it is, what it is, and how to fix it."""

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\n  {self.fix}"

    def error(self) -> InputError:
        """This problem as an error that ends the program with exit code 2."""
        return InputError(self.what, where=self.where, fix=self.fix)


@cache
def schema(kind: str) -> Mapping[str, Any]:
    """The JSON Schema of one kind of record: `study`, `reproduction`, `work` or `common`."""
    value: Mapping[str, Any] = json.loads((SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8"))
    return value


def problems(document: Document, kind: str) -> Iterator[Problem]:
    """The problems that the schema `kind` finds in a record, in line order; missing keys come last.

    A misspelt key is both unknown and missing; users look for the word that they wrote.
    """
    # An object that lacks several keys has one error per key, and each error lists all of them.
    found = dict.fromkeys(place for error in _validator(kind).iter_errors(document.data) for place in _places(error))
    ordered = sorted(found, key=lambda place: (place[0], document.lines.get(place[1], 0)))
    yield from (Problem(document.where(field), what, fix) for _, field, what, fix in ordered)


def load_checked(path: str | Path, kind: str) -> Document:
    """Read a record and check it against its schema.

    Raises:
        InputError: The file is not strict YAML (see `audit._util.strict_yaml`) or is invalid under the schema; names
            the first problem with file, line, field and fix.
    """
    document = load(path)
    for problem in problems(document, kind):
        raise problem.error()
    return document


@cache
def _validator(kind: str) -> Validator:
    # Imported here because loading takes a tenth of a second.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing import Registry, Resource

    registry: Registry[Any] = Registry().with_resource("common.schema.json", Resource.from_contents(schema("common")))
    checker: type[Validator] = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
    return checker(schema(kind), registry=registry)


def _pattern(_: Validator, wanted: str, value: Any, __: Mapping[str, Any]) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    # In Python, unlike JSON Schema, `$` also matches before a final line feed.
    python = wanted[:-1] + r"\Z" if wanted.endswith("$") else wanted
    if isinstance(value, str) and not re.search(python, value):
        yield ValidationError(f"{value!r} does not match {wanted!r}")


Place: TypeAlias = tuple[bool, Field, str, str]


def _places(error: ValidationError) -> Iterator[Place]:
    """For each problem in a validator's error: whether a key is missing, the field, the message and the fix."""
    value: Any = error.instance
    wanted: Any = error.validator_value
    rules: Any = error.schema
    field: Field = tuple(error.absolute_path)
    known = rules.get("properties", {})
    if error.validator == "required":
        for key in wanted:
            if key not in value:
                fix = f"Add `{key}:`. {_description(known.get(key, {}))}".rstrip()
                yield True, field, f"the key `{key}` is missing", fix
    elif error.validator == "additionalProperties":
        for key in [key for key in value if key not in known]:
            near = difflib.get_close_matches(key, sorted(known), 1)
            fix = f"Did you mean `{near[0]}`?" if near else "Remove it."
            yield False, (*field, key), f"unknown key `{key}`", f"{fix} Known keys: {', '.join(sorted(known))}."
    else:
        # The field's name is wrong, not its value.
        place = (*field, value) if "propertyNames" in error.absolute_schema_path else field
        yield False, place, *_words(str(error.validator), value, wanted, _description(rules), error.message)


def _words(keyword: str, value: Any, wanted: Any, description: str, message: str) -> tuple[str, str]:
    """The message and the fix for an error of one schema keyword."""
    match keyword:
        case "type":
            expected = " or ".join(_TYPES[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted))
            return f"{_shown(value)} is not {expected}", description or f"Write {expected}."
        case "enum" | "const":
            options = [str(item) for item in (wanted if keyword == "enum" else [wanted])]
            near = difflib.get_close_matches(str(value), options, 1)
            hint = f"Did you mean `{near[0]}`? " if near else ""
            return f"{_shown(value)} is not allowed", f"{hint}Use one of: {', '.join(options)}."
        case "pattern":
            return f"{_shown(value)} is not well-formed", description or f"It must match {wanted}."
        case "minLength" | "minItems" | "minProperties":
            return "it is empty", description or "Fill it in."
        case "maxLength":
            return f"it is longer than {wanted} characters", "Shorten it."
        case "minimum":
            return f"{value} is less than {wanted}", description
        case "maximum":
            return f"{value} is more than {wanted}", description
        case "uniqueItems":
            return "duplicate entry", "Remove one of them."
        case _:
            return message, description


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _shared(reference: str) -> Mapping[str, Any]:
    part: Mapping[str, Any] = schema("common")["$defs"][reference.rpartition("/")[2]]
    return part


def _description(rules: Mapping[str, Any]) -> str:
    if "description" in rules or "$ref" not in rules:
        return str(rules.get("description", ""))
    return _description(_shared(rules["$ref"]))
