"""The registration of a sampling plan: a signed statement before the run, and each claim as a PRML manifest.

PRML: v0.1 of 2026-05-22 (studio-11-co/falsify@31b9d44: spec/). Its canonical bytes are what PyYAML writes with sorted keys.
The specification fixes no preimage for `dataset.hash`; here it is the SHA-256 of the set's ids, sorted, each followed by a
line feed, as `metric_args.dataset_hash_of` says. The tolerance of `==` is half a unit of the last printed digit, and the
margin.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from audit.analysis.sampling.order import digest
from audit.analysis.sampling.plan import Plan, PlannedClaim
from audit.provenance.format import layout
from audit.provenance.format.checksums import sha256
from audit.provenance.records import statement
from tasks.statistics.printed import rounding_interval

PRML_VERSION = "prml/0.1"
_SEED_LIMIT = 2**64


def manifests(plan: Plan, producer: str) -> dict[str, bytes]:
    """Each claim of a plan as a PRML manifest: file name -> canonical bytes.

    Args:
        plan: The plan.
        producer: Who registers it: a name or a key's fingerprint.
    """
    found = {}
    stem = plan.task if plan.run is None else f"{plan.task}@{plan.run}"
    for number, claim in enumerate(plan.claims):
        raw = canonical_prml(_manifest(plan, number, claim, producer))
        found[f"{stem}.{claim.metric}{f'.{number}' if number else ''}.prml.yaml"] = raw
    return found


def canonical_prml(manifest: dict[str, Any]) -> bytes:
    """The canonical bytes of a PRML manifest, whose SHA-256 is its hash."""
    import yaml

    return yaml.safe_dump(manifest, sort_keys=True, allow_unicode=True).encode("utf-8")


def _manifest(plan: Plan, number: int, claim: PlannedClaim, producer: str) -> dict[str, Any]:
    printed = rounding_interval(claim.value)
    slack = (Decimal(printed.high) - Decimal(printed.low)) / 2 + Decimal(claim.margin)
    return {
        "version": PRML_VERSION,
        "claim_id": uuid7(plan.created, f"{plan.sha256}/{number}"),
        "created_at": plan.created,
        "metric": claim.metric,
        "comparator": "==",
        "threshold": float(claim.value),
        "dataset": {"id": plan.card or plan.task, "hash": digest(plan.units)},
        "seed": _integer(plan.seed.value),
        "producer": {"id": producer},
        "metric_args": {
            "conventions": {one.id: one.hash for one in claim.conventions},
            "dataset_hash_of": "sorted-ids-each-followed-by-lf",
            "plan_sha256": plan.sha256,
            "risk": plan.risk,
            "tolerance": float(slack),
            "unit": claim.unit,
            "units": len(plan.units),
        },
    }


def _integer(seed: str | None) -> int | None:
    """PRML's seeds are integers; another seed is in the plan, whose hash is in the manifest."""
    if seed is None or not (seed.isascii() and seed.isdecimal()) or int(seed) >= _SEED_LIMIT:
        return None
    return int(seed)


def uuid7(moment: str, content: str) -> str:
    """A UUID of version 7 (RFC 9562, section 5.7) for a moment; its random bits are a hash, so that it can be made again.

    Args:
        moment: `YYYY-MM-DDTHH:MM:SSZ`.
        content: What the hash is over.
    """
    milliseconds = int(datetime.fromisoformat(moment).timestamp()) * 1000
    noise = int.from_bytes(hashlib.sha256(content.encode()).digest()[:10], "big")
    value = (milliseconds & (2**48 - 1)) << 80 | noise
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def registration(plan: Plan, name: str, raw: bytes, prml: dict[str, bytes], registered: str) -> dict[str, Any]:
    """The in-toto statement over a plan and its manifests.

    Args:
        plan: The plan.
        name: The plan's file name.
        raw: Its bytes.
        prml: The manifests.
        registered: The signer's clock, RFC 3339; it proves nothing, unlike a time stamp.
    """
    subjects = {name: sha256(raw), **{file: sha256(data) for file, data in prml.items()}}
    predicate = {
        "schemaVersion": statement.SCHEMA_VERSION,
        "registeredAt": registered,
        "task": plan.task,
        "units": len(plan.units),
        "risk": str(Fraction(plan.risk)),
        "seedOrigin": plan.seed.origin,
        "conventions": {
            f"{claim.metric} {claim.value}": {one.id: one.hash for one in claim.conventions} for claim in plan.claims
        },
    }
    return statement.statement(subjects, layout.PLAN_TYPE, predicate)
