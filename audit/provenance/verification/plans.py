"""The verifier's check of sampling plans: what a plan claims about time, what a time stamp proves, whether it was followed.

Each of these is a line of its own: a plan states when it was made, its signer states when it was registered, and only a time
stamp of a third party proves that the plan existed before a moment. None of them proves that the run came later.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass

from audit._util.csv_cells import plain_cell
from audit.analysis.sampling.plan import (
    DRAW_SUFFIX,
    KEY_SUFFIX,
    STATEMENT_SUFFIX,
    SUFFIX,
    Ordered,
    Plan,
    ordered,
    parse_draw,
    parse_plan,
)
from audit.errors import InputError
from audit.provenance.errors import RejectedError
from audit.provenance.format import checksums, layout
from audit.provenance.records.inputs import FOLDER
from audit.provenance.records.registration import registration
from audit.provenance.signing import bundle, keys, timestamp
from audit.provenance.verification.result import Report
from audit.schema import AuditDocument, PlannedRun


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration whose signature holds.

    Attributes:
        fingerprint: Of the key that signed it.
        at: The signer's clock.
        signature: What a time stamp covers.
        timestamps: DER of the time stamp, not yet verified; empty without one.
    """

    fingerprint: str
    at: str
    signature: bytes
    timestamps: tuple[bytes, ...]


def check_registration(plan: Plan, raw: bytes, name: str, signed: bytes, key: bytes) -> Registered:
    """Check the signature of a plan's registration.

    Args:
        plan: The plan.
        raw: The bytes of its file.
        name: The file's name.
        signed: The bundle.
        key: The public key beside it.

    Raises:
        RejectedError: The signature does not hold, or it covers another plan.
    """
    file = name.removesuffix(SUFFIX) + STATEMENT_SUFFIX
    try:
        public = keys.load_public(key, name.removesuffix(SUFFIX) + KEY_SUFFIX)
    except InputError as error:
        raise RejectedError(file, "malformed", error.what) from None
    found = bundle.verify(signed, public, file, predicate_type=layout.PLAN_TYPE, timestamped=True)
    at = str(found.statement["predicate"].get("registeredAt", ""))
    if found.subjects.get(name) != checksums.sha256(raw):
        raise RejectedError(
            file, "digest-mismatch", "the registration is of another plan: the plan was changed after it"
        )
    expected = registration(plan, name, raw, {}, at)
    if expected["predicate"] != found.statement["predicate"]:
        raise RejectedError(file, "wrong-statement", "the registration contradicts the plan")
    return Registered(keys.fingerprint(public), at, found.signature, found.timestamps)


def check(files: Mapping[str, bytes], audit: AuditDocument, roots: bytes | None, report: Report) -> None:
    """Check every plan of a package.

    Args:
        files: The package.
        audit: audit.json.
        roots: PEM certificates trusted for time stamps.
        report: Receives the outcome.
    """
    stated = {one.path: one for one in audit.plans or ()}
    if audit.blind is not None:
        for one in stated.values():
            why = "withheld in the blind edition, as who registered it would be seen; it is sealed"
            report.skip(f"plan of {one.task}", why)
        return
    packed = {name for name in files if name.startswith(layout.PLANS) and name.endswith(SUFFIX)}
    wanted = {layout.PLANS + path.removeprefix(FOLDER) for path in stated}
    for name in sorted(packed ^ wanted):
        missing = name in wanted
        why = "a run follows this plan, which is not in the package" if missing else "no run of the audit follows it"
        report.fail("plan", RejectedError(name, "missing" if missing else "unexpected-file", why))
    for path, run in sorted(stated.items()):
        name = layout.PLANS + path.removeprefix(FOLDER)
        if name in files:
            _check(files, name, run, audit, roots, report)


def _check(
    files: Mapping[str, bytes], name: str, run: PlannedRun, audit: AuditDocument, roots: bytes | None, report: Report
) -> None:
    label = f"plan of {run.task}" if run.sampled == "outputs" else f"plan of the judgements of {run.task}"
    plan = report.run(f"{label}: order", lambda: _ordered(files, name, run), "derived from its seed again", name)
    if plan is None:
        return
    report.run(
        f"{label}: conventions", lambda: _conventions(plan, run, audit, name), "as planned, by their hashes", name
    )
    done = f"the first {run.drawn} units in the planned order"
    report.run(f"{label}: run", lambda: _followed(files, plan, run, audit, name), done, name)
    stamped = _time(files, name, run, plan, roots, report, label)
    _seed(run, stamped, report, f"{label}: seed")


def _seed(run: PlannedRun, stamped: dt.datetime | None, report: Report, label: str) -> None:
    """Whether several orders could be drawn and one chosen; a public value must be looked up by the reader."""
    if run.seed != "public":
        why = f"{run.seed} with the plan: that several orders were drawn, and one chosen, cannot be excluded"
        report.skip(label, why)
        return
    found = f"derived from {run.source!r}, published {run.published} by the auditor's word; look it up"
    if stamped is None:
        report.skip(label, f"{found}. Only a time stamp before that date excludes that several orders were drawn")
    elif stamped.strftime("%Y-%m-%d") < str(run.published)[:10]:
        report.skip(
            label, f"{found}. The plan is older by its time stamp: if the date is right, nobody could choose an order"
        )
    else:
        report.skip(
            label,
            f"{found}. The time stamp is not earlier: that several orders were drawn, and one chosen, cannot be excluded",
        )


