"""JSON Schemas of the records, and readable messages for their errors.

The schemas are data (`literature/schema/*.schema.json`, draft 2020-12), so that editors and other programs can use them.
Error messages tell the user what to write with the field's `description`.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import Document, Field, load
from audit.errors import InputError

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

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
    """The JSON Schema of one kind of record: `study`, `reproduction`, `work`, `convention`, `set`, `output` or `common`."""
    value: Mapping[str, Any] = json.loads((SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8"))
    return value


def problems(document: Document, kind: str) -> Iterator[Problem]:
    """The problems that the schema `kind` finds in a record, in line order; missing keys come last.

    A misspelt key is both unknown and missing; users look for the word that they wrote.
    """
    ordered = sorted(_found(document.data, kind), key=lambda place: (place[0], document.lines.get(place[1], 0)))
    yield from (Problem(document.where(field), what, fix) for _, field, what, fix in ordered)


def problems_inside(data: Any, kind: str, where: Callable[[Field], str]) -> Iterator[Problem]:
    """The problems of a record that stands inside another file.

    Args:
        data: The record.
        kind: Its schema.
        where: The location of one of its fields in that file, as `Document.where` gives it.
    """
    ordered = sorted(_found(data, kind), key=lambda place: place[0])
    yield from (Problem(where(field), what, fix) for _, field, what, fix in ordered)


def _found(data: Any, kind: str) -> dict[Place, None]:
    # An object that lacks several keys has one error per key, and each error lists all of them.
    return dict.fromkeys(place for error in _validator(kind).iter_errors(data) for place in _places(error, kind))


def load_checked(path: str | Path, kind: str) -> Document:
    """Read a record and check it against its schema.

    Raises:
        InputError: The file is not strict YAML (see `audit._util.strict_yaml`) or is invalid under the schema; names
            the first problem with file, line, field and fix.
    """
    return checked(load(path), kind)


def checked(document: Document, kind: str) -> Document:
    """A record that is valid under its schema.

    Raises:
        InputError: It is not; names the first problem with file, line, field and fix.
    """
    for problem in problems(document, kind):
        raise problem.error()
    return document


@cache
def _validator(kind: str) -> Draft202012Validator:
    # Imported here because loading takes thirty milliseconds.
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(_rules(kind, ()))


@cache
def _keyword(name: str, rule: str) -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator({name: json.loads(rule)})


def _inlined(rules: Any) -> Any:
    """The rules with the definitions of `common.schema.json` in the place of references to them.

    Errors then point into one schema. The definitions do not refer to themselves.
    """
    if isinstance(rules, list):
        return [_inlined(part) for part in rules]
    if not isinstance(rules, dict):
        return rules
    if "$ref" in rules:
        own = {key: value for key, value in rules.items() if key != "$ref"}
        rules = {**schema("common")["$defs"][rules["$ref"].rpartition("/")[2]], **own}
    return {key: _inlined(value) for key, value in rules.items()}


@cache
def _rules(kind: str, path: tuple[str | int, ...]) -> Any:
    """The part of a schema at `path`."""
    return _inlined(schema(kind)) if not path else _rules(kind, path[:-1])[path[-1]]


Place: TypeAlias = tuple[bool, Field, str, str]


def _places(error: ValidationError, kind: str) -> Iterator[Place]:
    """For each problem in a validator's error: whether a key is missing, the field, the message and the fix."""
    value: Any = error.instance
    *path, keyword = error.schema_path
    rules: Any = _rules(kind, tuple(path))
    field: Field = tuple(error.instance_path)
    known = rules.get("properties", {})
    if keyword == "required":
        for key in rules["required"]:
            if key not in value:
                fix = f"Add `{key}:`. {known.get(key, {}).get('description', '')}".rstrip()
                yield True, field, f"the key `{key}` is missing", fix
    elif keyword == "additionalProperties":
        for key in [key for key in value if key not in known]:
            near = difflib.get_close_matches(key, sorted(known), 1)
            fix = f"Did you mean `{near[0]}`?" if near else "Remove it."
            yield False, (*field, key), f"unknown key `{key}`", f"{fix} Known keys: {', '.join(sorted(known))}."
    else:
        wrong = [(field, value)]
        if "propertyNames" in path:
            # Names of fields are wrong, not their values; the error names one, and the mapping that has it.
            rule = _keyword(str(keyword), json.dumps(rules[keyword]))
            wrong = [((*field, key), key) for key in value if not rule.is_valid(key)]
        for place, what in wrong:
            yield False, place, *_words(str(keyword), what, rules[keyword], rules.get("description", ""), error.message)


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
