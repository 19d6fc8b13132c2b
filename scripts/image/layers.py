"""Reads an image in a Docker archive: its digests, the files of its layers, and in what two images differ.

Docker's form, and not the OCI layout: that one has no place for a health check, and older engines do not load it.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast


@dataclass(frozen=True, slots=True)
class Image:
    """An image.

    Attributes:
        config: Digest of its configuration, which is the image's id.
        settings: The configuration, as JSON.
        diff_ids: Digests of its layers, unpacked.
        blobs: The layers' files, in the same order.
        labels: Of the configuration.
        health_check: Of the configuration.
    """

    config: str
    settings: bytes
    diff_ids: tuple[str, ...]
    blobs: tuple[Path, ...]
    labels: dict[str, str]
    health_check: dict[str, Any] | None


def read(archive: Path, folder: Path) -> Image:
    """The one image of a Docker archive, unpacked into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        [entry] = json.loads(_content(tar, "manifest.json"))
        config = _stable(json.loads(_content(tar, entry["Config"])))
        # Written under names of our own. The oldest Python that is supported has no filter for what an archive names.
        blobs = tuple(folder / f"layer-{number}" for number in range(len(entry["Layers"])))
        for name, blob in zip(entry["Layers"], blobs, strict=True):
            # A layer that is there twice is a link to the first, which is followed.
            with cast("IO[bytes]", tar.extractfile(name)) as layer, blob.open("wb") as written:
                shutil.copyfileobj(layer, written)
    settings = json.dumps(config, sort_keys=True, separators=(",", ":")).encode()
    return Image(
        f"sha256:{hashlib.sha256(settings).hexdigest()}",
        settings,
        tuple(config["rootfs"]["diff_ids"]),
        blobs,
        dict(config["config"].get("Labels") or {}),
        config["config"].get("Healthcheck"),
    )


def _stable(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration without what buildah invents for each build: names of containers, of hosts, and of stages."""
    kept = {name: config[name] for name in ("architecture", "created", "os", "rootfs") if name in config}
    kept["config"] = {
        name: value for name, value in config["config"].items() if name not in {"Hostname", "Domainname", "Image"}
    }
    kept["history"] = [
        {name: value for name, value in step.items() if name != "comment"} for step in config.get("history", [])
    ]
    return kept


def write(image: Image, target: Path, name: str) -> None:
    """The image as a Docker archive whose bytes follow from the image alone."""
    settings = f"{image.config.removeprefix('sha256:')}.json"
    names = [f"{digest.removeprefix('sha256:')}.tar" for digest in image.diff_ids]
    manifest = json.dumps([{"Config": settings, "Layers": names, "RepoTags": [name]}]).encode()
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as tar:
        for member, blob in sorted(dict(zip(names, image.blobs, strict=True)).items()):
            entry = tarfile.TarInfo(member)
            entry.size = blob.stat().st_size
            with blob.open("rb") as content:
                tar.addfile(entry, content)
        for member, data in ((settings, image.settings), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is no file")
    return file.read()


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
            found[member.name.removeprefix("./")] = {
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
