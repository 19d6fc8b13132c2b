"""The verifier's check of opened rows against the signed roots of audit.json."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from audit._util import merkle
from audit.provenance.errors import RejectedError
from audit.provenance.format import checksums, layout, predicates
from audit.provenance.format.canonical_encoding import json_loads
from audit.provenance.records.row_openings import SCHEMA
from audit.provenance.signing.dsse import shape
from audit.provenance.verification.result import Report
from audit.schema import AuditDocument, RowTree
from audit.scoring.row_tree import FIELDS, SALT_BYTES, SCHEME, field_hash, leaf_of

# Characters of a field that a line shows.
_SHOWN = 300


def check(files: Mapping[str, bytes], audit: AuditDocument, opening: bytes | None, report: Report) -> None:
    """Check every row of an opening, and record what each shows.

    Args:
        files: The package.
        audit: audit.json, verified.
        opening: The bytes of the file that `repro-audit open-rows` wrote; None for none.
        report: Receives the outcome.
    """
    if opening is None:
        if audit.row_trees:
            rows = sum(tree.rows for tree in audit.row_trees)
            report.skip("rows", f"{rows} rows can be opened one by one; give an opening with --opening to check it")
        return
    raw = opening
    found = report.run("opened rows", lambda: _rows(raw, checksums.sha256(files[layout.AUDIT])), file="--opening")
    trees = {tree.path: tree for tree in audit.row_trees}
    for row in found or ():
        text = report.run("opened row", functools.partial(_row, row, trees), file="--opening")
        if text is not None:
            report.ok(*text)


def _rows(raw: bytes, audit_sha256: str) -> list[Mapping[str, Any]]:
    value = shape(json_loads(raw, "--opening"), {"schema", "audit", "rows"}, "--opening")
    if value["schema"] != SCHEMA:
        raise RejectedError("--opening", "malformed", f"not an opening of rows ({SCHEMA})")
    if value["audit"] != audit_sha256:
        raise RejectedError("--opening", "row-mismatch", "it opens rows of another audit.json")
    predicates.check(value, predicates.ROW_OPENING, "--opening")
    rows: list[Mapping[str, Any]] = value["rows"]
    return rows


def _row(row: Mapping[str, Any], trees: Mapping[str, RowTree]) -> tuple[str, str, str]:
    """The line about a row whose path leads to the root: name of the check, detail and file."""
    tree = trees.get(row["path"])
    if tree is None or tree.scheme != SCHEME:
        raise RejectedError("--opening", "row-mismatch", f"the audit has no root over rows of {row['path']!r}")
    place = f"{row['path']}: row {row['index']!r} of {tree.rows}"
    hashes = {name: bytes.fromhex(text) for name, text in row["hidden"].items()}
    for name, shown in row["shown"].items():
        if name in hashes or len(salt := bytes.fromhex(shown["salt"])) != SALT_BYTES:
            raise RejectedError("--opening", "malformed", f"{place}: a field twice, or a salt of another length")
        hashes[name] = field_hash(salt, shown["json"])
    if not set(hashes) <= set(FIELDS) or "id" not in row["shown"]:
        raise RejectedError("--opening", "malformed", f"{place}: without its id, or with a field that rows do not have")
    try:
        root = merkle.root_of_path(leaf_of(hashes), row["index"], tree.rows, list(map(bytes.fromhex, row["proof"])))
    except ValueError as error:
        raise RejectedError("--opening", "row-mismatch", f"{place}: {error}") from None
    if root.hex() != tree.root:
        raise RejectedError("--opening", "row-mismatch", f"{place}: not what was signed (texts, place or path differ)")
    texts = [f"{name} {_short(row['shown'][name]['json'])}" for name in FIELDS if name in row["shown"]]
    return f"row {row['index'] + 1} of {tree.rows}", ", ".join(texts), row["path"]


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\N{HORIZONTAL ELLIPSIS}"
