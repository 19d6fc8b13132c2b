"""Checker of image archives: every member matches its digest, and there are no other members."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from audit._util import canonical_json
from audit._util.strict_json import InvalidJsonError, loads
from audit.container.image import DIGEST, Image
from audit.errors import CheckFailedError, InputError, MissingError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
NAME = "org.opencontainers.image.ref.name"
_CONTAINERD_NAME = "io.containerd.image.name"
CHUNK = 1 << 20
DOCUMENT = 16 << 20  # limit for the JSON documents of an image
MEMBERS = 10_000  # an image has at most 127 layers in most engines
HEADERS = 1 << 16
# Headers whose content is names and sizes of the next member.
_EXTENDED = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


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
        with tarfile.open(path, "r:", tarinfo=Member) as tar:
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
        ValueError: The config is invalid JSON, or does not state platform and layers.
    """
    facts = config_facts(loads(raw, exact=True))
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
        "platform": {"architecture": facts.architecture, "os": facts.system},
        "annotations": {NAME: name, _CONTAINERD_NAME: _full(name)},
    }
    legacy = [{"Config": place_of(config), "Layers": [place_of(one) for one, _ in layers], "RepoTags": [name]}]
    return {
        "index.json": canonical_json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [described]}),
        "manifest.json": canonical_json.dumps(legacy),
        "oci-layout": canonical_json.dumps({"imageLayoutVersion": "1.0.0"}),
        place_of(digest): manifest,
    }


@dataclass(frozen=True, slots=True)
class ConfigFacts:
    """What is read of an image's config."""

    architecture: str
    system: str
    layers: tuple[str, ...]
    labels: Mapping[str, str]
    created: str | None


def config_facts(content: object) -> ConfigFacts:
    """The facts in the JSON value of an image's config.

    Raises:
        ValueError: It is not an object with platform and layers, or a field has another type.
    """
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  # a text that is wrong
    architecture, system, created = (content.get(name) for name in ("architecture", "os", "created"))
    layers = _inner(content, "rootfs").get("diff_ids")
    labels = _inner(content, "config").get("Labels") or {}
    if not isinstance(architecture, str) or not isinstance(system, str) or not isinstance(created, str | None):
        raise ValueError("architecture, os or created is not a text")  # noqa: TRY004
    if not isinstance(layers, list) or len(layers) > MEMBERS or not all(map(_digest, layers)):
        raise ValueError("rootfs.diff_ids is not a list of digests")
    if not isinstance(labels, dict) or not all(isinstance(text, str) for text in labels.values()):
        raise ValueError("config.Labels is not an object of texts")
    return ConfigFacts(architecture, system, tuple(layers), dict(sorted(labels.items())), created)


class Member(tarfile.TarInfo):
    """A member whose extended headers are bounded: tarfile reads each into memory, whatever size it states."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _EXTENDED and self.size > HEADERS:
            raise tarfile.ReadError(f"an extended header of {self.size} bytes")
        found: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]  # the hook that tarfile names for subclasses
        return found


def bounded(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of an archive, in its order.

    Raises:
        CheckFailedError: A member is sparse, so that a few bytes of the file stand for any number, or there are more than
            `MEMBERS`.
    """
    for number, member in enumerate(tar):
        problem = "is sparse" if member.issparse() else "is one of too many members" if number >= MEMBERS else ""
        if problem:
            raise CheckFailedError(f"{member.name[:200]} {problem}", where=str(tar.name or "the archive"))
        yield member


def _digest(text: object) -> str | None:
    return text if isinstance(text, str) and DIGEST.fullmatch(text) else None


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


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
        self._members = tuple(bounded(tar))
        self._files = {one.name: one for one in self._members if one.isreg()}

    def _wrong(self, member: str, what: str) -> CheckFailedError:
        return CheckFailedError(f"{member} {what}", where=str(self._path), fix="Fetch or write the archive again.")

    def archive(self) -> Archive:
        if not {"index.json", "oci-layout"} <= set(self._files):
            raise InputError("not an OCI archive: index.json or oci-layout is missing", where=str(self._path))
        for member in self._members:
            if not (member.isreg() or member.isdir()):
                raise self._wrong(member.name, "is neither a file nor a folder")
        seen = set[str]()
        for member in self._members:
            if member.name in seen:
                raise self._wrong(member.name, "is a duplicate")
            seen.add(member.name)
        return self._archive()

    def _archive(self) -> Archive:
        described, name = self._described()
        manifest = self._object(self._hashed(described))
        config = _digest(_inner(manifest, "config").get("digest"))
        if config is None:
            raise self._wrong(place_of(described), "names no config by its digest")
        raw = self._document(self._hashed(config))
        content = self._object(place_of(config))
        try:
            facts = config_facts(content)
        except ValueError as error:
            raise self._wrong(place_of(config), f"is not the config of an image: {error}") from None
        layers = facts.layers
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
            manifest=described,
            config=config,
            layers=layers,
            labels=facts.labels,
            created=facts.created,
            platform=f"{facts.system}/{facts.architecture}",
        )
        return Archive(image, name, self._path.stat().st_size)

    def _described(self) -> tuple[str, str]:
        """The digest of the one manifest that the index describes, and the name that it gives the image."""
        manifests = self._object("index.json").get("manifests")
        if not isinstance(manifests, list) or len(manifests) != 1 or not isinstance(manifests[0], dict):
            raise self._wrong("index.json", "does not describe exactly one image")
        digest, name = _digest(manifests[0].get("digest")), _inner(manifests[0], "annotations").get(NAME)
        if digest is None or not isinstance(name, str):
            raise self._wrong("index.json", "does not give the image's digest and name")
        return digest, name

    def _object(self, name: str) -> dict[str, Any]:
        try:
            value = loads(self._document(name), exact=True)
        except InvalidJsonError as error:
            raise self._wrong(name, f"is invalid JSON: {error}") from None
        if not isinstance(value, dict):
            raise self._wrong(name, "is not a JSON object")
        return value

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
