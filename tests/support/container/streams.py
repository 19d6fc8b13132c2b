"""`save` streams of one image as different engines write them, and an engine that gives them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from audit.container.engine import Engine
from audit.container.image import Image


def digest(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def tar_of(files: dict[str, bytes | str], mtime: int = 0) -> bytes:
    """A tar; a text is the target of a symbolic link."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.mtime = mtime
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return target.getvalue()


FIRST = tar_of({"a": b"a" * 5000})
SECOND = tar_of({"b": b"b"})
LAYERS = (FIRST, SECOND, FIRST)  # an image may have a layer twice
DIFF_IDS = [digest(layer) for layer in LAYERS]
CONFIG = json.dumps(
    {
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-02T03:04:05Z",
        "config": {"Labels": {"b": "2", "a": "1"}, "Cmd": ["all"]},
        "rootfs": {"type": "layers", "diff_ids": DIFF_IDS},
    }
).encode()
CONFIG_DIGEST = digest(CONFIG)


def blob(raw: bytes) -> str:
    return f"blobs/sha256/{hashlib.sha256(raw).hexdigest()}"


def legacy(tag: str = "x:1", mtime: int = 7) -> bytes:
    """Docker before 25: a folder a layer, the second copy of a layer as a link to the first."""
    config = f"{CONFIG_DIGEST.removeprefix('sha256:')}.json"
    manifest = [{"Config": config, "RepoTags": [tag], "Layers": ["1/layer.tar", "2/layer.tar", "3/layer.tar"]}]
    files: dict[str, bytes | str] = {
        "1/VERSION": b"1.0", "1/json": b"{}", "1/layer.tar": FIRST, "2/layer.tar": SECOND,
        "3/layer.tar": "../1/layer.tar", config: CONFIG, "manifest.json": json.dumps(manifest).encode(),
        "repositories": b"{}",
    }  # fmt: skip
    return tar_of(files, mtime)


def layout() -> bytes:
    """Docker from 25 on: an OCI layout with plain layers, and a manifest.json."""
    legacy_manifest = [{"Config": blob(CONFIG), "RepoTags": None, "Layers": [blob(layer) for layer in LAYERS]}]
    files: dict[str, bytes | str] = {blob(raw): raw for raw in (FIRST, SECOND, CONFIG)}
    files |= {"oci-layout": b"{}", "index.json": b"{}", "manifest.json": json.dumps(legacy_manifest).encode()}
    return tar_of(files, 3)


PACKED = [gzip.compress(layer, mtime=5) for layer in LAYERS]
MANIFEST = json.dumps(
    {"config": {"digest": CONFIG_DIGEST}, "layers": [{"digest": digest(one)} for one in PACKED]}
).encode()
OTHER = json.dumps({"config": {"digest": "sha256:" + "0" * 64}, "layers": []}).encode()
INDEX = json.dumps({"manifests": [{"digest": digest(MANIFEST)}, {"digest": digest(OTHER)}]}).encode()


def containerd() -> bytes:
    """containerd's store: packed layers, and an index that also has an attestation."""
    legacy_manifest = [{"Config": blob(CONFIG), "RepoTags": ["x:1"], "Layers": [blob(layer) for layer in PACKED]}]
    files: dict[str, bytes | str] = {blob(raw): raw for raw in (*PACKED, CONFIG, MANIFEST, OTHER, INDEX)}
    files |= {"oci-layout": b"{}", "manifest.json": json.dumps(legacy_manifest).encode()}
    return tar_of(files)


def engine_with(stream: bytes, chunk: int = 1000, **more: Any) -> Engine:
    def get_image(identity: str, chunk_size: int) -> Iterator[bytes]:
        return (stream[start : start + chunk] for start in range(0, len(stream), chunk))

    return Engine(SimpleNamespace(get_image=get_image, timeout=300, **more), "unix:///x", {}, "Docker 0")


def image(identity: str = CONFIG_DIGEST, *, config: str | None = CONFIG_DIGEST) -> Image:
    manifest = None if config else identity
    return Image(identity, manifest, config, tuple(DIFF_IDS), {}, None, "linux/amd64")
