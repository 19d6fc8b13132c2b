"""The second statement: it opens commitments of a blind package, which it names by its root statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from audit._util import canonical_json
from audit.errors import InputError
from audit.provenance.blinding.commitments import Sealed
from audit.provenance.blinding.secret import Secret
from audit.provenance.errors import RejectedError
from audit.provenance.format import checksums, layout, predicates
from audit.provenance.format.canonical_encoding import json_canonical
from audit.provenance.records import statement
from audit.provenance.signing import bundle
from audit.provenance.signing.keys import SigningKey

SUFFIX = ".sigstore.json"
KEY_SUFFIX = ".pub.pem"


def sealed_in(payload: bytes) -> list[Mapping[str, str]]:
    """The commitments in the payload of a root statement.

    Raises:
        InputError: The package is not blind.
        RejectedError: It is not the payload of a root statement.
    """
    value = json_canonical(payload, layout.ROOT)
    predicate = value.get("predicate") if isinstance(value, dict) else None
    predicates.check(predicate, layout.ROOT_TYPE, layout.ROOT)
    if not isinstance(predicate, dict) or "sealed" not in predicate:
        raise InputError(
            "the package is not blind: it seals nothing", fix="give the package that was made with --blind"
        )
    sealed: list[Mapping[str, str]] = predicate["sealed"]
    return sealed


def openable(files: Mapping[str, bytes], secret: Secret, where: str, only: Collection[str] = ()) -> tuple[Sealed, ...]:
    """What an unblind.json opens of a package.

    Args:
        files: The package.
        secret: The unblind.json.
        where: Its name, in messages.
        only: Kinds to open; empty for all.

    Raises:
        InputError: The package is not blind, or the file is of other packages, was changed, or seals nothing of these kinds.
    """
    try:
        payload = bundle.payload(files[layout.ROOT])
        stated = sealed_in(payload)
    except (KeyError, RejectedError):
        raise InputError("is not a package", where=layout.ROOT, fix="check it with `repro-audit verify`") from None
    root = checksums.sha256(payload)
    known = secret.packages.get(root)
    if known is None:
        raise InputError(
            f"opens {len(secret.packages)} packages, but not this one (its root statement is {root[:12]})",
            where=where,
            fix="give the unblind.json that was written with this package",
        )
    commitments = {(entry["kind"], entry["name"]): entry["sha256"] for entry in stated}
    for one in known:
        if commitments.get((one.kind, one.name)) != one.commitment:
            raise InputError(
                f"its value or salt of the {one.kind} {one.name} is not what the package seals",
                where=where,
                fix="the file was changed: take it from a copy",
            )
    if len(known) != len(commitments):
        raise InputError("does not have all that the package seals", where=where, fix="take it from a copy")
    kinds = {one.kind for one in known}
    unknown = sorted(set(only) - kinds)
    if unknown:
        raise InputError(
            f"nothing of the kind {unknown[0]!r} is sealed", where="--only", fix=f"Use: {', '.join(sorted(kinds))}."
        )
    return tuple(one for one in known if not only or one.kind in only)


def build(files: Mapping[str, bytes], opened: Sequence[Sealed], key: SigningKey, when: str) -> bytes:
    """The signed statement that opens commitments.

    Args:
        files: The blind package.
        opened: What it opens.
        key: Signs it: the package's own, or the lasting one that the package seals.
        when: The signer's clock, RFC 3339; it proves nothing.
    """
    predicate: dict[str, Any] = {
        "schemaVersion": statement.SCHEMA_VERSION,
        "package": layout.PACKAGE_SCHEMA,
        "root": statement.descriptor(layout.ROOT, checksums.sha256(bundle.payload(files[layout.ROOT]))),
        "opened": [one.opened() for one in opened],
        "openedAt": when,
    }
    value = statement.statement(
        {layout.AUDIT: checksums.sha256(files[layout.AUDIT])}, layout.UNBLINDING_TYPE, predicate
    )
    return canonical_json.dumps(bundle.sign(value, key))
