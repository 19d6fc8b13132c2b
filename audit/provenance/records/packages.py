"""The installed Python packages: the project's requirements and their dependencies."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from audit._util.version import PROJECT, PYPROJECT
from audit.errors import InputError

# Development extras, which an audit does not use.
_DEVELOPMENT = frozenset({"test", "lint", "docs", "dev"})
# Written by the installer, not by the package: they contain paths, installation dates and byte code.
_INSTALLER_FILES = re.compile(r"(?:\.pyc$|(?:^|/)(?:RECORD|INSTALLER|REQUESTED|direct_url\.json|uv_cache\.json)$)")


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package.

    Args:
        name: Its normalised name.
        version: Its version.
        files_sha256: SHA-256 over the sorted lines `path,digest` of its installed files, as its RECORD lists them,
            without scripts (their first line is a path of the machine) and files of the installer; None without
            a RECORD (a checkout).
        licence: The declared licence, or None.
        requires: The normalised names of those of its requirements that are installed.
    """

    name: str
    version: str
    files_sha256: str | None
    licence: str | None
    requires: tuple[str, ...]


@lru_cache(maxsize=1)
def installed() -> tuple[Package, ...]:
    """The project's requirements, including installed extras, and their dependencies, sorted by name."""
    distributions: dict[str, metadata.Distribution] = {}
    for distribution in metadata.distributions():
        distributions.setdefault(canonicalize_name(distribution.metadata["Name"]), distribution)
    found: dict[str, Package] = {}
    pending = [(name, extras) for name, extras in _of_project(distributions) if name in distributions]
    seen: set[tuple[str, frozenset[str]]] = set()
    edges: dict[str, set[str]] = {}
    while pending:
        name, extras = pending.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        edges.setdefault(name, set())
        for other, wanted in _required(name, distributions[name].requires or [], extras):
            if other in distributions:
                edges[name].add(other)
                pending.append((other, wanted))
    for name, needs in edges.items():
        distribution = distributions[name]
        found[name] = Package(
            name, distribution.version, _files_sha256(distribution), _licence(distribution), tuple(sorted(needs))
        )
    return tuple(found[name] for name in sorted(found))


def _of_project(distributions: Mapping[str, metadata.Distribution]) -> Iterator[tuple[str, frozenset[str]]]:
    """The project's requirements with all extras except the development ones."""
    if PROJECT in distributions:
        project = distributions[PROJECT]
        extras = frozenset(project.metadata.get_all("Provides-Extra") or ()) - _DEVELOPMENT
        return _required(PROJECT, project.requires or [], extras)
    table = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    optional = table.get("optional-dependencies", {})
    lines = [*table["dependencies"], *(one for name in optional.keys() - _DEVELOPMENT for one in optional[name])]
    return _required(PROJECT, lines, frozenset())


def _required(who: str, lines: Iterable[str], extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """The normalised names and extras of those requirements that hold on this machine with some extras."""
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            raise InputError(
                f"the installed package {who} has an invalid requirement: {error}", fix=f"Upgrade or reinstall {who}."
            ) from None
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)


def _files_sha256(distribution: metadata.Distribution) -> str | None:
    record = distribution.read_text("RECORD")
    if not record:
        return None
    lines = []
    for line in filter(None, record.split("\n")):
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
    # The old field may hold the whole licence; a short line is its name.
    stated = str(fields["License"]).strip() if "License" in fields else ""
    name = stated if len(stated) <= 100 and "\n" not in stated and stated.upper() != "UNKNOWN" else ""
    return "; ".join(sorted(kinds)) or name or None
