"""Check an archive of `container archive`: everything in it is what its digest says, and nothing else is in it."""

from __future__ import annotations

import hashlib
import json
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from audit.container_image import Image
from audit.errors import CheckFailedError, InputError, MissingError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
NAME = "org.opencontainers.image.ref.name"
CHUNK = 1 << 20
DOCUMENT = 16 << 20  # no JSON of an image is larger


@dataclass(frozen=True, slots=True)
class Archive:
    """What is in an archive.

    Attributes:
        image: The image; its id is the config's digest.
        name: The name that `load` gives it.
        size: The file's bytes.
        sha256: Their digest, where the file has just been written.
    """

    image: Image
    name: str
    size: int
    sha256: str | None = None


def read(path: Path) -> Archive:
    """Check every digest in an archive of `write`, and give what is in it.

    Raises:
        MissingError: There is no such file.
        InputError: It is no OCI archive.
        CheckFailedError: It is damaged, or something in it is not what its digest says; the message names the member.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            return _Reader(path, tar).archive()
    except (tarfile.TarError, EOFError, zlib.error):
        raise InputError("is no archive of an image, or is cut short", where=str(path)) from None
    except OSError as error:
        raise MissingError(f"cannot be read ({error.strerror or error})", where=str(path)) from None


def place_of(digest: str) -> str:
    """Where a blob lies in an archive."""
    return f"blobs/{digest.replace(':', '/')}"


class _Reader:
    """Reads one archive from the index down, and then looks for what nothing led to."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self._path = path
        self._tar = tar
        self._members: dict[str, tarfile.TarInfo] = {}
        for member in tar:
            if member.name in self._members:
                raise self._wrong(member.name, "is there twice")
            if not (member.isreg() or member.isdir()):
                raise self._wrong(member.name, "is neither a file nor a folder")
            self._members[member.name] = member
        self._read: set[str] = set()

    def _wrong(self, member: str, what: str) -> CheckFailedError:
        return CheckFailedError(f"{member} {what}", where=str(self._path), fix="Fetch or write the archive again.")

    def archive(self) -> Archive:
        if not {"index.json", "oci-layout"} <= set(self._members):
            raise InputError("is no OCI archive: it has no index.json or no oci-layout", where=str(self._path))
        try:
            return self._archive()
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise self._wrong("the archive", f"is not formed as it should ({error})") from None

    def _archive(self) -> Archive:
        if self._json("oci-layout")["imageLayoutVersion"] != "1.0.0":
            raise self._wrong("oci-layout", "is of another version")
        entries = self._json("index.json")["manifests"]
        if len(entries) != 1:
            raise self._wrong("index.json", f"has {len(entries)} images instead of one")
        manifest = self._described(entries[0], MANIFEST)
        config = self._described(manifest["config"], CONFIG)
        diff_ids = config["rootfs"]["diff_ids"]
        if [layer["digest"] for layer in manifest["layers"]] != diff_ids:
            raise self._wrong("the manifest", "has other layers than the config (are they packed?)")
        for layer in {one["digest"]: one for one in manifest["layers"]}.values():
            self._check(layer, LAYER)
        name = entries[0]["annotations"][NAME]
        self._check_legacy(manifest, name)
        files = {name for name, member in self._members.items() if member.isreg()}
        if files != self._read:
            raise self._wrong(min(files - self._read), "belongs to nothing")
        image = Image(
            id=manifest["config"]["digest"],
            manifest=entries[0]["digest"],
            config=manifest["config"]["digest"],
            layers=tuple(diff_ids),
            labels=dict(sorted((config.get("config", {}).get("Labels") or {}).items())),
            created=config.get("created"),
            platform=f"{config['os']}/{config['architecture']}",
        )
        return Archive(image, name, self._path.stat().st_size)

    def _check_legacy(self, manifest: Mapping[str, Any], name: str) -> None:
        expected: Sequence[Mapping[str, Any]] = [
            {
                "Config": place_of(manifest["config"]["digest"]),
                "Layers": [place_of(layer["digest"]) for layer in manifest["layers"]],
                "RepoTags": [name],
            }
        ]
        if self._json("manifest.json") != expected:
            raise self._wrong("manifest.json", "names another image than index.json")

    def _described(self, descriptor: Mapping[str, Any], kind: str) -> Any:
        self._check(descriptor, kind)
        return self._json(place_of(descriptor["digest"]))

    def _check(self, descriptor: Mapping[str, Any], kind: str) -> None:
        """Hash what a descriptor describes."""
        name = place_of(descriptor["digest"])
        if descriptor["mediaType"] != kind:
            raise self._wrong(name, f"is a {descriptor['mediaType']} instead of a {kind}")
        digest = hashlib.sha256()
        with self._open(name) as source:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
        if f"sha256:{digest.hexdigest()}" != descriptor["digest"] or self._members[name].size != descriptor["size"]:
            raise self._wrong(name, "has other bytes than its digest says")

    def _json(self, name: str) -> Any:
        if name in self._members and self._members[name].size > DOCUMENT:
            raise self._wrong(name, "is too large")
        with self._open(name) as source:
            return json.loads(source.read())

    def _open(self, name: str) -> BinaryIO:
        if name not in self._members or not self._members[name].isreg():
            raise self._wrong(name, "is missing")
        self._read.add(name)
        source = self._tar.extractfile(self._members[name])
        assert source is not None
        return source  # type: ignore[return-value]
