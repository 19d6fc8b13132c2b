"""Openings of single rows: the fields that are shown with their salts, the hashes of the others, and the path to the root.

An opening is not signed: the root and the number of rows are in audit.json, which is. Only whoever has the predictions file
can make one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit._util import merkle
from audit._util.files import sha256_file
from audit.errors import InputError
from audit.provenance.records.inputs import FOLDER
from audit.schema import AuditDocument, RowTree
from audit.scoring.row_tree import FIELDS, RowsOfFile, json_text

SCHEMA = "repro-audit/row-openings/1"


def build(
    audit: AuditDocument, audit_sha256: str, rows: RowsOfFile, ids: Sequence[str], fields: Sequence[str]
) -> dict[str, Any]:
    """The opening of some rows of a predictions file.

    Args:
        audit: audit.json, with the root over these rows.
        audit_sha256: The hash of its bytes.
        rows: The file.
        ids: The rows to open.
        fields: The fields to show; the id is always shown.

    Raises:
        InputError: The file is not one of the audit's, an unknown field, or there is no row of an id.
    """
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        raise InputError(f"unknown field {unknown[0]!r}", where="--fields", fix=f"Use: {', '.join(FIELDS)}.")
    tree = tree_of_file(audit, rows)
    places = {text: index for index, row in enumerate(rows.rows) if (text := row.get("id")) is not None}
    return {
        "schema": SCHEMA,
        "audit": audit_sha256,
        "rows": [_row(rows, tree, _place(places, name, rows), {"id", *fields}) for name in dict.fromkeys(ids)],
    }


def tree_of_file(audit: AuditDocument, rows: RowsOfFile) -> RowTree:
    """The audit's tree over a file, which is found by its hash.

    Raises:
        InputError: The audit did not score this file, or its audit.json has no roots over rows.
    """
    if not audit.row_trees:
        raise InputError(
            "the audit has no roots over rows: it has no outputs, or an earlier version made it",
            fix="Run the audit again with its predictions.",
        )
    digest = sha256_file(rows.path)
    named = {entry.path for entry in audit.inputs if entry.path.startswith(FOLDER) and entry.sha256 == digest}
    for tree in audit.row_trees:
        if tree.path in named and rows.tree(tree.path) == tree:
            return tree
    raise InputError(
        "not a file that the audit was computed from",
        where=str(rows.path),
        fix="Give the predictions as they were when the audit was run.",
    )


def _place(places: dict[str, int], name: str, rows: RowsOfFile) -> int:
    place = places.get(json_text(name))
    if place is None:
        raise InputError(f"no row has the id {name!r}", where=str(rows.path), fix="Give ids of rows of this file.")
    return place


def _row(rows: RowsOfFile, tree: RowTree, index: int, shown: set[str]) -> dict[str, Any]:
    fields = rows.rows[index]
    hashes = rows.field_hashes(index)
    return {
        "path": tree.path,
        "index": index,
        "shown": {
            name: {"json": text, "salt": rows.salt(index, name).hex()} for name, text in fields.items() if name in shown
        },
        "hidden": {name: hashes[name].hex() for name in fields if name not in shown},
        "proof": [one.hex() for one in merkle.path(rows.leaves, index)],
    }
