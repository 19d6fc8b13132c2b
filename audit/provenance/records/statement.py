"""The in-toto statements of a package, as pure functions of their arguments.

root          over every artefact that a second run reproduces byte for byte
provenance    SLSA v1: the inputs of the audit and the code
test-result   one name per claim, with its verdict
publication   over the signed PDF and the list of all files; made last, the only statement about this run
page          over audit.json, inside report.html: for the browser in which it is read
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit._util import canonical_json
from audit.errors import InputError
from audit.provenance.format import layout
from audit.provenance.format.checksums import sha256
from audit.provenance.records import audit_facts, redaction
from audit.provenance.records.environment import Environment, ImageFacts
from audit.provenance.records.inputs import FOLDER, Sources
from audit.schema import AuditDocument
from audit.scoring.prediction_meta import PredictionMeta

SCHEMA_VERSION = "1.0.0"


@dataclass(frozen=True, slots=True)
class Dependency:
    """One thing that an audit was computed from.

    Attributes:
        role: code, lock, image, predictions, judge, weights, dataset, settings or input.
        digest: Algorithm -> digest, in hexadecimal.
        task: Whose predictions it belongs to, if to any.
        annotations: Further facts, such as the model's name.
    """

    role: str
    digest: Mapping[str, str]
    name: str | None = None
    uri: str | None = None
    task: str | None = None
    annotations: Mapping[str, str | bool] = field(default_factory=dict)

    def descriptor(self) -> dict[str, Any]:
        """As an in-toto resource descriptor, without what it has not."""
        parts = {"name": self.name, "uri": self.uri, "digest": dict(self.digest)}
        task = {} if self.task is None else {"task": self.task}
        annotations = {"role": self.role, **task, **self.annotations}
        return {**{key: value for key, value in parts.items() if value not in (None, {})}, "annotations": annotations}


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
    environment: Environment,
    siblings: Mapping[str, bytes],
    *,
    signer: str,
    unsigned_bytes: Mapping[str, int],
    sealed: Sequence[Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """The root statement.

    Args:
        audit: audit.json.
        subjects: All reproducible artefacts: name -> SHA-256.
        environment: environment.json.
        siblings: The payloads of the other two statements by the name of their bundle, so that none can be removed unnoticed.
        signer: `key` or `ephemeral`.
        unsigned_bytes: The lengths of the renderings that the PDFs start with, by the names of `layout.PDFS`.
        sealed: The commitments of a blind package: kind, neutral name, SHA-256; None for one that names the team.
    """
    predicate = {
        "schemaVersion": SCHEMA_VERSION,
        "package": layout.PACKAGE_SCHEMA,
        "study": audit.study.id,
        "verdicts": audit_facts.verdict_counts(audit),
        "image": image_descriptor(environment.image),
        "environment": descriptor(layout.ENVIRONMENT, subjects[layout.ENVIRONMENT]),
        "siblings": [descriptor(name, sha256(siblings[name])) for name in sorted(siblings)],
        "signer": signer,
        **unsigned_bytes,
        "sourceDateEpoch": audit.source_date_epoch,
    }
    if sealed is not None:
        predicate["sealed"] = [dict(one) for one in sealed]
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


def page(audit_sha256: str, public_key: str, signer: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """The statement in report.html, which carries its own key: without one, a browser could check nothing.

    Args:
        audit_sha256: SHA-256 of audit.json.
        public_key: The signing key, in PEM.
        signer: `key` or `ephemeral`.
        texts: SHA-256 of the page's text by chapter and claim, see `audit.report.page_text`.
    """
    predicate = {
        "schemaVersion": SCHEMA_VERSION,
        "package": layout.PACKAGE_SCHEMA,
        "publicKey": public_key,
        "signer": signer,
        "texts": dict(texts),
    }
    return statement({layout.AUDIT: audit_sha256}, layout.PAGE_TYPE, predicate)


def provenance(
    audit: AuditDocument, subjects: Mapping[str, str], environment: Environment, sources: Sources
) -> dict[str, Any]:
    """SLSA provenance v1 (slsa-framework/slsa@24905939: spec/provenance), without times: those are in run.json."""
    predicate = {
        "buildDefinition": {
            "buildType": layout.BUILD_TYPE,
            "externalParameters": {
                "study": audit.study.id,
                "tasks": sorted({claim.task for claim in audit.claims}),
            },
            "internalParameters": {"sourceDateEpoch": audit.source_date_epoch},
            "resolvedDependencies": [one.descriptor() for one in _dependencies(audit, environment, sources)],
        },
        "runDetails": {"builder": {"id": layout.BUILDER_ID, "version": {"repro-audit": environment.code.version}}},
    }
    return statement(subjects, layout.SLSA_TYPE, predicate)


def image_descriptor(image: ImageFacts | None) -> dict[str, Any] | None:
    """The image of environment.json as a resource descriptor."""
    if image is None:
        return None
    digest = image.manifest or image.config
    return {"uri": image.uri, **({"digest": {"sha256": digest.removeprefix("sha256:")}} if digest else {})}


def read_dependencies(predicate: Mapping[str, Any]) -> tuple[Dependency, ...]:
    """What a provenance statement says the audit was computed from.

    Raises:
        KeyError, TypeError: The predicate is of another build type.
    """
    return tuple(
        Dependency(
            role=entry["annotations"]["role"],
            digest=entry.get("digest", {}),
            name=entry.get("name"),
            uri=entry.get("uri"),
            task=entry["annotations"].get("task"),
            annotations={key: value for key, value in entry["annotations"].items() if key not in {"role", "task"}},
        )
        for entry in predicate["buildDefinition"]["resolvedDependencies"]
    )


def _dependencies(audit: AuditDocument, environment: Environment, sources: Sources) -> list[Dependency]:
    found: list[Dependency] = []
    code = environment.code
    if code.commit and code.clean is not None:
        found.append(Dependency("code", {"gitCommit": code.commit}, "repro-audit", annotations={"clean": code.clean}))
    if environment.lock:
        found.append(Dependency("lock", {"sha256": environment.lock}, "requirements.lock"))
    image = image_descriptor(environment.image)
    if image is not None:
        found.append(Dependency("image", image.get("digest", {}), uri=image["uri"]))
    for name in sorted(sources.digests):
        role = "judge" if name.endswith(".judgements.jsonl") else "input" if ".plan." in name else "predictions"
        found.append(Dependency(role, {"sha256": sources.digests[name]}, FOLDER + name, task=name.split(".")[0]))
    for task, meta in sorted(sources.meta.items()):
        found.extend(_of_task(task, meta))
    known = {((one.name or "").rsplit("/", 1)[-1], *one.digest.values()) for one in found}
    for entry in sorted(audit.inputs, key=lambda item: item.path):
        if (entry.path.rsplit("/", 1)[-1], entry.sha256) not in known:
            found.append(Dependency("input", {"sha256": entry.sha256}, entry.path))
    return found


def _of_task(task: str, meta: PredictionMeta) -> list[Dependency]:
    """Weights, data set and decoding of one task's predictions, as its meta file states them."""
    found = [
        Dependency("weights", {"sha256": digest}, name, task=task)
        for name, digest in sorted((meta.weights or {}).items())
    ]
    data = meta.dataset or {}
    if digest := data.get("manifest_sha256"):
        name = " ".join(value for key in ("name", "split") if (value := data.get(key)))
        found.append(Dependency("dataset", {"sha256": digest}, name, task=task))
    settings = sha256(canonical_json.dumps({"decoding": meta.decoding, "prompt": meta.prompt}))
    stated = {"model": meta.model, "variant": meta.variant, "device": meta.device}
    plain = {key: redaction.text(text) for key, text in stated.items() if text}
    found.append(Dependency("settings", {"sha256": settings}, f"{task} settings", task=task, annotations=plain))
    return found
