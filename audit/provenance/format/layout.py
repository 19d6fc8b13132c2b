"""Constants of package version 1: file names, media types, predicate types, namespaces, limits.

They are frozen: existing packages must always verify, so a change requires a new package version
beside this one.
"""

from __future__ import annotations

PACKAGE_SCHEMA = "repro-audit/package/1"

AUDIT = "audit.json"
REPORT_HTML = "report.html"
REPORT_PDF = "report.pdf"
# The one page and the annex: absent from packages of earlier editions, and where they were not rendered.
ANSWERS = "answers.html"
ANNEX = "annex.pdf"
# Not a file: the name of report.html without the signature in it, as it is rendered. Absent from packages of earlier editions.
UNSIGNED_HTML = "report.unsigned.html"
# Not files: the names of the PDFs' leading bytes, as rendered before signing.
UNSIGNED_PDF = "report.unsigned.pdf"
UNSIGNED_ANNEX = "annex.unsigned.pdf"
# PDF -> the name of its rendering, and the field of the root statement with its length.
PDFS = {REPORT_PDF: (UNSIGNED_PDF, "unsignedPdfBytes"), ANNEX: (UNSIGNED_ANNEX, "unsignedAnnexBytes")}
ENVIRONMENT = "environment.json"
RUN = "run.json"
SBOM = "sbom.cdx.json"
CRATE = "ro-crate-metadata.json"
CODECHECK = "codecheck.yml"
VERIFY = "VERIFY.md"
PREDICTIONS_LIST = "predictions.sha256"
PUBLIC_KEY = "keys/signer.pub.pem"
CERTIFICATE = "keys/signer.cert.pem"
SSH_KEY = "keys/signer.ssh.pub"
CHECKSUMS = "SHA256SUMS"
SSH_SIGNATURE = "SHA256SUMS.sshsig"
ROOT = "statements/audit.sigstore.json"
PROVENANCE = "statements/provenance.sigstore.json"
TEST_RESULT = "statements/test-result.sigstore.json"
PUBLICATION = "statements/publication.sigstore.json"
COUNTS = "counts/"
LITERATURE = (
    "literature/"  # the study, its set cards, records and reproductions; absent from packages of the first edition
)
PLANS = "plans/"  # sampling plans with their draws and registrations; only where a run follows one
COUNTERSIGNATURES = "countersignatures/"

REQUIRED = frozenset({
    AUDIT, REPORT_HTML, REPORT_PDF, ENVIRONMENT, RUN, SBOM, CRATE, CODECHECK, VERIFY, PREDICTIONS_LIST, PUBLIC_KEY,
    CERTIFICATE, SSH_KEY, CHECKSUMS, SSH_SIGNATURE, ROOT, PROVENANCE, TEST_RESULT, PUBLICATION,
})  # fmt: skip
# Other files that a package may have, and what the names in its folders end in.
_OPTIONAL = frozenset({ANSWERS, ANNEX, "measurements.csv", "table.tex"})
_ENDINGS = {
    COUNTS: (".csv",),
    LITERATURE: (".yaml", ".txt"),
    PLANS: (".json", ".pem"),
    "predictions/": (".jsonl", ".json"),
    COUNTERSIGNATURES: (".sigstore.json", ".pub.pem"),
}
# SHA256SUMS lists all files except itself, its signature, and the statement that is signed last.
UNLISTED = frozenset({CHECKSUMS, SSH_SIGNATURE, PUBLICATION})
# Files that inherently differ from run to run; the root statement, which must be reproducible, leaves them out.
VOLATILE = (
    frozenset({REPORT_PDF, ANNEX, RUN, CRATE, VERIFY, PUBLIC_KEY, CERTIFICATE, SSH_KEY, ROOT, PROVENANCE, TEST_RESULT})
    | UNLISTED
)

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"

# RFC 2606 reserves .invalid: the name never resolves and can never be registered.
PROJECT_URI = "https://repro-audit.invalid"
ROOT_TYPE = f"{PROJECT_URI}/audit/v1"
PUBLICATION_TYPE = f"{PROJECT_URI}/publication/v1"
PLAN_TYPE = f"{PROJECT_URI}/plan/v1"
PAGE_TYPE = f"{PROJECT_URI}/page/v1"
UNBLINDING_TYPE = f"{PROJECT_URI}/unblinding/v1"
BUILD_TYPE = f"{PROJECT_URI}/build/v1"
BUILDER_ID = f"{PROJECT_URI}/builder/repro-audit"
SLSA_TYPE = "https://slsa.dev/provenance/v1"
TEST_RESULT_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
SVR_TYPE = "https://in-toto.io/attestation/svr/v0.2"

SSH_NAMESPACE = "repro-audit/v1"

MAX_SUBJECTS = 1024  # sigstore-go: pkg/verify/signature.go
MAX_FILES = 10_000
MAX_PACKAGE_BYTES = 1 << 30


def is_known(name: str) -> bool:
    """Whether a file of this name is of a kind that packages have; a script, say, is not."""
    return (
        name in REQUIRED
        or name in _OPTIONAL
        or any(name.startswith(folder) and name.endswith(endings) for folder, endings in _ENDINGS.items())
    )