def _ordered(files: Mapping[str, bytes], name: str, run: PlannedRun) -> Ordered:
    raw = files[name]
    if checksums.sha256(raw) != run.sha256:
        raise RejectedError(name, "digest-mismatch", "not the plan that the audit names")
    draw_name = name.removesuffix(SUFFIX) + DRAW_SUFFIX
    try:
        plan = parse_plan(raw, name)
        draw = parse_draw(files[draw_name], draw_name) if draw_name in files else None
        found = ordered(plan, draw, name)
    except InputError as error:
        raise RejectedError(name, "plan-mismatch", error.what) from None
    stated = (run.task, run.units, run.risk, run.strata, run.seed, run.sampled, run.created)
    if stated != (
        plan.task,
        len(plan.units),
        plan.risk,
        plan.strata,
        plan.seed.origin,
        plan.sampled,
        plan.created,
    ) or run.published != (draw.published if draw else None):
        raise RejectedError(layout.AUDIT, "plan-mismatch", "what it says about the plan is not in the plan")
    return found


def _conventions(plan: Ordered, run: PlannedRun, audit: AuditDocument, name: str) -> None:
    if run.departures:
        raise RejectedError(name, "plan-mismatch", "; ".join(run.departures))
    hashes = {(c.metric, c.id): c.hash for c in audit.conventions if c.task == run.task}
    margins = {metric: margin.value for metric, margin in audit.study.margins.items()}
    for claim in plan.plan.claims:
        for one in claim.conventions:
            found = hashes.get((claim.metric, one.id))
            if found != one.hash:
                what = "was changed after the plan" if found else "is not in the audit"
                raise RejectedError(name, "plan-mismatch", f"the convention {one.id} {what}")
        if margins.get(claim.metric) != claim.margin:
            why = f"the plan's margin for {claim.metric} is {claim.margin}, the audit's {margins.get(claim.metric)}"
            raise RejectedError(name, "plan-mismatch", why)


def _followed(files: Mapping[str, bytes], plan: Ordered, run: PlannedRun, audit: AuditDocument, name: str) -> None:
    """The rows that were counted are the first planned ones; a block of strata that was begun may be incomplete."""
    if run.drawn > len(plan.plan.units):
        raise RejectedError(layout.AUDIT, "plan-mismatch", "more units were drawn than the plan has")
    allowed: set[str] = set()
    for step in plan.steps:
        if len(allowed) >= run.drawn:
            break
        allowed.update(step)
    named = {plain_cell(unit): unit for unit in plan.plan.units}
    stem = run.rows.removeprefix(FOLDER).removesuffix(".jsonl")
    for claim in plan.plan.claims:
        for one in claim.conventions:
            path = f"{layout.COUNTS}{stem}/{claim.metric}/{one.id}.csv"
            scored = _scored(files[path], path) if path in files else ()
            beyond = sorted(row for row in scored if named.get(row) not in allowed)
            if beyond:
                why = f"{beyond[0]!r} was scored, which is not among the first {run.drawn} units of the plan"
                raise RejectedError(name, "plan-mismatch", f"{why}: units were dropped, or another order was followed")
    for item in audit.measurements:
        sample = item.sample
        if sample is None or sample.plan != run.path:
            continue
        stated = (sample.of, sample.whole_risk, sample.registered)
        if sample.units > run.drawn or stated != (run.units, run.risk, run.registered is not None):
            raise RejectedError(
                layout.AUDIT, "plan-mismatch", f"{item.id} states a sample that differs from the plan's"
            )


def _scored(raw: bytes, name: str) -> list[str]:
    """The rows of a file of counts, by their ids as cells."""
    try:
        found = csv.DictReader(io.StringIO(raw.decode("utf-8"), newline=""), strict=True)
        return [str(row["id"]) for row in found]
    except (UnicodeDecodeError, csv.Error, KeyError) as error:
        raise RejectedError(name, "malformed", f"not a table of rows with their ids ({error})") from None


def _time(
    files: Mapping[str, bytes],
    name: str,
    run: PlannedRun,
    plan: Ordered,
    roots: bytes | None,
    report: Report,
    label: str,
) -> dt.datetime | None:
    """Each statement about time, and who makes it; returns what a verified time stamp says."""
    report.skip(f"{label}: time by its maker", f"the plan says that it was made at {run.created}, which proves nothing")
    signed, key = (files.get(name.removesuffix(SUFFIX) + suffix) for suffix in (STATEMENT_SUFFIX, KEY_SUFFIX))
    if signed is None or key is None:
        if run.registered is not None:
            missing = RejectedError(name, "missing", "the audit says that it was registered, and no statement is there")
            report.fail(f"{label}: registration", missing)
        else:
            report.skip(f"{label}: registration", "the plan was not signed; nothing shows that it preceded the run")
        return None
    file = name.rpartition("/")[2]

    def registered() -> Registered:
        found = check_registration(plan.plan, files[name], file, signed, key)
        if found.fingerprint != run.registered or bool(found.timestamps) != run.stamped:
            raise RejectedError(name, "plan-mismatch", "the key or the time stamp differs from what the audit says")
        return found

    whose = "the package's own" if run.registered == report.fingerprint else "not the package's"
    by = f"signed by the key {(run.registered or '')[:16]}, {whose}"
    found = report.run(f"{label}: registration", registered, by, name)
    if found is None:
        return None
    report.skip(f"{label}: time by its signer", f"the signer's clock says {found.at}, which proves nothing")
    if not found.timestamps:
        report.skip(f"{label}: time stamp", "there is none; that the plan preceded the run rests on its signer's word")
    elif roots is None:
        report.skip(f"{label}: time stamp", "give its server's certificates with --tsa-certificates to check it")
    else:
        stamped = report.run(
            f"{label}: time stamp",
            lambda: timestamp.verify(found.timestamps[0], found.signature, roots, name, "--tsa-certificates"),
        )
        if stamped is not None:
            report.ok(f"{label}: time", f"the plan existed before {stamped.strftime('%Y-%m-%dT%H:%M:%SZ')}")
        return stamped
    return None
