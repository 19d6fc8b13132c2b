"""The verifier's checks of a blind package: what is withheld, what was opened, whether blinding gave its files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.errors import InputError, MissingError
from audit.provenance.blinding.commitments import Sealed, from_json
from audit.provenance.blinding.names import REPLACED, Identity
from audit.provenance.blinding.unblinding import KEY_SUFFIX, SUFFIX
from audit.provenance.errors import RejectedError
from audit.provenance.format import archive, checksums, layout
from audit.provenance.records import statement
from audit.provenance.signing import bundle, keys
from audit.provenance.signing.dsse import shape
from audit.provenance.verification.result import Report
from audit.schema import AuditDocument

_HASH = re.compile("[0-9a-f]{64}")
_FILE = "--unblinding"
# Kinds of which there are many; a line tells how many were opened.
_COUNTED = frozenset({"commit", "file", "file-name", "original", "path", "remote", "work"})


@dataclass(frozen=True, slots=True)
class Unblinding:
    """What opens a blind package.

    Attributes:
        statement: The bundle that `repro-audit unblind` wrote.
        key: The public key beside it; None if the package's own key signed it.
        originals: The folder of the audit that names the team; None if it is not at hand.
    """

    statement: bytes
    key: bytes | None = None
    originals: Path | None = None


def read_unblinding(path: Path, originals: Path | None) -> Unblinding:
    """Read the statement that `repro-audit unblind` wrote, and the key beside it, if there is one.

    Raises:
        MissingError: It cannot be read.
    """
    beside = path.with_name(path.name.removesuffix(SUFFIX) + KEY_SUFFIX)
    try:
        return Unblinding(path.read_bytes(), beside.read_bytes() if beside.is_file() else None, originals)
    except OSError as error:
        raise MissingError(f"cannot be read ({error.strerror})", where=str(path), fix="check the path") from None


def stated(root: Mapping[str, Any], audit: AuditDocument) -> list[dict[str, str]]:
    """The commitments of the root statement's predicate.

    Raises:
        RejectedError: They are malformed, or the statement and audit.json differ about whether the package is blind.
    """
    if ("sealed" in root) != (audit.blind is not None):
        raise RejectedError(
            layout.ROOT, "wrong-statement", "the statement and audit.json differ about whether this is a blind edition"
        )
    found: list[dict[str, str]] = []
    for entry in root.get("sealed", ()):
        shape(entry, {"kind", "name", "sha256"}, layout.ROOT)
        if not all(isinstance(part, str) for part in entry.values()) or not _HASH.fullmatch(entry["sha256"]):
            raise RejectedError(layout.ROOT, "malformed", "a commitment is not a kind, a name and a SHA-256")
        found.append(dict(entry))
    if len({(one["kind"], one["name"]) for one in found}) != len(found):
        raise RejectedError(layout.ROOT, "malformed", "two commitments have one kind and name")
    return found


def check(
    files: Mapping[str, bytes],
    audit: AuditDocument,
    root: bundle.Verified,
    unblinding: Unblinding | None,
    key: bytes | None,
    report: Report,
) -> None:
    """Say what is withheld, and check what opens it.

    Args:
        files: The package.
        audit: audit.json.
        root: The root statement, verified.
        unblinding: The second statement; None for none.
        key: The public key that the reader trusts; None for none.
        report: Receives the outcome.
    """
    sealed = report.run("commitments", lambda: stated(root.statement["predicate"], audit)) if audit.blind else []
    if audit.blind is None:
        if unblinding is not None:
            report.fail("unblinding", RejectedError(_FILE, "wrong-statement", "the package is not blind"))
        return
    if sealed is None:
        return
    if unblinding is None:
        report.skip(
            "blind edition",
            f"the team's identity is withheld; {len(sealed)} commitments are in the statement, and --unblinding opens them",
        )
        return
    second = unblinding
    opened = report.run("second statement", lambda: _opened(files, root, sealed, second), file=_FILE)
    if opened is None:
        return
    _told(opened, len(sealed), report)
    _whose(files, opened, second, key, report)
    if second.originals is None:
        report.skip("originals", "not compared with the files that name the team; give --originals")
    else:
        folder = second.originals
        report.run(
            "originals", lambda: _originals(files, opened, folder), "as sealed; blinding gives the package's files"
        )


def _opened(
    files: Mapping[str, bytes], root: bundle.Verified, sealed: Sequence[Mapping[str, str]], second: Unblinding
) -> tuple[Sealed, ...]:
    raw = second.key if second.key is not None else files[layout.PUBLIC_KEY]
    try:
        public = keys.load_public(raw, _FILE)
    except InputError as error:
        raise RejectedError(_FILE, "malformed", error.what) from None
    found = bundle.verify(second.statement, public, _FILE, predicate_type=layout.UNBLINDING_TYPE)
    predicate = shape(found.statement["predicate"], {"schemaVersion", "package", "root", "opened", "openedAt"}, _FILE)
    if (predicate["schemaVersion"], predicate["package"]) != (statement.SCHEMA_VERSION, layout.PACKAGE_SCHEMA):
        raise RejectedError(_FILE, "wrong-statement", f"not a known statement of {layout.PACKAGE_SCHEMA}")
    subjects = statement.statement({layout.AUDIT: checksums.sha256(files[layout.AUDIT])}, "", {})["subject"]
    if predicate["root"] != statement.descriptor(layout.ROOT, checksums.sha256(root.payload)) or (
        found.statement["subject"] != subjects
    ):
        raise RejectedError(_FILE, "wrong-statement", "it opens another package")
    commitments = {(one["kind"], one["name"]): one["sha256"] for one in sealed}
    opened = tuple(map(from_json, predicate["opened"]))
    if len({(one.kind, one.name) for one in opened}) != len(opened):
        raise RejectedError(_FILE, "malformed", "it opens a commitment twice")
    for one in opened:
        wanted = commitments.get((one.kind, one.name))
        if wanted is None:
            raise RejectedError(_FILE, "commitment-mismatch", f"the package seals no {one.kind} {one.name}")
        if one.commitment != wanted:
            raise RejectedError(
                _FILE, "commitment-mismatch", f"value and salt of the {one.kind} {one.name} do not open its commitment"
            )
    return opened


def _told(opened: Sequence[Sealed], sealed: int, report: Report) -> None:
    for one in opened:
        if one.kind not in _COUNTED:
            report.ok(one.kind, one.value if one.name == one.kind else f"{one.name} is {one.value}")
    counts = Counter(one.kind for one in opened if one.kind in _COUNTED)
    more = "".join(f", {number} of the kind {kind}" for kind, number in sorted(counts.items()))
    report.ok("commitments", f"{len(opened)} of {sealed} opened{more}")


def _whose(
    files: Mapping[str, bytes], opened: Sequence[Sealed], second: Unblinding, key: bytes | None, report: Report
) -> None:
    """By whom the second statement is signed."""
    own = keys.load_public(files[layout.PUBLIC_KEY], layout.PUBLIC_KEY)
    public = own if second.key is None else keys.load_public(second.key, _FILE)
    fingerprint = keys.fingerprint(public)
    by_sealed = any(one.kind == "key" and one.value == fingerprint for one in opened)
    if fingerprint == keys.fingerprint(own):
        report.ok("second statement", "signed by the package's own key")
    elif by_sealed:
        report.ok("second statement", f"signed by the key {fingerprint}, which the package has sealed")
    else:
        report.skip(
            "second statement",
            f"signed by the key {fingerprint}, which the package does not name: whoever knows the salts can make one",
        )
    if key is None:
        return
    trusted = keys.fingerprint(keys.load_public(key, "--key"))
    if trusted == keys.fingerprint(own):
        return
    if trusted == fingerprint and by_sealed:
        report.ok("identity", "the package seals the key that you gave, and it has signed the second statement")
    else:
        report.fail(
            "identity",
            RejectedError(_FILE, "key-mismatch", "neither the package nor the second statement is by the key you gave"),
        )


def _originals(files: Mapping[str, bytes], opened: Sequence[Sealed], folder: Path) -> None:
    """The files that name the team are those that were sealed, and blinding them gives the package's."""
    from audit.provenance.blinding.edition import blind  # reads the literature, which verification alone does not

    named: dict[str, bytes] = {}
    for one in opened:
        if one.kind == "original":
            digest, _, name = one.value.partition("  ")
            archive.check_name(name, _FILE)
            path = folder / name
            if not path.is_file():
                raise RejectedError(name, "missing", f"not in {folder}")
            named[name] = path.read_bytes()
            if checksums.sha256(named[name]) != digest:
                raise RejectedError(name, "digest-mismatch", "not the file that was sealed")
    if layout.AUDIT not in named:
        raise RejectedError(_FILE, "missing", "it opens no originals")
    # What has no identity is in the package as it was.
    kept = {name: data for name, data in files.items() if name.startswith((layout.LITERATURE, layout.COUNTS))}
    changed = {one.name for one in opened if one.kind == "original"}
    named |= {name: data for name, data in kept.items() if name not in changed}
    identities = [Identity(one.kind, one.value, one.name) for one in opened if one.kind in REPLACED]
    try:
        # Only here: it reads the literature, which loads the metrics.
        from audit.provenance.blinding.edition import blind

        again = blind(named, identities, own_paper=any(one.kind == "paper" for one in opened))
    except (InputError, KeyError, TypeError) as error:
        raise RejectedError(_FILE, "malformed", f"the originals cannot be blinded ({error})") from None
    for name, data in again.files.items():
        if files.get(name) != data:
            raise RejectedError(name, "value-mismatch", "not what blinding the original gives")
