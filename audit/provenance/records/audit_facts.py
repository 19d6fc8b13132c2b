"""Facts from audit.json for signing and verification: claims, verdicts, the kind of key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from audit.document.read import structure
from audit.errors import InputError
from audit.provenance.errors import RejectedError
from audit.provenance.format.canonical_encoding import json_canonical, json_loads
from audit.schema import AuditDocument, Verdict

# Verdicts as in-toto test results: passed, warned (nothing was shown either way, or only with a caveat), failed.
RESULTS: Mapping[Verdict, str] = {
    Verdict.REPRODUCED: "passed",
    Verdict.JUSTIFIED: "passed",
    Verdict.UNDOCUMENTED: "warned",
    Verdict.NOT_COMPARABLE: "warned",
    Verdict.NOT_RUN: "warned",
    Verdict.UNDECIDED: "warned",
    Verdict.EXCEEDS: "warned",
    Verdict.SELECTIVE: "failed",
    Verdict.INFEASIBLE: "failed",
    Verdict.NOT_REPRODUCED: "failed",
}


def read_audit(data: bytes, file: str = "audit.json", *, canonical: bool = True) -> AuditDocument:
    """Read a package's audit.json.

    Args:
        data: The bytes of the file.
        file: Its name in messages.
        canonical: Whether the bytes must be canonical JSON, as in every package.

    Raises:
        RejectedError: The bytes are not canonical JSON or not an audit, or a claim does not have exactly one verdict.
    """
    value = json_canonical(data, file, newline=True) if canonical else json_loads(data, file)
    try:
        audit = structure(value, file)
    except InputError as error:
        raise RejectedError(file, "malformed", error.told) from None
    verdicts(audit, file)
    return audit


def verdicts(audit: AuditDocument, file: str = "audit.json") -> dict[str, Verdict]:
    """Claim id -> verdict, of every claim.

    Raises:
        RejectedError: There is not exactly one verdict for each claim.
    """
    claims = [claim.id for claim in audit.claims]
    found = {decision.claim: decision.verdict for decision in audit.verdicts}
    if len(audit.verdicts) != len(found) or len(set(claims)) != len(claims) or set(found) != set(claims):
        raise RejectedError(file, "malformed", "a claim does not have exactly one verdict")
    return dict(sorted(found.items()))


def verdict_counts(audit: AuditDocument, file: str = "audit.json") -> dict[str, int]:
    """The number of claims with each verdict."""
    counts = Counter(verdicts(audit, file).values())
    return {str(word): counts[word] for word in RESULTS}


def stated_signer(audit: AuditDocument) -> str | None:
    """The kind of signing key stated in the report, or None."""
    return audit.signing.identity if audit.signing else None
