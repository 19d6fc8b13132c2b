"""Image identity: immutable references, an engine's description of an image, and image records.

An image has two digests. The config digest covers its settings and the digests of its uncompressed layers, so it is the
same everywhere. The manifest digest covers the compressed layers, so it may differ between registries, archives and
engines. An engine's image id is the config digest, or, with containerd's image store, the manifest digest. The latter kind of
engine does not report the config digest; the former knows the manifest digest only of pulled images.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit._util.strict_json import loads
from audit.container.engine import Engine
from audit.errors import InputError, MissingError
from audit.provenance.records.environment import ImageFacts, labels_fit

SCHEMA = "repro-audit/image/1"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*@(sha256:[0-9a-f]{64})")
_NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*")
_TITLE = "org.opencontainers.image.title"


@dataclass(frozen=True, slots=True)
class Image:
    """An image as an engine or an archive describes it.

    Attributes:
        id: The engine's id: the config digest or, in containerd's store, the manifest digest.
        manifest: The manifest digest; None if unknown.
        config: The config digest; None if unknown.
        layers: The digests of the uncompressed layers, lowest first.
        labels: The labels.
        created: The creation time, RFC 3339 as written by the engine.
        platform: Operating system and architecture, `linux/amd64`.
        tags: The tags that currently point to it.
        command: The default arguments.
    """

    id: str
    manifest: str | None
    config: str | None
    layers: tuple[str, ...]
    labels: Mapping[str, str]
    created: str | None
    platform: str
    tags: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    def record(self, **more: object) -> dict[str, Any]:
        """The record written by `container build` and `container inspect --json`; `more` are further fields."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "manifest": self.manifest,
            "config": self.config,
            "layers": list(self.layers),
            "labels": dict(self.labels),
            "created": self.created,
            "platform": self.platform,
            **more,
        }

    def environment(self) -> ImageFacts:
        """The value of REPRO_AUDIT_IMAGE for the program inside; without labels if these are too many or too long.

        Its name is that of the image's labels, not a tag of this engine.
        """
        title = self.labels.get(_TITLE, "")
        name = title if _NAME.fullmatch(title) and len(title) <= 100 else "repro-audit"
        version = f"@{self.manifest.replace(':', '%3A')}" if self.manifest else ""
        labels = self.labels if labels_fit(self.labels) else None
        return ImageFacts(f"pkg:oci/{name}{version}", self.manifest, self.config, self.layers, labels)


def find(engine: Engine, reference: str) -> Image:
    """The image with an immutable reference: `sha256:...` (64 digits) or `NAME@sha256:...`.

    Raises:
        InputError: The reference is a tag, which may point to a different image later; the message gives its current id.
        MissingError: The engine does not have this image.
        EngineError: The engine failed.
    """
    if not (DIGEST.fullmatch(reference) or _PINNED.fullmatch(reference)):
        raise _mutable(engine, reference)
    image = inspect(engine, reference)
    if image is None:
        raise MissingError(
            "the engine does not have this image",
            where=reference,
            fix="Load it (`docker load --input FILE.tar`), pull it, or build it (`repro-audit container build`).",
        )
    if reference.rpartition("@")[2] not in {image.id, image.manifest, image.config}:
        raise MissingError(f"the engine returned a different image, {image.id}", where=reference)
    return image


def find_recorded(engine: Engine, path: Path) -> Image:
    """The engine's image described by a record; it must be byte-identical.

    Raises:
        InputError: The file is not a record, or the engine's image differs from it.
        MissingError: The file or the image does not exist.
        EngineError: The engine failed.
    """
    record = read_record(path)
    for digest in dict.fromkeys((record.id, record.config, record.manifest)):
        image = inspect(engine, digest) if digest else None
        if image is not None:
            _compare(image, record, path)
            return image
    raise MissingError(
        f"the engine does not have the image {record.id}",
        where=str(path),
        fix="Load its archive (`docker load --input FILE.tar`), or build it again (`repro-audit container build`).",
    )


def inspect(engine: Engine, reference: str) -> Image | None:
    """The engine's description of an image; None if it does not have the image."""
    from docker.errors import NotFound

    with engine.asked(f"describe the image {reference}"):
        try:
            found = engine.client.inspect_image(reference)
        except NotFound:
            return None
        return _image(found, reference, named_by_manifest=engine.names_by_manifest)


