"""The forms of what others state about a package: the predicates of statements by type, and openings of rows.

They are checked before anything reads one: a signature says who wrote a statement, not that it has the fields and types that
its reader expects.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from audit.provenance.errors import RejectedError
from audit.provenance.format import layout

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

Schema = dict[str, Any]


def _closed(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object of these fields and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _mapping(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TIME: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
_HASH: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_SIGNER: Schema = {"enum": ["key", "ephemeral"]}
_DESCRIPTOR = _closed({"name": _TEXT, "digest": _closed({"sha256": _HASH})})
_IMAGE = _closed({"uri": _TEXT}, {"digest": _closed({"sha256": _HASH})})
_EDITION = {"schemaVersion": _TEXT, "package": _TEXT}
# A fact about a dependency is a text, or whether something holds; its role is always stated.
_ANNOTATIONS: Schema = {
    "type": "object",
    "properties": {"role": _TEXT, "task": _TEXT},
    "required": ["role"],
    "additionalProperties": {"type": ["string", "boolean"]},
}
# Not signed: the texts of rows, with what shows that they are those of the audit.
ROW_OPENING = "row-opening"
SCHEMAS: Mapping[str, Schema] = {
    layout.ROOT_TYPE: _closed(
        {
            **_EDITION,
            "study": _TEXT,
            "verdicts": _mapping(_COUNT),
            "image": {"anyOf": [{"type": "null"}, _IMAGE]},
            "environment": _DESCRIPTOR,
            "siblings": _list(_DESCRIPTOR),
            "signer": _SIGNER,
            "sourceDateEpoch": _COUNT,
        },
        {
            **{length: _COUNT for _, length in layout.PDFS.values()},
            "sealed": _list(_closed({"kind": _TEXT, "name": _TEXT, "sha256": _HASH})),
        },
    ),
    layout.PUBLICATION_TYPE: _closed({**_EDITION, "root": _DESCRIPTOR, "publishedAt": _TIME}),
    layout.TEST_RESULT_TYPE: _closed(
        {
            "result": _TEXT,
            "configuration": _list(_DESCRIPTOR),
            "passedTests": _list(_TEXT),
            "warnedTests": _list(_TEXT),
            "failedTests": _list(_TEXT),
            "verdicts": _mapping(_TEXT),
        }
    ),
    layout.SLSA_TYPE: _closed(
        {
            "buildDefinition": _closed(
                {
                    "buildType": _TEXT,
                    "externalParameters": _closed({"study": _TEXT, "tasks": _list(_TEXT)}),
                    "internalParameters": _closed({"sourceDateEpoch": _COUNT}),
                    "resolvedDependencies": _list(
                        _closed({"annotations": _ANNOTATIONS}, {"name": _TEXT, "uri": _TEXT, "digest": _mapping(_TEXT)})
                    ),
                }
            ),
            "runDetails": _closed({"builder": _closed({"id": _TEXT, "version": _mapping(_TEXT)})}),
        }
    ),
    layout.SVR_TYPE: _closed(
        {
            "verifier": _closed({"id": _TEXT, "policies": _list(_DESCRIPTOR)}),
            "timeCreated": _TEXT,
            "properties": _list(_TEXT),
        },
        {"comment": _TEXT},
    ),
    layout.UNBLINDING_TYPE: _closed(
        {
            **_EDITION,
            "root": _DESCRIPTOR,
            "opened": _list(_closed({"kind": _TEXT, "name": _TEXT, "value": _TEXT, "salt": _HASH})),
            "openedAt": _TEXT,
        }
    ),
    layout.PLAN_TYPE: _closed(
        {
            "schemaVersion": _TEXT,
            "registeredAt": _TEXT,
            "task": _TEXT,
            "units": _COUNT,
            "risk": _TEXT,
            "seedOrigin": _TEXT,
            "conventions": _mapping(_mapping(_TEXT)),
        }
    ),
    ROW_OPENING: _closed(
        {
            "schema": _TEXT,
            "audit": _TEXT,
            "rows": _list(
                _closed(
                    {
                        "path": _TEXT,
                        "index": {"type": "integer"},
                        "shown": _mapping(_closed({"json": _TEXT, "salt": _HASH})),
                        "hidden": _mapping(_HASH),
                        "proof": _list(_HASH),
                    }
                )
            ),
        }
    ),
    layout.PAGE_TYPE: _closed({**_EDITION, "publicKey": _TEXT, "signer": _SIGNER, "texts": _mapping(_TEXT)}),
}


def check(value: object, kind: str, file: str) -> None:
    """Check that a value has the fields and the types of its kind, and nothing else.

    Args:
        value: Read from JSON.
        kind: A key of `SCHEMAS`.
        file: The file's name in messages.

    Raises:
        RejectedError: It has not; the reason names the field.
    """
    error = next(_validator(kind).iter_errors(value), None)
    if error is not None:
        place = ".".join(map(str, error.instance_path))
        raise RejectedError(file, "malformed", f"{place}: {error.message[:200]}" if place else error.message[:200])


@cache
def _validator(kind: str) -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(SCHEMAS[kind])
