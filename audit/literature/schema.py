"""JSON Schemas of the records, and their errors in words.

The schemas are data (`literature/schema/*.schema.json`, draft 2020-12), so that editors and other programs can use
them; a field's `description` there is what the error message tells the user to write. They keep to the keywords of
`CHECKS`, which are checked here in a few lines each: with file, line and fix at hand, and without the second that a
full validator with its format checkers may take to load. The tests hold this checker against `jsonschema`.
"""

# Every check has one signature, whether it needs all of it or not.
# ruff: noqa: ARG002

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import Document, Field, load
from audit.errors import InputError

SCHEMAS = LITERATURE / "schema"

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "boolean": "true or false",
    "null": "null",
}
_CLASSES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with a record: where it stands, what it is, what to do."""

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\n  {self.fix}"

    def error(self) -> InputError:
        """The same as an error that ends the program with exit code 2."""
        return InputError(self.what, where=self.where, fix=self.fix)


@cache
def schema(kind: str) -> Mapping[str, Any]:
    """The JSON Schema of one kind of record: `study`, `reproduction`, `work` or `common`."""
    value: Mapping[str, Any] = json.loads((SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8"))
    return value


def problems(document: Document, kind: str) -> Iterator[Problem]:
    """What the schema `kind` finds wrong with a record, in the order of the file's lines; what is missing last.

    A misspelt key is both unknown and missing: people look for the word that is there.
    """
    found = list(_Check(document).value(document.data, schema(kind), ()))
    yield from (problem for _, problem in sorted(found, key=lambda pair: pair[0]))


def load_checked(path: str | Path, kind: str) -> Document:
    """Read a record that must fit its schema.

    Raises:
        InputError: The file is no strict YAML (see `audit._util.strict_yaml`) or does not fit the schema; the first
            problem is named with file, line, field and fix.
    """
    document = load(path)
    for problem in problems(document, kind):
        raise problem.error()
    return document


Found: TypeAlias = Iterator[tuple[tuple[bool, int], Problem]]


class _Check:
    """Holds one document against a schema; each keyword is one method."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def value(self, value: Any, rules: Mapping[str, Any], field: Field) -> Found:
        for keyword, wanted in rules.items():
            yield from CHECKS[keyword](self, value, wanted, rules, field)

    def problem(self, field: Field, what: str, fix: str, *, missing: bool = False) -> tuple[tuple[bool, int], Problem]:
        return (missing, self.document.lines.get(field, 0)), Problem(self.document.where(field), what, fix)

    def ref(self, value: Any, wanted: str, rules: Mapping[str, Any], field: Field) -> Found:
        yield from self.value(value, _shared(wanted), field)

    def type(self, value: Any, wanted: str | list[str], rules: Mapping[str, Any], field: Field) -> Found:
        kinds = [wanted] if isinstance(wanted, str) else wanted
        if not any(_is(value, kind) for kind in kinds):
            expected = " or ".join(_TYPES[kind] for kind in kinds)
            fix = _description(rules) or f"Write {expected}."
            yield self.problem(field, f"{_shown(value)} where {expected} belongs", fix)

    def enum(self, value: Any, wanted: list[Any], rules: Mapping[str, Any], field: Field) -> Found:
        # JSON tells true from 1; Python's == does not.
        if not any(value == item and isinstance(value, bool) == isinstance(item, bool) for item in wanted):
            near = difflib.get_close_matches(str(value), [str(item) for item in wanted], 1)
            hint = f"Did you mean `{near[0]}`? " if near else ""
            listed = ", ".join(str(item) for item in wanted)
            yield self.problem(field, f"{_shown(value)} is not allowed here", f"{hint}Use one of: {listed}.")

    def const(self, value: Any, wanted: Any, rules: Mapping[str, Any], field: Field) -> Found:
        yield from self.enum(value, [wanted], rules, field)

    def pattern(self, value: Any, wanted: str, rules: Mapping[str, Any], field: Field) -> Found:
        # In Python `$` also matches before a last line feed; in JSON Schema it does not.
        python = wanted[:-1] + r"\Z" if wanted.endswith("$") else wanted
        if isinstance(value, str) and not re.search(python, value):
            fix = _description(rules) or f"It must match {wanted}."
            yield self.problem(field, f"{_shown(value)} is not well-formed", fix)

    def size(self, value: Any, wanted: int, rules: Mapping[str, Any], field: Field) -> Found:
        if isinstance(value, (str, list, dict)) and len(value) < wanted:
            yield self.problem(field, "it is empty", _description(rules) or "Fill it in.")

    def max_length(self, value: Any, wanted: int, rules: Mapping[str, Any], field: Field) -> Found:
        if isinstance(value, str) and len(value) > wanted:
            yield self.problem(field, f"it is longer than {wanted} characters", "Shorten it.")

    def minimum(self, value: Any, wanted: int, rules: Mapping[str, Any], field: Field) -> Found:
        if _is(value, "integer") and value < wanted:
            yield self.problem(field, f"{value} is less than {wanted}", _description(rules))

    def maximum(self, value: Any, wanted: int, rules: Mapping[str, Any], field: Field) -> Found:
        if _is(value, "integer") and value > wanted:
            yield self.problem(field, f"{value} is more than {wanted}", _description(rules))

    def unique(self, value: Any, wanted: bool, rules: Mapping[str, Any], field: Field) -> Found:
        if isinstance(value, list) and len({json.dumps(item, sort_keys=True) for item in value}) < len(value):
            yield self.problem(field, "an entry is there twice", "Remove one of the two.")

    def items(self, value: Any, wanted: Mapping[str, Any], rules: Mapping[str, Any], field: Field) -> Found:
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.value(item, wanted, (*field, index))

    def properties(self, value: Any, wanted: Mapping[str, Any], rules: Mapping[str, Any], field: Field) -> Found:
        if isinstance(value, dict):
            for key, part in wanted.items():
                if key in value:
                    yield from self.value(value[key], part, (*field, key))

    def names(self, value: Any, wanted: Mapping[str, Any], rules: Mapping[str, Any], field: Field) -> Found:
        if isinstance(value, dict):
            for key in value:
                yield from self.value(key, wanted, (*field, key))

    def required(self, value: Any, wanted: list[str], rules: Mapping[str, Any], field: Field) -> Found:
        if isinstance(value, dict):
            for key in wanted:
                if key not in value:
                    text = _description(rules.get("properties", {}).get(key, {}))
                    what, fix = f"the key `{key}` is missing", f"Add `{key}:`. {text}".rstrip()
                    yield self.problem(field, what, fix, missing=True)

    def additional(self, value: Any, wanted: bool | Mapping[str, Any], rules: Mapping[str, Any], field: Field) -> Found:
        known = sorted(rules.get("properties", {}))
        for key in value if isinstance(value, dict) else ():
            if key in known:
                continue
            if isinstance(wanted, Mapping):
                yield from self.value(value[key], wanted, (*field, key))
            elif not wanted:
                near = difflib.get_close_matches(key, known, 1)
                fix = f"Did you mean `{near[0]}`?" if near else "Remove it."
                what = f"unknown key `{key}`"
                yield self.problem((*field, key), what, f"{fix} Known keys: {', '.join(known)}.")

    def nothing(self, value: Any, wanted: Any, rules: Mapping[str, Any], field: Field) -> Found:
        yield from ()


CHECKS: Mapping[str, Callable[[_Check, Any, Any, Mapping[str, Any], Field], Found]] = {
    "$ref": _Check.ref,
    "$schema": _Check.nothing,
    "$id": _Check.nothing,
    "title": _Check.nothing,
    "description": _Check.nothing,
    "type": _Check.type,
    "enum": _Check.enum,
    "const": _Check.const,
    "pattern": _Check.pattern,
    "minLength": _Check.size,
    "minItems": _Check.size,
    "minProperties": _Check.size,
    "maxLength": _Check.max_length,
    "minimum": _Check.minimum,
    "maximum": _Check.maximum,
    "uniqueItems": _Check.unique,
    "items": _Check.items,
    "properties": _Check.properties,
    "propertyNames": _Check.names,
    "required": _Check.required,
    "additionalProperties": _Check.additional,
}
"""JSON Schema's keyword -> its check. A keyword that is not here is a KeyError, never ignored."""


def _is(value: Any, kind: str) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, _CLASSES[kind])


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
