"""The Python packages that an audit runs on: the project's requirements and theirs, with what is installed of each."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata

from audit._util.paths import ROOT

PROJECT = "repro-audit"
# Extras for those who work on the project: nothing that an audit runs on.
_DEVELOPMENT = frozenset({"test", "lint", "docs", "dev"})
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_CHECKOUT = ROOT / "pyproject.toml"
# Written by the installer, not by the package: they hold paths, dates of installation and byte code.
_INSTALLER_FILES = re.compile(r"(?:\.pyc$|(?:^|/)(?:RECORD|INSTALLER|REQUESTED|direct_url\.json|uv_cache\.json)$)")


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package.

    Args:
        name: Its normalised name.
        version: Its version.
        files_sha256: SHA-256 over the sorted lines `path,digest` of its installed files, as its RECORD lists them,
            without scripts (their first line is a path of the machine) and what the installer adds; None where
            there is no RECORD (a checkout).
        licence: What the package declares, or None.
        requires: The normalised names of those of its requirements that are installed.
    """

    name: str
    version: str
    files_sha256: str | None
    licence: str | None
    requires: tuple[str, ...]


def normalised(name: str) -> str:
    """A package name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@lru_cache(maxsize=1)
def installed() -> tuple[Package, ...]:
    """The project's requirements, those of its extras that are installed, and theirs in turn, sorted by name."""
    distributions: dict[str, metadata.Distribution] = {}
    for distribution in metadata.distributions():
        distributions.setdefault(normalised(distribution.metadata["Name"]), distribution)
    found: dict[str, Package] = {}
    pending = [(name, extras) for name, extras in _project_requirements(distributions) if name in distributions]
    seen: set[tuple[str, frozenset[str]]] = set()
    edges: dict[str, set[str]] = {}
    while pending:
        name, extras = pending.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        edges.setdefault(name, set())
        for other, wanted, condition in map(_requirement, distributions[name].requires or []):
            # A requirement that a marker rules out is not installed, or does no harm here if it is.
            if other in distributions and (condition is None or condition in extras):
                edges[name].add(other)
                pending.append((other, wanted))
    for name, needs in edges.items():
        distribution = distributions[name]
        found[name] = Package(
            name, distribution.version, _files_sha256(distribution), _licence(distribution), tuple(sorted(needs))
        )
    return tuple(found[name] for name in sorted(found))


def project_version() -> str:
    """The project's version, from its installation or its checkout."""
    try:
        return metadata.version(PROJECT)
    except metadata.PackageNotFoundError:
        return str(tomllib.loads(_CHECKOUT.read_text(encoding="utf-8"))["project"]["version"])


def _project_requirements(distributions: dict[str, metadata.Distribution]) -> list[tuple[str, frozenset[str]]]:
    if PROJECT in distributions:
        lines = distributions[PROJECT].requires or []
    else:
        table = tomllib.loads(_CHECKOUT.read_text(encoding="utf-8"))["project"]
        extras = table.get("optional-dependencies", {}).items()
        lines = [*table["dependencies"], *(f'{one}; extra == "{name}"' for name, extra in extras for one in extra)]
    found = map(_requirement, lines)
    return [(name, extras) for name, extras, condition in found if condition not in _DEVELOPMENT]


def _requirement(line: str) -> tuple[str, frozenset[str], str | None]:
    """Name, extras and the extra that the line is for (None: always)."""
    match = _NAME.match(line)
    assert match is not None, line
    condition = re.search(r"""extra\s*==\s*['"]([^'"]+)['"]""", line.partition(";")[2])
    extras = frozenset(part.strip() for part in (match[2] or "").split(",") if part.strip())
    return normalised(match[1]), extras, condition[1] if condition else None


def _files_sha256(distribution: metadata.Distribution) -> str | None:
    record = distribution.read_text("RECORD")
    if not record:
        return None
    lines = []
    for line in record.splitlines():
        path, _, rest = line.rpartition(",")[0].rpartition(",")
        path = path.strip('"')
        if not path.startswith("..") and not path.startswith("/") and not _INSTALLER_FILES.search(path):
            lines.append(f"{path},{rest}\n")
    return hashlib.sha256("".join(sorted(lines)).encode("utf-8")).hexdigest()


def _licence(distribution: metadata.Distribution) -> str | None:
    fields = distribution.metadata
    if "License-Expression" in fields:
        return str(fields["License-Expression"])
    prefix = "License :: "
    kinds = [
        value.removeprefix(prefix).split(" :: ")[-1]
        for value in fields.get_all("Classifier") or []
        if value.startswith(prefix)
    ]
    return "; ".join(sorted(kinds)) or None
