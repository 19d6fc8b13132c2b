"""The reader's trust: whose keys and time stamps to accept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.records.derivation import Deriver
from audit.provenance.signing import allowed_signers, keys, timestamp
from audit.provenance.signing.bundle import Verified
from audit.provenance.verification import rescore
from audit.provenance.verification.blind import Unblinding
from audit.provenance.verification.result import Report


@dataclass(frozen=True, slots=True)
class Trust:
    """What the reader of a package trusts and provides.

    Args:
        key: The auditor's public key (PEM, certificate or OpenSSH line), obtained independently of the package.
        allowed_signers: An OpenSSH allowed-signers file.
        principal: The required signer; with only `allowed_signers`, anybody listed in it.
        reviewers: Public keys of required reviewers.
        time_stamp_roots: PEM certificates trusted for time stamps.
        predictions: The folder of predictions.
        scorer: Computes the measurements again; None leaves the values unchecked.
        deriver: Derives verdicts from counts and literature; None leaves them unchecked.
        render: Whether to render HTML, table and CSV again and compare them.
        unblinding: What opens a blind package.
        opening: Opened rows to check, as `repro-audit open-rows` writes them.
        now: The time for validity options of `allowed_signers`; by default the current time.
    """

    key: bytes | None = None
    allowed_signers: str | None = None
    principal: str | None = None
    reviewers: tuple[bytes, ...] = ()
    time_stamp_roots: bytes | None = None
    predictions: Path | None = None
    scorer: rescore.Scorer | None = None
    deriver: Deriver | None = None
    render: bool = False
    unblinding: Unblinding | None = None
    opening: bytes | None = None
    now: dt.datetime | None = None


def ssh_line(files: Mapping[str, bytes]) -> str:
    """The package's SSH public key: type and base64."""
    return files[layout.SSH_KEY].decode("ascii", "replace").removesuffix("\n")


def check_identity(files: Mapping[str, bytes], signer: str, trust: Trust, report: Report) -> None:
    """Check the identity of the signer, as far as possible.

    Args:
        files: The package, verified against the key in it (which equals `trust.key`, if given).
        signer: `key` or `ephemeral`, as stated in the root statement.
        trust: The reader's trust.
        report: Receives the outcome.
    """
    own = keys.load_public(files[layout.PUBLIC_KEY], layout.PUBLIC_KEY)
    if trust.key is not None and keys.load_public(trust.key, "--key") == own:
        report.ok("identity", "signed by the key that you gave")
    if trust.allowed_signers is not None:
        report.run("identity (allowed signers)", lambda: _allowed(files, trust))
    report.signer_known = trust.key is not None or trust.allowed_signers is not None
    if trust.key is None and trust.allowed_signers is None:
        report.skip(
            "identity",
            "unchanged since it was signed, but the signer is not known; give --key or --allowed-signers",
        )
    if signer == "ephemeral":
        report.skip("identity of the signer", "the key was made for this one audit: it proves integrity, not identity")


def _allowed(files: Mapping[str, bytes], trust: Trust) -> None:
    now = trust.now or dt.datetime.now(dt.UTC)
    assert trust.allowed_signers is not None
    found = allowed_signers.find(trust.allowed_signers, ssh_line(files), layout.SSH_NAMESPACE, now, "--allowed-signers")
    invalid = f"; not valid: {found.problems[0]}" if found.problems else ""
    if not found.principals:
        raise RejectedError(
            layout.SSH_KEY,
            "key-mismatch",
            f"the allowed-signers file does not allow this SSH key to sign audits{invalid}",
        )
    if trust.principal is not None and not any(
        allowed_signers.matches(patterns, trust.principal) for patterns in found.principals
    ):
        known = ", ".join(found.principals)
        raise RejectedError(
            layout.SSH_KEY, "key-mismatch", f"the SSH key is not {trust.principal}'s but {known}'s{invalid}"
        )


def check_time(root: Verified, trust: Trust, report: Report) -> None:
    """Check when the root statement was signed, if a third party attests it."""
    if not root.timestamps:
        report.skip("time", "the package has no time stamp; only the signer states when it was signed")
        if trust.time_stamp_roots is not None:
            report.fail(
                "time",
                RejectedError(
                    layout.ROOT, "timestamp", "certificates for time stamps were given, but there is no time stamp"
                ),
            )
        return
    roots = trust.time_stamp_roots
    if roots is None:
        report.skip("time", "there is a time stamp; give its server's certificates with --tsa-certificates to check it")
        return
    stamped = report.run(
        "time stamp",
        lambda: timestamp.verify(root.timestamps[0], root.signature, roots, layout.ROOT, "--tsa-certificates"),
    )
    if stamped is not None:
        report.ok("time", f"signed before {stamped.strftime('%Y-%m-%dT%H:%M:%SZ')}")
