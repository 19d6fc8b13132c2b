"""What signing and verifying read out of audit.json: claims, verdicts, the kind of key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from audit.document.read import structure
from audit.errors import InputError
from audit.provenance.errors import RejectedError
from audit.provenance.format.canonical_encoding import json_canonical, json_loads
from audit.schema import AuditDocument, Verdict

# How a verdict is told to tools that know three words (in-toto test-result): accepted; nothing shown either way,
# or only with a warning; shown not to hold, or not accepted.
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
    """The document in a package's audit.json.

    Args:
        data: The file's bytes.
        file: Its name, for errors.
        canonical: Whether the bytes must be canonical JSON, as every package has it.

    Raises:
        RejectedError: The bytes are not canonical JSON, not an audit's, or there is not one verdict for each claim.
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
        raise RejectedError(file, "malformed", "not exactly one verdict for each claim")
    return dict(sorted(found.items()))


def verdict_counts(audit: AuditDocument, file: str = "audit.json") -> dict[str, int]:
    """How many claims have each verdict of the vocabulary."""
    counts = Counter(verdicts(audit, file).values())
    return {str(word): counts[word] for word in RESULTS}


def stated_signer(audit: AuditDocument) -> str | None:
    """The kind of key that the report says it is signed with, if it says one."""
    return audit.signing.identity if audit.signing else None
