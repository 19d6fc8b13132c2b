"""A Merkle tree over the rows of a predictions file, so that single rows can be opened against a signed root.

A row's leaf is over the salted hashes of its fields (`id`, `hypothesis`, ...): an opening shows the fields that it is to show
and the hashes of the others. The salts are pseudo-random functions of a key that only whoever has the file can compute, so a
short text cannot be found by trying texts against a leaf, and opening one row gives nothing away about the others.

    key    = SHA-256("repro-audit/rows/1" 00 FILE)
    salt   = HMAC-SHA-256(key, INDEX as 8 bytes, big-endian, then the field's name)
    field  = SHA-256(02 salt JSON)
    leaf   = SHA-256(00 NAME 00 field NAME 00 field ...), the fields of the row sorted by name
    node   = SHA-256(01 left right)                       RFC 6962, section 2.1
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from audit._util import merkle
from audit._util.files import write_atomic
from audit.errors import InputError
from audit.schema import RowTree
from audit.scoring.prediction_meta import json_object

SCHEME = "repro-audit/rows/1"
FIELDS = ("id", "hypothesis", "finished", "reference", "prompt", "extra")
SALT_BYTES = 32


@dataclass(frozen=True)
class RowsOfFile:
    """The rows of a predictions file with what their leaves are made of.

    Attributes:
        path: The file.
        key: The secret from which the salts are derived.
        rows: Each row's fields as JSON texts, in the order of the file.
    """

    path: Path
    key: bytes
    rows: tuple[Mapping[str, str], ...]

    def salt(self, index: int, field: str) -> bytes:
        """The salt of a field of a row."""
        return hmac.digest(self.key, index.to_bytes(8, "big") + field.encode(), "sha256")

    def field_hashes(self, index: int) -> dict[str, bytes]:
        """The salted hash of every field of a row."""
        return {name: field_hash(self.salt(index, name), text) for name, text in self.rows[index].items()}

    @cached_property
    def leaves(self) -> tuple[bytes, ...]:
        """The hash of each row's leaf."""
        return tuple(leaf_of(self.field_hashes(index)) for index in range(len(self.rows)))

    def tree(self, path: str) -> RowTree:
        """The tree's root as in audit.json, which names the file `path`."""
        return RowTree(path, SCHEME, len(self.rows), merkle.root(self.leaves).hex())


def read_rows(path: Path) -> RowsOfFile:
    """Read a predictions file, which `audit.scoring.predictions.load` checks.

    Raises:
        InputError: The file cannot be read, or a line is not a JSON object.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), fix="Check the path.") from error
    lines = raw.removesuffix(b"\n").split(b"\n")
    rows = tuple(
        {name: json_text(value) for name, value in json_object(line, f"{path}:{number}").items()}
        for number, line in enumerate(lines, 1)
    )
    return RowsOfFile(path, hashlib.sha256(SCHEME.encode() + b"\x00" + raw).digest(), rows)


def tree_of(path: Path, name: str, sha256: str, cache: Path | None) -> RowTree:
    """The root over a file's rows as in audit.json.

    Args:
        path: The file.
        name: How audit.json names it.
        sha256: The hash of its bytes, under which the root is kept.
        cache: Folder for what is kept between runs; None for none.
    """
    kept = None if cache is None else cache / "row-trees" / sha256
    try:
        scheme, rows, root = kept.read_text(encoding="ascii").split("\n") if kept else ("", "", "")
        if scheme == SCHEME and re.fullmatch("[0-9a-f]{64}", root):
            return RowTree(name, SCHEME, int(rows), root)
    except (OSError, ValueError):
        pass  # made again
    found = read_rows(path).tree(name)
    if kept is not None:
        with contextlib.suppress(OSError):
            write_atomic(kept, f"{SCHEME}\n{found.rows}\n{found.root}", durable=False)
    return found


def json_text(value: Any) -> str:
    """A value as the JSON text that is hashed: ASCII, keys sorted, no white space.

    An opening holds this text, so whoever checks one need not write it again.
    """
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def field_hash(salt: bytes, text: str) -> bytes:
    """The salted hash of a field. Salts have one length, so no two pairs of salt and text have the same bytes."""
    return hashlib.sha256(b"\x02" + salt + text.encode("ascii")).digest()


def leaf_of(hashes: Mapping[str, bytes]) -> bytes:
    """The hash of a row's leaf from the salted hashes of its fields."""
    return merkle.leaf_hash(b"".join(name.encode() + b"\x00" + hashes[name] for name in sorted(hashes)))
