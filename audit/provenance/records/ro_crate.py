"""ro-crate-metadata.json: Process Run Crate 0.5 on RO-Crate 1.1, for catalogues of research objects.

ResearchObject/workflow-run-crate@23f7b03: docs/profiles/0.5/process_run_crate/index.md. Implemented here, because the
library adds the time of writing and uses a different version of the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.provenance.format import layout
from audit.provenance.records.run_record import RunRecord, utc
from audit.schema import AuditDocument

_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".pem": "application/x-pem-file",
    ".pub": "text/plain",
    ".sha256": "text/plain",
    ".tex": "application/x-tex",
    ".yml": "application/yaml",
}
_LICENCE = "https://spdx.org/licenses/Apache-2.0"


def build(
    audit: AuditDocument,
    digests: Mapping[str, str],
    sizes: Mapping[str, int],
    run: RunRecord,
    *,
    version: str,
    signer: str,
) -> dict[str, Any]:
    """The crate's metadata.

    Args:
        audit: audit.json.
        digests: The files listed in the crate: name -> SHA-256, without files made after it.
        sizes: Their sizes in bytes.
        run: run.json.
        version: repro-audit's version.
        signer: The name in the signer's certificate.
    """
    # The agent is the signer; with an ephemeral key, this is the key, not a person. The key in the crate identifies it.
    agent = {"@id": "#signer", "@type": "Organization", "name": signer, "url": layout.PUBLIC_KEY}
    inputs = sorted(name for name in digests if name.startswith("predictions/"))
    results = sorted(set(digests) - set(inputs))
    action = {
        "@id": "#audit",
        "@type": "CreateAction",
        "name": f"Audit of {audit.study.id}",
        "description": " ".join(run.command),
        "startTime": _time(run.started),
        "endTime": _time(run.finished),
        "actionStatus": "http://schema.org/CompletedActionStatus",
        "instrument": {"@id": layout.PROJECT_URI},
        "agent": {"@id": "#signer"},
        "result": [{"@id": name} for name in results],
    } | ({"object": [{"@id": name} for name in inputs]} if inputs else {})
    title = f"Audit of {audit.study.id}"
    described = f"What was reported, what a reproduction gives, and a verdict for each of {len(audit.claims)} claims."
    return {
        "@context": ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"],
        "@graph": [
            {
                "@id": layout.CRATE,
                "@type": "CreativeWork",
                "about": {"@id": "./"},
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": title,
                "description": described,
                "datePublished": utc(audit.source_date_epoch)[:10],
                "license": {"@id": _LICENCE},
                "conformsTo": {"@id": _PROFILE},
                "hasPart": [{"@id": name} for name in sorted(digests)],
                "mentions": {"@id": "#audit"},
                "author": {"@id": "#signer"},
                "publisher": {"@id": "#signer"},
            },
            {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
            {
                "@id": _LICENCE,
                "@type": "CreativeWork",
                "name": "Apache License 2.0",
                "description": "Of what repro-audit wrote; the data sets' licences stay as they are.",
            },
            {
                "@id": layout.PROJECT_URI,
                "@type": "SoftwareApplication",
                "name": "repro-audit",
                "softwareVersion": version,
                "url": layout.PROJECT_URI,
            },
            agent,
            action,
            *(_file(name, digests[name], sizes[name]) for name in sorted(digests)),
        ],
    }


def _time(text: str) -> str:
    """RFC 3339 with a numeric offset, as the profile's validator requires."""
    return text.removesuffix("Z") + "+00:00"


def _file(name: str, digest: str, size: int) -> dict[str, Any]:
    suffix = "." + name.rsplit(".", 1)[-1]
    return {
        "@id": name,
        "@type": "File",
        "name": name.rsplit("/", 1)[-1],
        "contentSize": str(size),
        "sha256": digest,
        "encodingFormat": _TYPES.get(suffix, "application/octet-stream"),
    }
