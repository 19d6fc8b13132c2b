"""Manifest: the items of a test set on disk, sorted by id, and a hash that identifies the set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from tasks.datasets.errors import DatasetError

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
    known: int | None = None,
    missing: Iterable[str] = (),
    notes: Iterable[str] = (),
) -> Manifest:
    """Sort the items, list missing audio files, and compare the number of items with the known one.

    Raises:
        DatasetError: There are no items, or an id is a duplicate.
    """
    ordered = sorted(items, key=lambda item: item.id)
    if not ordered:
        raise DatasetError("no items found", where=str(root), fix="give the folder of the official layout")
    for one, two in pairwise(ordered):
        if one.id == two.id:
            raise DatasetError(f"duplicate id {one.id}", where=str(root))
    files = sorted({name for item in ordered for name in item.audio if not (root / name).is_file()})
    remarks = list(notes)
    if known is not None and len(ordered) != known:
        remarks.append(f"{len(ordered)} items; the official set has {known}")
    return Manifest(dataset, split, root, tuple(ordered), (*missing, *files), tuple(remarks))


def with_hashes(manifest: Manifest) -> Manifest:
    """The manifest with the SHA-256 of every audio file (an empty string for missing files)."""
    known: dict[str, str] = {}
    items = []
    for item in manifest.items:
        for name in item.audio:
            if name not in known:
                path = manifest.root / name
                if path.is_file():
                    with path.open("rb") as handle:
                        known[name] = hashlib.file_digest(handle, "sha256").hexdigest()
                else:
                    known[name] = ""
        items.append(replace(item, sha256=tuple(known[name] for name in item.audio)))
    return replace(manifest, items=tuple(items))


def read(path: Path, root: Path | None = None) -> Manifest:
    """Read a manifest file; `root` overrides the folder of the audio.

    Raises:
        DatasetError: The file is missing or not a manifest, or its hash does not match its items.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
        head = json.loads(lines[0])
        items = [_item(json.loads(line)) for line in lines[1:]]
    except FileNotFoundError:
        raise DatasetError("manifest not found", where=str(path)) from None
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"not a manifest: {error}", where=str(path)) from None
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        raise DatasetError(f"not a manifest: the schema is not {SCHEMA}", where=str(path))
    manifest = Manifest(
        head["dataset"], head["split"], root or Path(head["root"]), tuple(items), tuple(head["missing"]),
        tuple(head["notes"]),
    )  # fmt: skip
    if manifest.sha256 != head["sha256"]:
        fix = "create it again from the data set"
        raise DatasetError("the items were changed: the hash does not match", where=str(path), fix=fix)
    return manifest


def _item(data: dict[str, Any]) -> Item:
    return Item(
        data["id"], tuple(data["audio"]), data["reference"], data["query"], tuple(data["sha256"]), data["extra"]
    )
