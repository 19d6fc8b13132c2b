"""environment.json: the software that could affect the audit's bytes, equal wherever the same software is installed.

Facts that differ between machines and runs are in run.json (see `run_record`), so that the root statement, which covers
this record, has the same bytes on every machine.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from audit._util.files import sha256_file
from audit._util.git import git
from audit._util.paths import ROOT, TEMPLATES
from audit._util.strict_json import loads
from audit._util.version import project_version
from audit.errors import InputError
from audit.provenance.records import packages

SCHEMA = "repro-audit/environment/1"
IMAGE_VARIABLE = "REPRO_AUDIT_IMAGE"
LOCK_VARIABLE = "REPRO_AUDIT_LOCK"
COMMIT_VARIABLE = "REPRO_AUDIT_COMMIT"


@dataclass(frozen=True, slots=True)
class Code:
    """The project's version and git commit, and whether the working tree was clean; None if unknown."""

    version: str
    commit: str | None = None
    clean: bool | None = None


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The container image; digests as `sha256:...`, None if unknown."""

    uri: str
    manifest: str | None
    config: str | None
    layers: tuple[str, ...]
    labels: Mapping[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """The object in environment.json and REPRO_AUDIT_IMAGE; without `labels` if that is None."""
        return {name: value for name, value in asdict(self).items() if name != "labels" or value is not None}


@dataclass(frozen=True, slots=True)
class Python:
    """The interpreter."""

    implementation: str
    version: str


@dataclass(frozen=True, slots=True)
class System:
    """The operating system."""

    system: str
    name: str | None
    architecture: str
    libc: str | None


@dataclass(frozen=True, slots=True)
class Libraries:
    """The versions of the native libraries that lay out the PDF; None if a version cannot be read."""

    fontconfig: str | None
    harfbuzz: str | None
    pango: str | None


@dataclass(frozen=True, slots=True)
class Font:
    """A font file of the templates."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """A Python package; see `packages.Package`."""

    name: str
    version: str
    files_sha256: str | None


@dataclass(frozen=True, slots=True)
class Environment:
    """environment.json.

    Attributes:
        lock: SHA-256 of the lock file that the image was built from.
    """

    schema: str
    code: Code
    image: ImageFacts | None
    lock: str | None
    python: Python
    os: System
    libraries: Libraries
    fonts: tuple[Font, ...]
    packages: tuple[InstalledPackage, ...]

    def as_json(self) -> dict[str, Any]:
        """The file's object, of integers, strings and null."""
        return {**asdict(self), "image": None if self.image is None else self.image.as_json()}


def collect() -> Environment:
    """The record of this process."""
    system = _os_release()
    return Environment(
        schema=SCHEMA,
        code=code(),
        image=image(),
        lock=_digest(Path(os.environ.get(LOCK_VARIABLE) or ROOT / "requirements.lock")),
        python=Python(platform.python_implementation(), platform.python_version()),
        os=System(
            platform.system(),
            system.get("PRETTY_NAME"),
            platform.machine(),
            " ".join(platform.libc_ver()).strip() or None,
        ),
        libraries=Libraries(
            fontconfig=_integer_version("libfontconfig.so.1", "FcGetVersion"),
            harfbuzz=_string_version("libharfbuzz.so.0", "hb_version_string"),
            pango=_string_version("libpango-1.0.so.0", "pango_version_string"),
        ),
        fonts=_fonts(TEMPLATES),
        packages=tuple(InstalledPackage(one.name, one.version, one.files_sha256) for one in packages.installed()),
    )


def blinded(found: Environment) -> Environment:
    """The record without what leads to a team's repository, image or cluster: commit, image, name of the system."""
    return replace(found, code=Code(found.code.version), image=None, os=replace(found.os, name=None))


def code() -> Code:
    """The code of this process.

    An image has no repository; there the variable REPRO_AUDIT_COMMIT gives the commit, as `COMMIT` or `COMMIT-dirty`.
    """
    stated = os.environ.get(COMMIT_VARIABLE, "")
    match = re.fullmatch(r"([0-9a-f]{40}|[0-9a-f]{64})(-dirty)?", stated)
    if match:
        return Code(project_version(), match[1], match[2] is None)
    if (ROOT / ".git").exists():
        commit, changes = git(ROOT, "rev-parse", "HEAD"), git(ROOT, "status", "--porcelain", "--untracked-files=no")
        if commit is not None and changes is not None:
            return Code(project_version(), commit, not changes)
    return Code(project_version())


def image() -> ImageFacts | None:
    """The container image as stated in REPRO_AUDIT_IMAGE by whoever started the container; None outside a container.

    The variable holds JSON: `{"uri": "pkg:oci/...", "manifest": "sha256:...", "config": "sha256:...",
    "layers": ["sha256:...", ...], "labels": {"name": "value"}}`; `labels` is optional. A process in a container
    cannot determine these itself.

    Raises:
        InputError: The variable is set to an invalid value.
    """
    stated = os.environ.get(IMAGE_VARIABLE)
    if not stated:
        return None
    wrong = InputError(
        "not an image record",
        where=IMAGE_VARIABLE,
        fix='Give "uri", "manifest", "config", "layers" and optionally "labels"; digests as sha256:...',
    )
    try:
        value = loads(stated)
        uri, manifest, config, layers = (value[name] for name in ("uri", "manifest", "config", "layers"))
        plain = re.fullmatch(r"[\x21-\x7e]{1,500}", uri) is not None
        digests = [one for one in (manifest, config, *layers) if one is not None]
        well_formed = all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in digests)
        labels = value.get("labels")
    except (ValueError, KeyError, TypeError):
        raise wrong from None
    if not (well_formed and plain and ("labels" not in value or labels_fit(labels))):
        raise wrong
    return ImageFacts(uri, manifest, config, tuple(layers), labels)


def labels_fit(labels: object) -> bool:
    """Whether the labels may be recorded: names and values are strings, within the limits on number and length."""
    return (
        isinstance(labels, dict)
        and len(labels) <= 100
        and all(isinstance(name, str) and 0 < len(name) <= 200 for name in labels)
        and all(isinstance(value, str) and len(value) <= 4000 for value in labels.values())
        and not any("\ud800" <= letter <= "\udfff" for pair in labels.items() for text in pair for letter in text)
        # All labels are in one environment variable, which Linux limits to 128 KiB.
        and len(json.dumps(labels)) <= 65536
    )


def _os_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _string_version(library: str, function: str) -> str | None:
    try:
        call = getattr(ctypes.CDLL(library), function)
    except (OSError, AttributeError):
        return None
    call.restype = ctypes.c_char_p
    value = call()
    return value.decode("ascii") if value else None


def _integer_version(library: str, function: str) -> str | None:
    try:
        number = int(getattr(ctypes.CDLL(library), function)())
    except (OSError, AttributeError):
        return None
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def _fonts(folder: Path) -> tuple[Font, ...]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".ttf", ".otf", ".woff2", ".ttc"})
    return tuple(Font(path.relative_to(folder).as_posix(), sha256_file(path)) for path in files)


def _digest(path: Path) -> str | None:
    return sha256_file(path) if path.is_file() else None
