"""Register a sampling plan before the run: an in-toto statement and PRML manifests, with an optional time stamp."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from audit._util import canonical_json
from audit._util.clock import source_date_epoch
from audit._util.files import write_atomic
from audit.analysis.sampling.plan import KEY_SUFFIX, STATEMENT_SUFFIX
from audit.analysis.sampling.plan_files import beside, read_plan
from audit.errors import InputError
from audit.provenance.records.registration import manifests, registration
from audit.provenance.signing import bundle, keys, timestamp
from audit.provenance.signing.keys import SigningKey


def register(path: Path, key: SigningKey, requester: timestamp.Requester | None = None) -> tuple[Path, ...]:
    """Sign a plan's file, and write the statement, the public key and one PRML manifest per claim beside it.

    Args:
        path: The plan's file.
        key: Signs the statement.
        requester: Requests a time stamp over the signature.

    Returns:
        The files that were written.

    Raises:
        InputError: The plan is invalid, is registered already, or a run of it is there.
        MissingError: The time-stamp server does not answer.
    """
    plan, _ = read_plan(path)
    target = beside(path, STATEMENT_SUFFIX)
    if target.exists():
        raise InputError("the plan is registered already", where=str(target), fix="A plan is registered once.")
    # The outputs whose judgements are sampled are there before the plan; the judgements are not.
    rows = beside(path, ".jsonl")
    if rows.exists():
        raise InputError(
            "the run that follows the plan is there: a plan is registered before it",
            where=str(rows),
            fix="Move the predictions away, or leave the plan without a registration.",
        )
    moment = datetime.fromtimestamp(source_date_epoch(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    prml = manifests(plan, f"repro-audit:{keys.fingerprint(key.public)[:16]}")
    signed = bundle.sign(registration(plan, path.name, plan.to_bytes(), prml, moment), key)
    if requester is not None:
        signed = bundle.with_timestamp(signed, timestamp.stamp(bundle.signature_of(signed), requester))
    files = {
        **{path.with_name(name): data for name, data in prml.items()},
        beside(path, KEY_SUFFIX): keys.public_pem(key.public),
        target: canonical_json.dumps(signed),
    }
    for file, data in files.items():
        write_atomic(file, data)
    return tuple(files)