def read_record(path: Path) -> Image:
    """The image in a record written by `container build` or `container archive`.

    Raises:
        InputError: The file is not a record.
        MissingError: The file cannot be read.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise MissingError(
            f"cannot be read ({error.strerror})", where=str(path), fix="`repro-audit container build` writes it."
        ) from None
    wrong = InputError(
        f"not an image record ({SCHEMA})", where=str(path), fix="`repro-audit container build` writes one."
    )
    try:
        record = loads(raw)
        fine = (
            record["schema"] == SCHEMA
            and DIGEST.fullmatch(record["id"]) is not None
            and all(one is None or DIGEST.fullmatch(one) for one in (record["manifest"], record["config"]))
            and all(DIGEST.fullmatch(layer) for layer in record["layers"])
            and all(isinstance(value, str) for value in record["labels"].values())
        )
        found = Image(
            id=record["id"],
            manifest=record["manifest"],
            config=record["config"],
            layers=tuple(record["layers"]),
            labels=record["labels"],
            created=record.get("created"),
            platform=record.get("platform", "unknown"),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise wrong from None
    if not fine:
        raise wrong
    return found


def _image(found: Mapping[str, Any], reference: str, *, named_by_manifest: bool) -> Image:
    identity = str(found["Id"])
    if not identity.startswith("sha256:"):
        identity = f"sha256:{identity}"
    # Only engines whose ids are manifest digests report a Descriptor.
    by_manifest = named_by_manifest or "Descriptor" in found
    digests = {str(one).rpartition("@")[2] for one in found.get("RepoDigests") or ()}
    asked = _PINNED.fullmatch(reference)
    manifest = None
    if by_manifest:
        manifest = identity
    elif asked and asked[1] in digests:
        manifest = asked[1]
    elif len(digests) == 1:  # with manifests of several registries, none is the image's own
        manifest = next(iter(digests))
    config = found.get("Config") or {}
    labels = config.get("Labels") or {}
    return Image(
        id=identity,
        manifest=manifest,
        config=None if by_manifest else identity,
        layers=tuple(str(layer) for layer in (found.get("RootFS") or {}).get("Layers") or ()),
        labels={str(name): str(value) for name, value in sorted(labels.items())},
        created=found.get("Created") or None,
        platform=f"{found.get('Os', 'unknown')}/{found.get('Architecture', 'unknown')}",
        tags=tuple(sorted(str(tag) for tag in found.get("RepoTags") or ())),
        command=tuple(str(one) for one in config.get("Cmd") or ()),
    )


def _compare(image: Image, record: Image, path: Path) -> None:
    """Raise unless all digests known to both sides are equal and at least one of them identifies the image."""
    if image.layers != record.layers:
        differs = "layers"
    elif image.config and record.config:
        differs = "" if image.config == record.config else "config digest"
    elif image.manifest and record.manifest:
        differs = "" if image.manifest == record.manifest else "manifest digest"
    else:
        raise InputError(
            "the record and the engine identify the image by different kinds of digest, which cannot be compared",
            where=str(path),
            fix="Write a record with both, and load its archive here: repro-audit container archive",
        )
    if differs:
        raise InputError(
            f"the engine's image {image.id} differs from the record in its {differs}",
            where=str(path),
            fix="Build it again, or load the archive that belongs to the record.",
        )


def _mutable(engine: Engine, reference: str) -> InputError:
    """The error for a tag, with the immutable names of the image it currently points to."""
    image = inspect(engine, reference) if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*", reference) else None
    what = f"{reference!r} is a tag, which can be moved to a different image"
    if image is None:
        return InputError(
            f"{what}, and the engine has no image with this tag",
            where="--image",
            fix="Give an id (sha256:...), NAME@sha256:..., or a record of `container build` with --record.",
        )
    pinned = f"{_repository(reference)}@{image.manifest}" if image.manifest else None
    names = f"{image.id}\n  or {pinned}" if pinned and pinned != image.id else image.id
    return InputError(
        f"{what}; an audit needs an immutable name", where="--image", fix=f"It currently points to: --image {names}"
    )


def _repository(reference: str) -> str:
    """The reference without its tag, which follows a colon after the last slash."""
    head, slash, last = reference.partition("@")[0].rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
