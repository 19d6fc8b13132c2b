"""Reads an image in an OCI layout: its digests, the files of its layers, and in what two images differ."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a layout.

    Attributes:
        manifest: Digest of its manifest.
        config: Digest of its configuration.
        diff_ids: Digests of its layers, unpacked.
        blobs: The layers' files, in the same order.
        labels: Of the configuration.
    """

    manifest: str
    config: str
    diff_ids: tuple[str, ...]
    blobs: tuple[Path, ...]
    labels: dict[str, str]


def read(layout: Path) -> Image:
    """The one image of an OCI layout."""

    def blob(digest: str) -> Path:
        return layout / "blobs" / digest.replace(":", "/")

    def document(digest: str) -> Any:
        return json.loads(blob(digest).read_text(encoding="utf-8"))

    index = json.loads((layout / "index.json").read_text(encoding="utf-8"))
    [entry] = index["manifests"]
    manifest = document(entry["digest"])
    config = document(manifest["config"]["digest"])
    return Image(
        entry["digest"],
        manifest["config"]["digest"],
        tuple(config["rootfs"]["diff_ids"]),
        tuple(blob(layer["digest"]) for layer in manifest["layers"]),
        dict(config["config"].get("Labels") or {}),
    )


def differences(one: Image, other: Image) -> Iterator[tuple[str, str]]:
    """(path, what differs) for every file of the layers that differ; what one image lacks differs by being there."""
    if len(one.blobs) != len(other.blobs):
        yield "", f"{len(one.blobs)} layers, and {len(other.blobs)}"
        return
    for number, (first, second) in enumerate(zip(one.blobs, other.blobs, strict=True)):
        if one.diff_ids[number] == other.diff_ids[number]:
            continue
        left, right = _members(first), _members(second)
        for path in sorted({*left, *right}):
            if path not in left or path not in right:
                yield path, "only in one"
            elif left[path] != right[path]:
                yield path, ", ".join(name for name, value in left[path].items() if right[path][name] != value)
        if list(left) != list(right):
            yield "", f"the order of files in layer {number + 1}"


def _members(blob: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    with tarfile.open(blob) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            found[member.name] = {
                "content": hashlib.file_digest(content, "sha256").hexdigest() if content else member.linkname,  # type: ignore[arg-type]
                "mode": member.mode,
                "owner": (member.uid, member.gid),
                "time": member.mtime,
                "type": member.type,
                "attributes": sorted(member.pax_headers.items()),
            }
    return found


def files(image: Image, paths: Collection[str]) -> dict[str, bytes]:
    """Files' bytes, each as the topmost layer that has it says; what no layer has is left out."""
    found: dict[str, bytes] = {}
    for blob in reversed(image.blobs):
        missing = set(paths) - set(found)
        if not missing:
            break
        with tarfile.open(blob) as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                content = archive.extractfile(member) if name in missing and member.isfile() else None
                if content is not None:
                    found[name] = content.read()
    return found
