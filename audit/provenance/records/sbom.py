"""sbom.cdx.json: a CycloneDX 1.6 bill of materials, with equal bytes wherever the same packages are installed.

Implemented here, because `cyclonedx-py environment` takes ten seconds and records local paths of packages installed
from a folder. The tests validate the result against the standard's schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit._util.version import PROJECT, project_version
from audit.provenance.records import packages

_FILES = "repro-audit:installed-files-sha256"


def build(weights: Mapping[str, str]) -> dict[str, Any]:
    """The bill of materials, without serial number and time stamp.

    Args:
        weights: Model weights: name -> SHA-256.
    """
    found = packages.installed()
    root = f"{PROJECT}=={project_version()}"
    models = [_model(name, digest) for name, digest in sorted(weights.items())]
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
    if package.licence:
        component["licenses"] = [{"license": {"name": package.licence}}]
    if package.files_sha256:
        component["properties"] = [{"name": _FILES, "value": package.files_sha256}]
    return component


def _model(name: str, digest: str) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": f"weights:{name}",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
