"""Manifest: the items of a test set on disk, sorted by id, and a hash that identifies the set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from tasks.datasets.errors import DatasetError
from tasks.datasets.tables import json_text, lines_of
from tasks.step import file_digest

SCHEMA = "repro-audit/manifest/1"
_FIELDS = ("id", "audio", "sha256", "reference", "query", "extra")


@dataclass(frozen=True, slots=True)
class Item:
    """One input of the model.

    Attributes:
        id: Unique in the set.
        audio: Files relative to the set's root; several are joined by 0.1 s of zeros.
        reference: The reference, of the task's reference type.
        query: Replaces `{}` in the task's instruction.
        sha256: The hash of each file; empty until computed.
        extra: Further fields for the scorer (`cluster`: the bootstrap's resampling unit).
    """

    id: str
    audio: tuple[str, ...]
    reference: Any
    query: str | None = None
    sha256: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """The item as one line of canonical JSON (sorted keys, no white space, no floats)."""
        data = {name: getattr(self, name) for name in _FIELDS}
        return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A test set.

    Attributes:
        dataset: The name of the data set, for readers and records.
        split: The split.
        root: The folder to which the audio paths are relative; not part of the hash.
        items: Sorted by id.
        missing: Files that the layout should have but does not: audio files, labels.
        notes: Caveats for readers of the results (`not the paper's voice`; a count that differs from the known one).
    """

    dataset: str
    split: str
    root: Path
    items: tuple[Item, ...]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """The hash over name, split and items; independent of the location on disk."""
        digest = hashlib.sha256(f"{SCHEMA}\n{self.dataset}\n{self.split}\n".encode())
        for item in self.items:
            digest.update(item.line().encode() + b"\n")
        return digest.hexdigest()

    def paths(self, item: Item) -> list[Path]:
        """The paths of an item's audio files."""
        return [self.root / name for name in item.audio]

    def text(self) -> str:
        """The manifest as a file: one line about the set, then one line per item."""
        head = {"schema": SCHEMA, "dataset": self.dataset, "split": self.split, "root": str(self.root),
                "missing": list(self.missing), "notes": list(self.notes), "sha256": self.sha256}  # fmt: skip
        lines = [json.dumps(head, ensure_ascii=False, sort_keys=True), *(item.line() for item in self.items)]
        return "\n".join(lines) + "\n"


def make(
    dataset: str,
    split: str,
    root: Path,
    items: Iterable[Item],
    *,
    missing: Iterable[str] = (),
    notes: Iterable[str] = (),
) -> Manifest:
    """Sort the items and list missing audio files.

    Raises:
        DatasetError: There are no items, an id is a duplicate, an item contains a lone surrogate, or its audio is not below
            the folder.
    """
    ordered = sorted(items, key=lambda item: item.id)
    if not ordered:
        raise DatasetError("no items found", where=str(root), fix="give the folder of the official layout")
    for one, two in pairwise(ordered):
        if one.id == two.id:
            raise DatasetError(f"duplicate id {one.id}", where=str(root))
    for item in ordered:
        try:
            item.line().encode()
        except UnicodeEncodeError:
            raise DatasetError(f"the item {item.id!a} contains a lone surrogate", where=str(root)) from None
        for name in item.audio:
            _stays_inside(name, item.id, str(root), "take the labels from their publisher again")
    files = sorted({name for item in ordered for name in item.audio if not _is_file(root / name)})
    return Manifest(dataset, split, root, tuple(ordered), (*missing, *files), tuple(notes))


def _stays_inside(name: str, item: str, where: str, fix: str) -> None:
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\0" in name:
        what = f"the audio of the item {item!a} leads out of the folder: {name[:100]!a}"
        raise DatasetError(what, where=where, fix=fix)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that the file system cannot hold
        return False


def with_hashes(manifest: Manifest) -> Manifest:
    """The manifest with the SHA-256 of every audio file (an empty string for files that are missing or cannot be read)."""
    known: dict[str, str] = {}
    items = []
    for item in manifest.items:
        for name in item.audio:
            if name not in known:
                try:
                    known[name] = file_digest(manifest.root / name)
                except (OSError, ValueError):
                    known[name] = ""
        items.append(replace(item, sha256=tuple(known[name] for name in item.audio)))
    return replace(manifest, items=tuple(items))


def read(path: Path, root: Path | None = None) -> Manifest:
    """Read a manifest file; `root` overrides the folder of the audio.

    Raises:
        DatasetError: The file is missing or not a manifest, its audio is not below its folder, or its hash does not match its
            items.
    """
    lines = list(lines_of(path))
    if not lines:
        raise DatasetError("not a manifest: empty", where=str(path))
    head = json_text(lines[0][1], f"{path}:1")
    if head.get("schema") != SCHEMA:
        raise DatasetError(f"not a manifest: the schema is not {SCHEMA}", where=str(path))
    where = f"{path}:1"
    manifest = Manifest(
        _get(head, "dataset", str, where), _get(head, "split", str, where),
        root or Path(_get(head, "root", str, where)),
        tuple(_item(json_text(line, f"{path}:{number}"), f"{path}:{number}") for number, line in lines[1:]),
        _texts(head, "missing", where), _texts(head, "notes", where),
    )  # fmt: skip
    try:
        found = manifest.sha256
    except (ValueError, RecursionError):  # a lone surrogate, NaN
        raise DatasetError("not a manifest: an item has a value that JSON cannot hold", where=str(path)) from None
    if found != head.get("sha256"):
        fix = "create it again from the data set"
        raise DatasetError("the items were changed: the hash does not match", where=str(path), fix=fix)
    return manifest


def _item(data: dict[str, Any], where: str) -> Item:
    query = data.get("query")
    if query is not None and not isinstance(query, str):
        raise DatasetError("not a manifest: the field query is not a str or null", where=where)
    if "reference" not in data:
        raise DatasetError("not a manifest: the field reference is missing", where=where)
    for name in _texts(data, "audio", where):
        _stays_inside(name, _get(data, "id", str, where), where, "create it again from the data set")
    return Item(
        _get(data, "id", str, where), _texts(data, "audio", where), data["reference"], query,
        _texts(data, "sha256", where), _get(data, "extra", dict, where),
    )  # fmt: skip


def _get(data: dict[str, Any], name: str, kind: type, where: str) -> Any:
    if not isinstance(data.get(name), kind):
        raise DatasetError(f"not a manifest: the field {name} is missing or not a {kind.__name__}", where=where)
    return data[name]


def _texts(data: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    found = _get(data, name, list, where)
    if not all(isinstance(text, str) for text in found):
        raise DatasetError(f"not a manifest: the field {name} does not consist of strings", where=where)
    return tuple(found)
