"""The few things that signing and verifying read out of audit.json: claims, verdicts, measurements, the epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from audit.provenance.errors import RejectedError

# How a verdict is told to tools that know three words (in-toto test-result): accepted; nothing shown either way,
# or only with a warning; shown not to hold, or not accepted.
RESULTS: Mapping[str, str] = {
    "reproduced": "passed",
    "justified": "passed",
    "undocumented": "warned",
    "not-comparable": "warned",
    "not-run": "warned",
    "selective": "failed",
    "infeasible": "failed",
    "not-reproduced": "failed",
}


def verdicts(audit: Mapping[str, Any], file: str = "audit.json") -> dict[str, str]:
    """Claim id -> verdict, of every claim.

    Raises:
        RejectedError: audit.json has not one verdict of the vocabulary for each claim.
    """
    try:
        claims = [str(claim["id"]) for claim in audit["claims"]]
        found = {str(entry["claim"]): str(entry["verdict"]) for entry in audit["verdicts"]}
        complete = (
            len(audit["verdicts"]) == len(found) and len(set(claims)) == len(claims) and set(found) == set(claims)
        )
    except (KeyError, TypeError):
        raise RejectedError(file, "malformed", "no list of claims and verdicts in it") from None
    if not complete:
        raise RejectedError(file, "malformed", "not exactly one verdict for each claim")
    unknown = set(found.values()) - set(RESULTS)
    if unknown:
        raise RejectedError(file, "malformed", f"an unknown verdict, {min(unknown)!r}")
    return dict(sorted(found.items()))


def verdict_counts(audit: Mapping[str, Any], file: str = "audit.json") -> dict[str, int]:
    """How many claims have each verdict of the vocabulary."""
    counts = Counter(verdicts(audit, file).values())
    return {word: counts[word] for word in RESULTS}


def epoch(audit: Mapping[str, Any], file: str = "audit.json") -> int:
    """The time that the report's documents carry, in seconds since 1970.

    Raises:
        RejectedError: audit.json states none.
    """
    value = audit.get("source_date_epoch")
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise RejectedError(file, "malformed", "no source_date_epoch in it")
    return value


def stated_signer(audit: Mapping[str, Any]) -> str | None:
    """The kind of key that the report says it is signed with: audit.json's `signing.identity`, if it has one."""
    signing = audit.get("signing")
    return str(signing["identity"]) if isinstance(signing, Mapping) and signing.get("identity") else None


def study_id(audit: Mapping[str, Any]) -> str:
    """The study's id, whether audit.json has it alone or in a record."""
    study = audit.get("study")
    return str(study.get("id") if isinstance(study, Mapping) else study)
