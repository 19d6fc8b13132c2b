"""sbom.cdx.json: a CycloneDX 1.6 bill of materials, with equal bytes wherever the same packages are installed.

Implemented here, because `cyclonedx-py environment` takes ten seconds and records local paths of packages installed
from a folder. The tests validate the result against the standard's schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit._util.version import PROJECT, project_version
from audit.provenance.records import packages

_HASHED = "repro-audit:hash-of"
_INSTALLED = "the sorted lines path,digest of the installed files, as RECORD lists them"


@dataclass(frozen=True, slots=True)
class Materials:
    """What an audit was made from beside software.

    Attributes:
        model: The audited model's name.
        variants: Its variants.
        predictions: Name -> SHA-256 of the files of outputs.
        sets: Name of a test set -> SHA-256 of its manifest; None if it is not stated.
    """

    model: str
    variants: tuple[str, ...] = ()
    predictions: Mapping[str, str] = field(default_factory=dict)
    sets: Mapping[str, str | None] = field(default_factory=dict)


def build(weights: Mapping[str, str], materials: Materials | None = None) -> dict[str, Any]:
    """The bill of materials, without serial number and time stamp.

    Args:
        weights: Model weights: name -> SHA-256.
        materials: The model and the data.
    """
    found = packages.installed()
    root = f"{PROJECT}=={project_version()}"
    models = [
        _file("machine-learning-model", f"weights:{name}", name, digest) for name, digest in sorted(weights.items())
    ]
    if materials is not None:
        models += _of(materials)
    references = {one.name: _ref(one) for one in found}
    needed = {name for one in found for name in one.requires}
    direct = [_ref(one) for one in found if one.name not in needed]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": PROJECT,
                "version": project_version(),
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": [*map(_component, found), *models],
        "dependencies": [
            {"ref": root, "dependsOn": sorted([*direct, *(model["bom-ref"] for model in models)])},
            *({"ref": _ref(one), "dependsOn": sorted(map(references.__getitem__, one.requires))} for one in found),
        ],
    }


def _ref(package: packages.Package) -> str:
    return f"{package.name}=={package.version}"


def _component(package: packages.Package) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": _ref(package),
        "name": package.name,
        "version": package.version,
        "purl": f"pkg:pypi/{package.name}@{package.version.replace('+', '%2B')}",
    }
    # A package that declares no licence has one that nobody here knows.
    component["licenses"] = [{"license": {"name": package.licence or "not declared"}}]
    if package.files_sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": package.files_sha256}]
        component["properties"] = [{"name": _HASHED, "value": _INSTALLED}]
    return component


def _of(materials: Materials) -> Iterator[dict[str, Any]]:
    """The model without its weights, files of outputs, and test sets."""
    for variant in materials.variants or ("",):
        ref = f"model:{materials.model}{f' ({variant})' if variant else ''}"
        version = {"version": variant} if variant else {}
        yield {"type": "machine-learning-model", "bom-ref": ref, "name": materials.model, **version}
    for name, digest in sorted(materials.predictions.items()):
        yield _file("data", f"predictions:{name}", name, digest)
    for name, manifest in sorted(materials.sets.items()):
        yield _file("data", f"set:{name}", name, manifest)


def _file(kind: str, ref: str, name: str, digest: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind, "bom-ref": ref, "name": name}
    if digest is not None and re.fullmatch(r"[0-9a-f]{64}", digest):
        found["hashes"] = [{"alg": "SHA-256", "content": digest}]
    return found
