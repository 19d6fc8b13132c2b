"""An image as one file that needs no registry: an OCI archive, the same bytes for the same image.

Layers are stored unpacked. Then a layer's digest is the one that the image's config names, so the file follows from the
config alone: no version of a compressor, and no engine's way to pack, shows in it. Members are sorted, without times and
owners. `manifest.json` is there for `docker load` of engines that do not read the OCI layout (before 25).
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
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
from audit.container.archive_reader import CHUNK, DOCUMENT, Archive, documents, place_of, read
from audit.container.engine import Engine
from audit.container.image import Image
from audit.errors import CheckFailedError, InputError

_REFERENCE = re.compile(r"[a-z0-9][a-z0-9._/:-]{0,200}:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_ZSTD = b"\x28\xb5\x2f\xfd"


def write(engine: Engine, image: Image, path: Path, name: str | None = None) -> Archive:
    """Write the engine's image as an archive, whole or not at all.

    The layers lie beside `path` in the meantime, so twice the image's size must be free there.

    Args:
        engine: Where the image is.
        image: The image, as `container_image.find` gives it.
        path: The file.
        name: `NAME:TAG` for `load`; unless given, `repro-audit:` and twelve digits of the config's digest.

    Raises:
        InputError: The name is none, or the file cannot be written.
        CheckFailedError: What the engine gave is not the image.
        EngineError: The engine is in trouble.
    """
    if name is not None and not _REFERENCE.fullmatch(name):
        raise InputError(f"{name!r} is no name with a tag", where="--name", fix="For example repro-audit:1.0")
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
    """A received file: where it lies, and the digest and size of its content."""

    path: Path
    digest: str
    size: int


def _receive(engine: Engine, image: Image, folder: Path) -> dict[str, _Blob]:
    """The members of the engine's `save` stream by name, spooled into `folder`."""
    found: dict[str, _Blob] = {}
    links: dict[str, str] = {}
    with contextlib.closing(_Stream(engine, image.id)) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r|", bufsize=CHUNK) as tar:
                for member in tar:
                    name = posixpath.normpath(member.name)
                    if member.isreg():
                        source = tar.extractfile(member)
                        assert source is not None
                        found[name] = _spool(source, folder / str(len(found)))
                    elif member.issym() or member.islnk():
                        # Engines before 25 write a layer that is there twice as a link to its first copy.
                        base = posixpath.dirname(name) if member.issym() else ""
                        links[name] = posixpath.normpath(posixpath.join(base, member.linkname))
            stream.drain()
        except tarfile.TarError as error:
            raise CheckFailedError(f"the engine's archive of the image is broken ({error})", where=image.id) from None
    for name, target in links.items():
        if target in found:
            found[name] = found[target]
    return found


class _Stream(io.RawIOBase):
    """The engine's answer as a file; its errors are the engine's."""

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
        """Read what stands behind the archive's end, so that the connection can be used again."""
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
    """The digest of the image's config; `found` then has config and layers by digest, and no other layers."""
    try:
        listed = _document(found["manifest.json"])
        entries = [(found[one["Config"]], [found[name] for name in one["Layers"]]) for one in listed]
        configs = [(blob, layers) for blob, layers in entries if _belongs(found, image, blob)]
        config, layers = configs[0]
        content = _document(config)
        expected = [str(one) for one in content["rootfs"]["diff_ids"]]
    except (KeyError, IndexError, TypeError, ValueError):
        raise CheckFailedError(
            "the engine's archive does not hold the image that was asked for", where=image.id
        ) from None
    if expected != list(image.layers) or len(layers) != len(expected):
        raise CheckFailedError("the engine's archive has other layers than the image", where=image.id)
    found.clear()
    found[config.digest] = config
    for layer, digest in zip(layers, expected, strict=True):
        if digest not in found:  # a layer may be there twice
            found[digest] = _unpacked(layer, digest)
    return config.digest


def _belongs(found: Mapping[str, _Blob], image: Image, config: _Blob) -> bool:
    """Whether this config is the image's: by its digest, or because the image's manifest, or index, leads to it."""
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
        queue += [one["digest"] for one in (document.get("config"), *document.get("manifests", ())) if one]
    return False


def _unpacked(blob: _Blob, digest: str) -> _Blob:
    """The layer as a plain tar with this digest; an engine may have kept it packed.

    Raises:
        CheckFailedError: It is another.
    """
    if blob.digest == digest:
        return blob
    with blob.path.open("rb") as source:
        if source.read(4) == _ZSTD:
            raise CheckFailedError(
                "the engine keeps a layer packed with zstd, which this program does not read",
                where=digest,
                fix="Build the image with an engine that packs with gzip or not at all.",
            )
    with contextlib.suppress(gzip.BadGzipFile, EOFError, zlib.error), gzip.open(blob.path) as packed:
        plain = _spool(packed, blob.path.with_suffix(".plain"))
        blob.path.unlink()
        if plain.digest == digest:
            return plain
    raise CheckFailedError(f"a layer is not what the config says: {blob.digest}", where=digest)


def _document(blob: _Blob) -> Any:
    if blob.size > DOCUMENT:
        raise ValueError("too large for a document")
    return json.loads(blob.path.read_bytes())


class _Hashing:
    """A file to write to that knows the digest of what was written."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self.digest = hashlib.sha256()

    def write(self, raw: bytes) -> int:
        self.digest.update(raw)
        return self._target.write(raw)


def _assemble(found: Mapping[str, _Blob], config: str, name: str, path: Path) -> str:
    """Write the archive: every member's bytes and order follow from the config and the name. The file's SHA-256."""
    raw = found[config].path.read_bytes()
    layers = [found[digest] for digest in json.loads(raw)["rootfs"]["diff_ids"]]
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
