"""What only the reader of a package can bring: whose key it is, and whose clock is believed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.signing import allowed_signers, timestamp
from audit.provenance.signing.bundle import Verified
from audit.provenance.verification import rescore
from audit.provenance.verification.result import Report


@dataclass(frozen=True, slots=True)
class Trust:
    """What the reader of a package trusts, and has at hand.

    Args:
        key: The auditor's public key (PEM, certificate or OpenSSH line), known from elsewhere.
        allowed_signers: An OpenSSH allowed-signers file.
        principal: Whose signature it must be; with `allowed_signers` alone, anyone's in it.
        reviewers: Public keys of reviewers.
        time_stamp_roots: PEM certificates that are trusted for time stamps.
        predictions: The folder of predictions.
        scorer: Computes the measurements again; None leaves the values unchecked.
        render: Whether HTML, table and CSV are rendered again and compared.
        now: The time that validity options of `allowed_signers` are held against; the clock's unless given.
    """

    key: bytes | None = None
    allowed_signers: str | None = None
    principal: str | None = None
    reviewers: tuple[bytes, ...] = ()
    time_stamp_roots: bytes | None = None
    predictions: Path | None = None
    scorer: rescore.Scorer | None = None
    render: bool = False
    now: dt.datetime | None = None


def ssh_line(files: Mapping[str, bytes]) -> str:
    """The package's SSH public key: type and base64."""
    return files[layout.SSH_KEY].decode("ascii", "replace").removesuffix("\n")


def check_identity(files: Mapping[str, bytes], signer: str, trust: Trust, report: Report) -> None:
    """Say who signed, as far as the reader can know.

    Args:
        files: The package, verified against the key that is in it (and equal to `trust.key`, where that is given).
        signer: `key` or `ephemeral`, as the root statement says.
        trust: What the reader trusts.
        report: Where the outcome goes.
    """
    if trust.key is not None:
        report.ok("identity", "signed by the key that you gave")
    if trust.allowed_signers is not None:
        report.run("identity (allowed signers)", lambda: _allowed(files, trust))
    if trust.key is None and trust.allowed_signers is None:
        report.skip(
            "identity",
            "nothing has changed since it was signed, but by whom is not known; give --key or --allowed-signers",
        )
    if signer == "ephemeral":
        report.skip("identity of the signer", "the key was made for this one audit: it proves integrity, not identity")


def _allowed(files: Mapping[str, bytes], trust: Trust) -> None:
    now = trust.now or dt.datetime.now(dt.UTC)
    assert trust.allowed_signers is not None
    found = allowed_signers.principals(
        trust.allowed_signers, ssh_line(files), layout.SSH_NAMESPACE, now, "--allowed-signers"
    )
    if not found:
        raise RejectedError(
            layout.SSH_KEY, "key-mismatch", "the SSH key is not one that the allowed-signers file lets sign audits"
        )
    if trust.principal is not None and not allowed_signers.matches(found, trust.principal):
        raise RejectedError(
            layout.SSH_KEY, "key-mismatch", f"the SSH key is not {trust.principal}'s but {', '.join(found)}'s"
        )


def check_time(root: Verified, trust: Trust, report: Report) -> None:
    """Say when the root statement was signed, as far as a third party vouches for it."""
    if not root.timestamps:
        report.skip("time", "the package has no time stamp; when it was signed is the signer's word")
        if trust.time_stamp_roots is not None:
            report.fail(
                "time",
                RejectedError(
                    layout.ROOT, "timestamp", "you gave certificates for time stamps, and there is no time stamp"
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
