"""Writer of image archives: an image as one reproducible OCI archive, which needs no registry.

Layers are stored uncompressed. A layer's digest is then the one in the image's config, so the file depends only on the
config, not on compressor versions or on how an engine stores layers. Members are sorted and have neither times nor
owners. `manifest.json` is included for `docker load` in engines that cannot read the OCI layout (before 25).
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import posixpath
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from audit._util.files import open_atomic
from audit._util.strict_json import loads
from audit.container.archive_reader import (
    CHUNK,
    DOCUMENT,
    Archive,
    Member,
    bounded,
    config_facts,
    documents,
    place_of,
    read,
)
from audit.container.engine import Engine
from audit.container.image import Image
from audit.errors import CheckFailedError, InputError

_REFERENCE = re.compile(r"[a-z0-9][a-z0-9._/:-]{0,200}:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_ZSTD = b"\x28\xb5\x2f\xfd"


def write(engine: Engine, image: Image, path: Path, name: str | None = None) -> Archive:
    """Write an image of the engine as an archive, atomically.

    The layers are stored beside `path` temporarily, so twice the image's size must be free there.

    Args:
        engine: The engine that has the image.
        image: The image, from `audit.container.image.find`.
        path: The file.
        name: `NAME:TAG` for `load`; by default `repro-audit:` and twelve digits of the config digest.

    Raises:
        InputError: The name is invalid, or the file cannot be written.
        CheckFailedError: The engine returned something other than the image.
        EngineError: The engine failed.
    """
    if name is not None and not _REFERENCE.fullmatch(name):
        raise InputError(f"{name!r} is not NAME:TAG", where="--name", fix="For example repro-audit:1.0")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent) as folder:
            found = _receive(engine, image, Path(folder))
            config = _config_of(found, image)
            name = name or f"repro-audit:{config.removeprefix('sha256:')[:12]}"
            digest = _assemble(found, config, name, path)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror or error})", where=str(path)) from None
    return replace(read(path), sha256=digest)


@dataclass(frozen=True, slots=True)
class _Blob:
    """A received file: its path, and the digest and size of its content."""

    path: Path
    digest: str
    size: int


def _receive(engine: Engine, image: Image, folder: Path) -> dict[str, _Blob]:
    """Store the members of the engine's `save` stream in `folder`; returns them by name."""
    found: dict[str, _Blob] = {}
    links: dict[str, str] = {}
    with contextlib.closing(_Stream(engine, image.id)) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r|", bufsize=CHUNK, tarinfo=Member) as tar:
                for member in bounded(tar):
                    name = posixpath.normpath(member.name)
                    if member.isreg():
                        source = tar.extractfile(member)
                        assert source is not None
                        found[name] = _spool(source, folder / str(len(found)))
                    elif member.issym() or member.islnk():
                        # Engines before 25 write a repeated layer as a link to its first copy.
                        base = posixpath.dirname(name) if member.issym() else ""
                        links[name] = posixpath.normpath(posixpath.join(base, member.linkname))
            stream.drain()
        except tarfile.TarError as error:
            raise CheckFailedError(f"the engine's archive of the image is invalid ({error})", where=image.id) from None
    for name, target in links.items():
        if target in found:
            found[name] = found[target]
    return found


class _Stream(io.RawIOBase):
    """The engine's response as a file; errors are raised as engine errors."""

    def __init__(self, engine: Engine, identity: str) -> None:
        super().__init__()
        self._engine = engine
        # An engine may write the whole archive to its disk before it sends the first byte.
        with engine.unhurried(), engine.asked("save the image"):
            self._chunks: Iterator[bytes] = iter(engine.client.get_image(identity, chunk_size=CHUNK))
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            with self._engine.asked("save the image"):
                try:
                    self._rest = next(self._chunks)
                except StopIteration:
                    return b""
        taken, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return taken

    def drain(self) -> None:
        """Read the rest of the response after the end of the archive, so that the connection can be reused."""
        while self.read():
            pass


def _spool(source: Any, path: Path) -> _Blob:
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
    return _Blob(path, f"sha256:{digest.hexdigest()}", size)


