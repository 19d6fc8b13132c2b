"""environment.json: the software that could affect the audit's bytes, equal wherever the same software is installed.

Whatever differs between machines and runs is in run.json (see `run_record`), so that the root statement, which covers
this record, has the same bytes on every machine.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

from audit._util.files import sha256_file
from audit._util.git import git
from audit._util.paths import ROOT, TEMPLATES
from audit._util.version import project_version
from audit.errors import InputError
from audit.provenance.records import packages

SCHEMA = "repro-audit/environment/1"
IMAGE_VARIABLE = "REPRO_AUDIT_IMAGE"
LOCK_VARIABLE = "REPRO_AUDIT_LOCK"
COMMIT_VARIABLE = "REPRO_AUDIT_COMMIT"


def collect() -> dict[str, Any]:
    """The record, consisting of integers, strings and null."""
    system = _os_release()
    return {
        "schema": SCHEMA,
        "code": code(),
        "image": image(),
        "lock": _digest(Path(os.environ.get(LOCK_VARIABLE) or ROOT / "requirements.lock")),
        "python": {"implementation": platform.python_implementation(), "version": platform.python_version()},
        "os": {
            "system": platform.system(),
            "name": system.get("PRETTY_NAME"),
            "architecture": platform.machine(),
            "libc": " ".join(platform.libc_ver()).strip() or None,
        },
        "libraries": _libraries(),
        "fonts": _fonts(TEMPLATES),
        "packages": [
            {"name": one.name, "version": one.version, "files_sha256": one.files_sha256} for one in packages.installed()
        ],
    }


def code() -> dict[str, Any]:
    """The project's version, git commit, and whether there were uncommitted changes.

    An image has no repository; there the variable REPRO_AUDIT_COMMIT states it, as `COMMIT` or `COMMIT-dirty`.
    """
    record: dict[str, Any] = {"version": project_version(), "commit": None, "clean": None}
    stated = os.environ.get(COMMIT_VARIABLE, "")
    match = re.fullmatch(r"([0-9a-f]{40}|[0-9a-f]{64})(-dirty)?", stated)
    if match:
        return {**record, "commit": match[1], "clean": match[2] is None}
    if not (ROOT / ".git").exists():
        return record
    commit, changes = git(ROOT, "rev-parse", "HEAD"), git(ROOT, "status", "--porcelain", "--untracked-files=no")
    if commit is not None and changes is not None:
        record |= {"commit": commit, "clean": not changes}
    return record


def image() -> dict[str, Any] | None:
    """The container image as stated in REPRO_AUDIT_IMAGE by whoever started the container; None outside a container.

    The variable holds JSON: `{"uri": "pkg:oci/...", "manifest": "sha256:...", "config": "sha256:...",
    "layers": ["sha256:...", ...], "labels": {"name": "value"}}`; `labels` is optional. A process in a container
    cannot find these out by itself.

    Raises:
        InputError: The variable is set to an invalid value.
    """
    stated = os.environ.get(IMAGE_VARIABLE)
    if not stated:
        return None
    wrong = InputError(
        "not an image record",
        where=IMAGE_VARIABLE,
        fix='{"uri", "manifest", "config", "layers"} and optionally "labels"; digests as sha256:...',
    )
    try:
        value = json.loads(stated)
        record = {name: value[name] for name in ("uri", "manifest", "config", "layers")}
        plain = re.fullmatch(r"[\x21-\x7e]{1,500}", record["uri"]) is not None
        digests = [value for value in (record["manifest"], record["config"], *record["layers"]) if value is not None]
        well_formed = all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in digests)
        if "labels" in value:
            record["labels"] = value["labels"]
            well_formed = well_formed and labels_fit(value["labels"])
    except (ValueError, KeyError, TypeError):
        raise wrong from None
    if not (well_formed and plain):
        raise wrong
    return record


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


def _libraries() -> dict[str, str | None]:
    """The versions of the native libraries that typeset the PDF; null if unknown."""
    return {
        "fontconfig": _integer_version("libfontconfig.so.1", "FcGetVersion"),
        "harfbuzz": _string_version("libharfbuzz.so.0", "hb_version_string"),
        "pango": _string_version("libpango-1.0.so.0", "pango_version_string"),
    }


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


def _fonts(folder: Path) -> list[dict[str, str]]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".ttf", ".otf", ".woff2", ".ttc"})
    return [{"name": path.relative_to(folder).as_posix(), "sha256": sha256_file(path)} for path in files]


def _digest(path: Path) -> str | None:
    return sha256_file(path) if path.is_file() else None


def python_flags() -> dict[str, int]:
    """The interpreter's flags that could change a result."""
    return {
        "optimize": sys.flags.optimize,
        "hash_randomization": sys.flags.hash_randomization,
        "utf8_mode": sys.flags.utf8_mode,
    }
