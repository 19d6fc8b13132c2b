"""Checker of image archives: every member matches its digest, and there are no other members."""

from __future__ import annotations

import hashlib
import json
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from audit._util import canonical_json
from audit.container.image import Image
from audit.errors import CheckFailedError, InputError, MissingError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
NAME = "org.opencontainers.image.ref.name"
_CONTAINERD_NAME = "io.containerd.image.name"
CHUNK = 1 << 20
DOCUMENT = 16 << 20  # limit for the JSON documents of an image


@dataclass(frozen=True, slots=True)
class Archive:
    """The contents of an archive.

    Attributes:
        image: The image; its id is the config digest.
        name: The name that `load` gives it.
        size: The size of the file in bytes.
        sha256: The digest of the file, if it has just been written.
    """

    image: Image
    name: str
    size: int
    sha256: str | None = None


def read(path: Path) -> Archive:
    """Check all digests in an archive and return its contents.

    Raises:
        MissingError: The file does not exist.
        InputError: The file is not an OCI archive.
        CheckFailedError: The archive is damaged, or a member does not match its digest; the message names the member.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            return _Reader(path, tar).archive()
    except (tarfile.TarError, EOFError, zlib.error):
        raise InputError("not an image archive, or truncated", where=str(path)) from None
    except OSError as error:
        raise MissingError(f"cannot be read ({error.strerror or error})", where=str(path)) from None


def place_of(digest: str) -> str:
    """The path of a blob in an archive."""
    return f"blobs/{digest.replace(':', '/')}"


def documents(config: str, raw: bytes, layers: Sequence[tuple[str, int]], name: str) -> dict[str, bytes]:
    """The JSON members of an archive except the config; their bytes depend only on the arguments.

    Args:
        config: The config digest.
        raw: The config.
        layers: Digest and size of each uncompressed layer, lowest first.
        name: The name that `load` gives the image.

    Raises:
        KeyError: The config does not state the platform.
        ValueError: The config is invalid JSON.
    """
    content = json.loads(raw)
    manifest = canonical_json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": config, "size": len(raw)},
            "layers": [{"mediaType": LAYER, "digest": digest, "size": size} for digest, size in layers],
        }
    )
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    described = {
        "mediaType": MANIFEST,
        "digest": digest,
        "size": len(manifest),
        "platform": {"architecture": str(content["architecture"]), "os": str(content["os"])},
        "annotations": {NAME: name, _CONTAINERD_NAME: _full(name)},
    }
    legacy = [{"Config": place_of(config), "Layers": [place_of(one) for one, _ in layers], "RepoTags": [name]}]
    return {
        "index.json": canonical_json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [described]}),
        "manifest.json": canonical_json.dumps(legacy),
        "oci-layout": canonical_json.dumps({"imageLayoutVersion": "1.0.0"}),
        place_of(digest): manifest,
    }


def _full(name: str) -> str:
    """The name with the default registry if it has none."""
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


class _Reader:
    """Reads an archive from the index down, generates its documents again, and compares all members."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self._path = path
        self._tar = tar
        self._members = tar.getmembers()
        self._files = {one.name: one for one in self._members if one.isreg()}

    def _wrong(self, member: str, what: str) -> CheckFailedError:
        return CheckFailedError(f"{member} {what}", where=str(self._path), fix="Fetch or write the archive again.")

    def archive(self) -> Archive:
        if not {"index.json", "oci-layout"} <= set(self._files):
            raise InputError("not an OCI archive: index.json or oci-layout is missing", where=str(self._path))
        for member in self._members:
            if not (member.isreg() or member.isdir()):
                raise self._wrong(member.name, "is neither a file nor a folder")
        names = [member.name for member in self._members]
        if len(set(names)) != len(names):
            raise self._wrong(next(name for name in names if names.count(name) > 1), "is a duplicate")
        try:
            return self._archive()
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise self._wrong("the archive", f"is malformed ({error})") from None

    def _archive(self) -> Archive:
        (described,) = json.loads(self._document("index.json"))["manifests"]
        name = described["annotations"][NAME]
        manifest = json.loads(self._document(self._hashed(described["digest"])))
        config = manifest["config"]["digest"]
        raw = self._document(self._hashed(config))
        content = json.loads(raw)
        layers = content["rootfs"]["diff_ids"]
        places = {layer: self._hashed(layer) for layer in dict.fromkeys(layers)}
        sizes = [(layer, self._files[places[layer]].size) for layer in layers]
        expected = documents(config, raw, sizes, name)
        for member, right in sorted(expected.items()):
            if self._document(member) != right:
                raise self._wrong(member, "does not match the image's config and the index")
        extra = self._files.keys() - expected.keys() - set(places.values()) - {place_of(config)}
        if extra:
            raise self._wrong(min(extra), "is not referenced")
        image = Image(
            id=config,
            manifest=described["digest"],
            config=config,
            layers=tuple(layers),
            labels=dict(sorted((content.get("config", {}).get("Labels") or {}).items())),
            created=content.get("created"),
            platform=f"{content['os']}/{content['architecture']}",
        )
        return Archive(image, name, self._path.stat().st_size)

    def _hashed(self, digest: str) -> str:
        """The path of a blob, after checking that its content has the digest in its name."""
        name = place_of(digest)
        found = hashlib.sha256()
        with self._open(name) as source:
            while chunk := source.read(CHUNK):
                found.update(chunk)
        if f"sha256:{found.hexdigest()}" != digest:
            raise self._wrong(name, "does not match its digest")
        return name

    def _document(self, name: str) -> bytes:
        with self._open(name) as source:
            if self._files[name].size > DOCUMENT:
                raise self._wrong(name, "is too large")
            return source.read()

    def _open(self, name: str) -> IO[bytes]:
        source = self._tar.extractfile(self._files[name]) if name in self._files else None
        if source is None:
            raise self._wrong(name, "is missing")
        return source
