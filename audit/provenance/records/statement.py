"""The in-toto statements of a package, as pure functions of their arguments.

root          over every artefact that a second run reproduces byte for byte
provenance    SLSA v1: the inputs of the audit and the code
test-result   one name per claim, with its verdict
publication   over the signed PDF and the list of all files; made last, the only statement about this run
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit._util import canonical_json
from audit.errors import InputError
from audit.provenance.format import layout
from audit.provenance.format.checksums import sha256
from audit.provenance.records import audit_facts, redaction
from audit.provenance.records.inputs import FOLDER, Sources
from audit.schema import AuditDocument

SCHEMA_VERSION = "1.0.0"


def descriptor(name: str, digest: str) -> dict[str, Any]:
    """An in-toto resource descriptor."""
    return {"name": name, "digest": {"sha256": digest}}


def statement(subjects: Mapping[str, str], predicate_type: str, predicate: dict[str, Any]) -> dict[str, Any]:
    """A statement about subjects (name -> SHA-256), sorted by name.

    Raises:
        InputError: More subjects than Sigstore's verifiers accept.
    """
    if len(subjects) > layout.MAX_SUBJECTS:
        raise InputError(
            f"{len(subjects)} files, but Sigstore's verifiers accept {layout.MAX_SUBJECTS} in one statement",
            fix="use fewer files in counts/ (one file per task can hold all its conventions)",
        )
    return {
        "_type": layout.STATEMENT_TYPE,
        "subject": [descriptor(name, subjects[name]) for name in sorted(subjects)],
        "predicateType": predicate_type,
        "predicate": predicate,
    }


def root(
    audit: AuditDocument,
    subjects: Mapping[str, str],
    environment: Mapping[str, Any],
    siblings: Mapping[str, bytes],
    *,
    signer: str,
    unsigned_pdf_bytes: int,
) -> dict[str, Any]:
    """The root statement.

    Args:
        audit: audit.json.
        subjects: All reproducible artefacts: name -> SHA-256.
        environment: environment.json.
        siblings: The payloads of the other two statements by the name of their bundle, so that none can be removed unnoticed.
        signer: `key` or `ephemeral`.
        unsigned_pdf_bytes: The length of the rendering that report.pdf starts with.
    """
    predicate = {
        "schemaVersion": SCHEMA_VERSION,
        "package": layout.PACKAGE_SCHEMA,
        "study": audit.study.id,
        "verdicts": audit_facts.verdict_counts(audit),
        "image": image_descriptor(environment),
        "environment": descriptor(layout.ENVIRONMENT, subjects[layout.ENVIRONMENT]),
        "siblings": [descriptor(name, sha256(siblings[name])) for name in sorted(siblings)],
        "signer": signer,
        "unsignedPdfBytes": unsigned_pdf_bytes,
        "sourceDateEpoch": audit.source_date_epoch,
    }
    return statement(subjects, layout.ROOT_TYPE, predicate)


def test_result(audit: AuditDocument, audit_sha256: str, environment_sha256: str) -> dict[str, Any]:
    """One name per claim (in-toto/attestation: spec/predicates/test-result.md), and the full verdicts."""
    verdicts = audit_facts.verdicts(audit)
    groups = {
        word: [claim for claim, verdict in verdicts.items() if audit_facts.RESULTS[verdict] == word]
        for word in ("passed", "warned", "failed")
    }
    result = "FAILED" if groups["failed"] else "WARNED" if groups["warned"] else "PASSED"
    predicate = {
        "result": result,
        "configuration": [descriptor(layout.ENVIRONMENT, environment_sha256)],
        "passedTests": groups["passed"],
        "warnedTests": groups["warned"],
        "failedTests": groups["failed"],
        "verdicts": verdicts,
    }
    return statement({layout.AUDIT: audit_sha256}, layout.TEST_RESULT_TYPE, predicate)


def publication(subjects: Mapping[str, str], root_payload: bytes, published: str) -> dict[str, Any]:
    """The publication statement.

    Args:
        subjects: The signed PDF, SHA256SUMS and its SSH signature: name -> SHA-256.
        root_payload: The payload of the root statement.
        published: The signer's clock, RFC 3339; it proves nothing, unlike a time stamp.
    """
    predicate = {
        "schemaVersion": SCHEMA_VERSION,
        "package": layout.PACKAGE_SCHEMA,
        "root": descriptor(layout.ROOT, sha256(root_payload)),
        "publishedAt": published,
    }
    return statement(subjects, layout.PUBLICATION_TYPE, predicate)


def provenance(
    audit: AuditDocument, subjects: Mapping[str, str], environment: Mapping[str, Any], sources: Sources
) -> dict[str, Any]:
    """SLSA provenance v1 (slsa-framework/slsa@24905939: spec/provenance), without times, which are in run.json."""
    code = environment["code"]
    predicate = {
        "buildDefinition": {
            "buildType": layout.BUILD_TYPE,
            "externalParameters": {
                "study": audit.study.id,
                "tasks": sorted({claim.task for claim in audit.claims}),
            },
            "internalParameters": {"sourceDateEpoch": audit.source_date_epoch},
            "resolvedDependencies": _dependencies(audit, environment, sources),
        },
        "runDetails": {"builder": {"id": layout.BUILDER_ID, "version": {"repro-audit": code["version"]}}},
    }
    return statement(subjects, layout.SLSA_TYPE, predicate)


def image_descriptor(environment: Mapping[str, Any]) -> dict[str, Any] | None:
    """The image of environment.json as a resource descriptor."""
    image = environment["image"]
    if image is None:
        return None
    digest = image["manifest"] or image["config"]
    return (
        {"uri": image["uri"], "digest": {"sha256": digest.removeprefix("sha256:")}} if digest else {"uri": image["uri"]}
    )


def _dependencies(audit: AuditDocument, environment: Mapping[str, Any], sources: Sources) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    code = environment["code"]
    if code["commit"]:
        found.append(
            {
                "name": "repro-audit",
                "digest": {"gitCommit": code["commit"]},
                "annotations": {"role": "code", "clean": code["clean"]},
            }
        )
    if environment["lock"]:
        found.append({**descriptor("requirements.lock", environment["lock"]), "annotations": {"role": "lock"}})
    image = image_descriptor(environment)
    if image is not None:
        found.append({**image, "annotations": {"role": "image"}})
    for name in sorted(sources.digests):
        role = "judge" if name.endswith(".judgements.jsonl") else "predictions"
        found.append(
            {
                **descriptor(FOLDER + name, sources.digests[name]),
                "annotations": {"role": role, "task": name.split(".")[0]},
            }
        )
    for task, meta in sorted(sources.meta.items()):
        found.extend(_of_task(task, meta))
    known = {(entry.get("name", "").rsplit("/", 1)[-1], *entry.get("digest", {}).values()) for entry in found}
    for entry in sorted(audit.inputs, key=lambda item: item.path):
        path = entry.path
        if (path.rsplit("/", 1)[-1], entry.sha256) not in known:
            found.append({**descriptor(path, entry.sha256), "annotations": {"role": "input"}})
    return found


def _of_task(task: str, meta: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Weights, data set and decoding of one task's predictions, as its meta file states them."""
    found = [
        {**descriptor(name, str(digest)), "annotations": {"role": "weights", "task": task}}
        for name, digest in sorted((meta.get("weights") or {}).items())
    ]
    data = meta.get("dataset") or {}
    if data.get("manifest_sha256"):
        name = " ".join(str(data[key]) for key in ("name", "split") if data.get(key))
        found.append(
            {**descriptor(name, str(data["manifest_sha256"])), "annotations": {"role": "dataset", "task": task}}
        )
    settings = {key: meta.get(key) for key in ("decoding", "prompt")}
    plain = {key: redaction.text(str(meta[key])) for key in ("model", "variant", "device") if meta.get(key)}
    annotations = {"role": "settings", "task": task, **plain}
    found.append({**descriptor(f"{task} settings", sha256(canonical_json.dumps(settings))), "annotations": annotations})
    return found
