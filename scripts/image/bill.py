"""A CycloneDX 1.6 bill of materials of an image, from the lists that its build leaves in /usr/share/repro-audit.

`debian.tsv`: name, version, architecture and source of every Debian package, those of the base image too. `assets.tsv`: what
no package brings, with hash, licence and Maven coordinates. `debs.sha256`: the hashes of those that the build installed.
`wheels.sha256`: of every Python package.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

_WHEEL = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl")
# Debian's list names no licences; of what the assets record knows, the bill says it.
LICENCES = {"librhino-java": "MPL-2.0"}
_SOURCE = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)\.(tar\.gz|tar\.bz2|zip)")


def build(name: str, version: str, debian: str, debs: str, wheels: str, assets: str = "") -> dict[str, Any]:
    """The document, without serial number and time, so that one image has one.

    Args:
        name: The image's.
        version: The commit that it was built from.
        debian: `debian.tsv`.
        debs: `debs.sha256`.
        wheels: `wheels.sha256`.
        assets: `assets.tsv`; empty if none was fetched.

    Raises:
        ValueError: A line is not of the form that the build writes.
    """
    hashes = {_deb(file): digest for digest, file in _sums(debs)}
    components = [
        *(_debian(line, hashes) for line in debian.splitlines()),
        *(_python(digest, file) for digest, file in _sums(wheels)),
        *map(_asset, assets.splitlines()),
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "container", "bom-ref": name, "name": name, "version": version or "unknown"}
        },
        "components": sorted(components, key=lambda component: str(component["bom-ref"])),
    }


def _sums(text: str) -> list[tuple[str, str]]:
    found = []
    for line in text.splitlines():
        digest, gap, file = line.partition("  ")
        if not gap or not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise ValueError(f"not a line of sha256sum: {line!r}")
        found.append((digest, file))
    return found


def _deb(file: str) -> tuple[str, str]:
    """(name, version) of `NAME_VERSION_ARCH.deb`, where a colon is written %3a."""
    name, version, _ = file.split("_")
    return name, version.replace("%3a", ":")


def _debian(line: str, hashes: dict[tuple[str, str], str]) -> dict[str, Any]:
    name, version, architecture, source = line.split("\t")
    purl = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='')}?arch={architecture}&distro=debian-12"
    component: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if (name, version) in hashes:
        component["hashes"] = [{"alg": "SHA-256", "content": hashes[name, version]}]
    if name in LICENCES:
        component["licenses"] = [{"license": {"id": LICENCES[name]}}]
    if source != name:
        component["properties"] = [{"name": "repro-audit:debian-source", "value": source}]
    return component


def _python(digest: str, file: str) -> dict[str, Any]:
    match = _WHEEL.fullmatch(file) or _SOURCE.fullmatch(file)
    if match is None:
        raise ValueError(f"not the name of a Python package's archive: {file!r}")
    name, version = match["name"].replace("_", "-").lower(), match["version"].replace("%2B", "+")
    purl = f"pkg:pypi/{quote(name)}@{quote(version, safe='')}"
    return {
        "type": "library",
        "bom-ref": f"{purl}#{file}",
        "name": name,
        "version": version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }


def _asset(line: str) -> dict[str, Any]:
    name, file, digest, licence, coordinates = line.split("\t")
    component: dict[str, Any] = {
        "type": "library" if coordinates else "file",
        "bom-ref": f"asset:{name}/{file}",
        "name": file,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
    if coordinates:
        group, artefact, version = coordinates.split()[0].split(":")[:3]
        component |= {"version": version, "purl": f"pkg:maven/{group}/{artefact}@{version}"}
    if licence:
        component["licenses"] = [{"license": {"id": licence} if " " not in licence else {"name": licence}}]
    return component
