"""The document as JSON: the plain value, its canonical bytes, and the published JSON Schema."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from audit._util import canonical_json
from audit._util.last_result import kept_for_last
from audit.facts import StudyFacts
from audit.schema import SCHEMA, AuditDocument, Findings, Measurement, PublicValue

# Keys that are left out if there is nothing in them.
_ABSENT: Mapping[type, tuple[str, ...]] = {
    AuditDocument: (
        "signing",
        "plans",
        "differences",
        "joint",
        "paying",
        "row_trees",
        "count_files",
        "phrases",
        "blind",
    ),
    Measurement: ("sample", "total", "fold", "decisive"),
    PublicValue: ("counts", "row_sum", "fold"),
    StudyFacts: ("tolerances",),
}
# Of those, keys whose empty list says something: no step decides.
_EMPTY = frozenset({"decisive"})


def plain(value: Any) -> Any:
    """A value of `audit.schema` as dicts, lists, strings, integers, booleans and null, in the order of its fields.

    Keys of `_ABSENT` are absent if None or empty (`_EMPTY` only if None); kinds of findings without a finding are absent.
    """
    if isinstance(value, Findings):
        kinds = {item.name: getattr(value, item.name) for item in fields(value) if item.name != "probes"}
        kinds |= value.probes
        return {kind: plain(found) for kind, found in kinds.items() if found}
    if is_dataclass(value) and not isinstance(value, type):
        found = {item.name: plain(getattr(value, item.name)) for item in fields(value)}
        for name in _ABSENT.get(type(value), ()):
            if found[name] is None or (found[name] == [] and name not in _EMPTY):
                del found[name]
        return found
    if isinstance(value, str):
        return str(value)  # an enum member as its text
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


@kept_for_last
def to_bytes(document: AuditDocument) -> bytes:
    """audit.json: canonical JSON (RFC 8785), the same bytes for the same document on any machine.

    A lone surrogate, which outputs may hold but UTF-8 cannot encode, becomes U+FFFD.
    """
    value = plain(document)
    try:
        return canonical_json.dumps(value)
    except ValueError:
        return canonical_json.dumps(_whole(value))


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of audit.json, made from the dataclasses."""
    from audit.document.read import adapter

    schema = adapter().json_schema(mode="validation")
    schema["properties"]["schema"] = {"const": SCHEMA, "title": "Schema", "type": "string"}
    # In JSON the results of probes are siblings of the other kinds of findings, each under `probe-KIND`.
    findings = schema["$defs"]["Findings"]
    probes = findings["properties"].pop("probes")
    findings["patternProperties"] = {"^probe-": probes["additionalProperties"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{AuditDocument.__name__}:{SCHEMA}",
        **schema,
        "title": "audit.json",
    }


def schema_text() -> str:
    """The JSON Schema as in docs/reference/audit.schema.json: sorted keys, indented."""
    return json.dumps(json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