def _config_of(found: dict[str, _Blob], image: Image) -> str:
    """The digest of the image's config; afterwards `found` has exactly the config and the layers, by digest."""
    try:
        listed = _listed(_document(found["manifest.json"]))
        entries = [(found[config], [found[name] for name in names]) for config, names in listed]
        config, layers = next((blob, layers) for blob, layers in entries if _belongs(found, image, blob))
        expected = list(config_facts(_document(config)).layers)
    except (KeyError, StopIteration, ValueError):
        raise CheckFailedError("the engine's archive does not contain the requested image", where=image.id) from None
    if expected != list(image.layers) or len(layers) != len(expected):
        raise CheckFailedError("the layers of the engine's archive differ from the image's", where=image.id)
    found.clear()
    found[config.digest] = config
    for layer, digest in zip(layers, expected, strict=True):
        if digest not in found:  # a layer may occur twice
            found[digest] = _unpacked(layer, digest)
    return config.digest


def _listed(value: object) -> list[tuple[str, list[str]]]:
    """Config and layers of each image in a manifest.json.

    Raises:
        ValueError: It is not a list of these.
    """
    found: list[tuple[str, list[str]]] = []
    for one in value if isinstance(value, list) else ():
        config, layers = (one.get("Config"), one.get("Layers")) if isinstance(one, dict) else (None, None)
        if not isinstance(config, str) or not isinstance(layers, list) or not all(isinstance(n, str) for n in layers):
            raise ValueError("an image without its config and layers")
        found.append((config, layers))
    return found


def _belongs(found: Mapping[str, _Blob], image: Image, config: _Blob) -> bool:
    """Whether this config is the image's: by its digest, or through the image's manifest or index."""
    if image.config is not None:
        return config.digest == image.config
    by_digest = {blob.digest: blob for blob in found.values()}
    queue, seen = [image.id], set()
    while queue:
        digest = queue.pop()
        if digest == config.digest:
            return True
        if digest in seen or digest not in by_digest:
            continue
        seen.add(digest)
        document = _document(by_digest[digest])
        manifests = document.get("manifests") if isinstance(document, dict) else None
        described = [document.get("config")] if isinstance(document, dict) else []
        described += manifests if isinstance(manifests, list) else []
        queue += [one["digest"] for one in described if isinstance(one, dict) and isinstance(one.get("digest"), str)]
    return False


def _unpacked(blob: _Blob, digest: str) -> _Blob:
    """The layer as an uncompressed tar file with this digest; the engine may have stored it compressed.

    Raises:
        CheckFailedError: The digest does not match.
    """
    if blob.digest == digest:
        return blob
    with blob.path.open("rb") as source:
        if source.read(4) == _ZSTD:
            raise CheckFailedError(
                "the engine stores a layer compressed with zstd, which this program cannot read",
                where=digest,
                fix="Build the image with an engine that uses gzip or no compression.",
            )
    with contextlib.suppress(gzip.BadGzipFile, EOFError, zlib.error), gzip.open(blob.path) as packed:
        plain = _spool(packed, blob.path.with_suffix(".plain"))
        blob.path.unlink()
        if plain.digest == digest:
            return plain
    raise CheckFailedError(f"a layer does not match the config: {blob.digest}", where=digest)


def _document(blob: _Blob) -> Any:
    if blob.size > DOCUMENT:
        raise ValueError("too large for a document")
    return loads(blob.path.read_bytes(), exact=True)


class _Hashing:
    """A writable file that computes the digest of what is written."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self.digest = hashlib.sha256()

    def write(self, raw: bytes) -> int:
        self.digest.update(raw)
        return self._target.write(raw)


def _assemble(found: Mapping[str, _Blob], config: str, name: str, path: Path) -> str:
    """Write the archive, whose bytes depend only on the config and the name; returns the file's SHA-256."""
    raw = found[config].path.read_bytes()
    layers = [found[digest] for digest in config_facts(loads(raw, exact=True)).layers]
    written = documents(config, raw, [(layer.digest, layer.size) for layer in layers], name)
    members: dict[str, bytes | Path | None] = {"blobs": None, "blobs/sha256": None, **written}
    members |= {place_of(digest): blob.path for digest, blob in found.items()}
    with open_atomic(path) as handle:
        target = _Hashing(handle)
        with tarfile.open(fileobj=target, mode="w|", bufsize=CHUNK, format=tarfile.GNU_FORMAT) as tar:  # type: ignore[call-overload]
            for place in sorted(members):
                _add(tar, place, members[place])
    return target.digest.hexdigest()


def _add(tar: tarfile.TarFile, name: str, content: bytes | Path | None) -> None:
    member = tarfile.TarInfo(name)
    if content is None:
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(member)
    elif isinstance(content, bytes):
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    else:
        member.size = content.stat().st_size
        with content.open("rb") as source:
            tar.addfile(member, source)
