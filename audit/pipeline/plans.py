"""The sampling plans of an audit's runs: found beside the predictions, held against rows, study and conventions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from audit.analysis.sampling.bounds import departure
from audit.analysis.sampling.plan import DRAW_SUFFIX, KEY_SUFFIX, STATEMENT_SUFFIX, Plan, Sampled
from audit.analysis.sampling.plan_files import PlanFiles, beside, find_plan, load_plan
from audit.errors import InputError
from audit.literature.sets import SetCard, card_of
from audit.literature.studies import Study
from audit.pipeline.scored_sets import Scored
from audit.provenance.errors import RejectedError
from audit.provenance.verification.plans import Registered, check_registration
from audit.schema import PlannedRun, PlannedValue
from audit.scoring.predictions import PredictionSet, file_stem
from audit.verdict.planned import Following
from tasks.phrase import phrase


@dataclass(frozen=True, slots=True)
class Followed:
    """The plans that a run follows.

    Attributes:
        outputs: The plan of its outputs.
        judgements: The plan of the judgements of its outputs.
    """

    outputs: Following | None = None
    judgements: Following | None = None


@dataclass(frozen=True, slots=True)
class Plans:
    """All plans of an audit.

    Attributes:
        by_name: By the names of scored sets.
        runs: For the document.
        files: (name shown, path) of the plans and what lies beside them.
    """

    by_name: Mapping[str, Followed]
    runs: tuple[PlannedRun, ...]
    files: tuple[tuple[str, Path], ...]


def follow(scored: Mapping[str, Scored], study: Study, cards: Mapping[str, SetCard]) -> Plans:
    """Find and check the plan of every run.

    Raises:
        InputError: A plan is invalid, is not drawn yet, is of another task, run or set, lacks an id of the rows, or there are
            two for one run.
    """
    by_name: dict[str, Followed] = {}
    runs: list[PlannedRun] = []
    files: list[tuple[str, Path]] = []
    for name, entry in scored.items():
        rows = entry.predictions
        if entry.subset is not None:
            continue
        both: dict[str, Following] = {}
        kinds: tuple[Sampled, ...] = ("outputs", "judgements")
        for sampled in kinds:
            path = find_plan(rows.path.parent, file_stem(rows.task, rows.run), sampled)
            if path is None:
                continue
            found = load_plan(path)
            check_set(found.ordered.plan, rows, cards, study, str(path))
            if found.ordered.plan.sampled != sampled:
                said = f"the plan samples {found.ordered.plan.sampled}"
                raise InputError(said, where=str(path), fix="Keep the name that `repro-audit plan` gave it.")
            both[sampled], run = _following(found, entry, study)
            runs.append(run)
            files += plan_files(path)
        if both:
            by_name[name] = Followed(**both)
    return Plans(by_name, tuple(runs), tuple(files))


def plan_files(path: Path) -> Iterator[tuple[str, Path]]:
    """(name shown, path) of a plan, its draw, its registration and the key beside it, as far as they are there."""
    for file in (path, *(beside(path, suffix) for suffix in (DRAW_SUFFIX, STATEMENT_SUFFIX, KEY_SUFFIX))):
        if file.is_file():
            yield f"predictions/{file.name}", file


def check_set(plan: Plan, rows: PredictionSet, cards: Mapping[str, SetCard], study: Study, where: str) -> None:
    """Check that a plan is of these rows' set.

    Raises:
        InputError: It is of another task, run, card or size, or lacks an id of the rows.
    """
    fix = "Move the plan away, or give the run that follows it."
    if (plan.task, plan.run) != (rows.task, rows.run):
        of = file_stem(plan.task, plan.run)
        raise InputError(f"the plan is of {of}, not of {file_stem(rows.task, rows.run)}", where=where, fix=fix)
    card = card_of(study.tasks[rows.task], cards)
    if plan.card is not None and card is not None and plan.card != card.id:
        raise InputError(f"the plan is for the set {plan.card}; the task's is {card.id}", where=where, fix=fix)
    sizes = [layout.units for layout in card.layouts if layout.units] if card is not None else []
    if sizes and len(plan.units) not in sizes:
        known = " or ".join(map(str, sizes))
        raise InputError(
            f"the plan has {len(plan.units)} units; the set {card.id if card else plan.card} has {known}",
            where=where,
            fix=fix,
        )
    unknown = {row.id for row in rows.rows}.difference(plan.units)
    if unknown:
        raise InputError(
            f"{len(unknown)} rows have ids that the plan does not have, such as {min(unknown)!r}", where=where, fix=fix
        )


def _following(files: PlanFiles, entry: Scored, study: Study) -> tuple[Following, PlannedRun]:
    order, path, rows = files.ordered, files.path, entry.predictions
    plan, present = order.plan, frozenset(row.id for row in rows.rows)
    signed = registered(files)
    shown = f"predictions/{path.name}"
    by_id = {row.id: row for row in rows.rows}
    limit = _limit(rows)
    base = Following(order, shown, present, by_id, signed is not None, tuple(changes(plan, study)), limit=limit)
    if plan.sampled == "outputs":
        left = departure(order, present)
        base = replace(base, departures=(*base.departures, *([left] if left else [])))
        departures = base.departures
    else:
        counted = {(claim.metric, one.id) for claim in plan.claims for one in claim.conventions}
        each = [
            base.judged(item.judged, 1)
            for item in entry.judged
            if item.counts and (item.attached.metric, item.attached.convention.id) in counted
        ]
        present = frozenset[str]().union(*(one.present for one in each))
        departures = tuple(dict.fromkeys(text for one in (base, *each) for text in one.departures))
    run = PlannedRun(
        task=rows.task,
        path=shown,
        sha256=plan.sha256,
        rows=f"predictions/{rows.path.name}",
        sampled=plan.sampled,
        units=len(plan.units),
        drawn=len(present),
        strata=plan.strata,
        risk=plan.risk,
        seed=plan.seed.origin,
        created=plan.created,
        claims=tuple(
            PlannedValue(claim.value, claim.metric, claim.margin, {one.id: one.hash for one in claim.conventions})
            for claim in plan.claims
        ),
        source=plan.seed.source,
        published=None if order.draw is None else order.draw.published,
        registered=None if signed is None else signed.fingerprint,
        stamped=signed is not None and bool(signed.timestamps),
        departures=departures,
    )
    return base, run


def _limit(rows: PredictionSet) -> int | None:
    """The most new tokens of an output, as the meta file states them."""
    said = str((rows.meta.decoding or {}).get("max_new_tokens", ""))
    return int(said) if said.isascii() and said.isdecimal() else None


def registered(files: PlanFiles) -> Registered | None:
    """The registration of a plan; None without one.

    Raises:
        InputError: It does not hold: the plan was changed after it.
    """
    if files.statement is None or files.key is None:
        return None
    try:
        plan = files.ordered.plan
        return check_registration(plan, plan.to_bytes(), files.path.name, files.statement, files.key)
    except RejectedError as error:
        raise InputError(
            error.why, where=str(beside(files.path, STATEMENT_SUFFIX)), fix="Restore the plan that was registered."
        ) from None


def changes(plan: Plan, study: Study) -> Iterator[str]:
    """What the plan fixes and the study has otherwise: claims, margins, conventions."""
    claims = [c for c in study.claims if c.task == plan.task and c.subset is None]
    for claim in plan.claims:
        what = f"{claim.metric} {claim.value}"
        if not any((c.metric, c.value, c.unit) == (claim.metric, claim.value, claim.unit) for c in claims):
            yield phrase("the study does not claim {claim}, which the plan is about", claim=what)
            continue
        margin = study.facts.margins[claim.metric].value
        if margin != claim.margin:
            yield phrase(
                "the margin of {metric} is {margin}; the plan has {planned}",
                metric=claim.metric,
                margin=margin,
                planned=claim.margin,
            )
        hashes = {one.id: one.hash for one in study.tasks[plan.task].conventions.get(claim.metric, ())}
        for one in claim.conventions:
            if one.id not in hashes:
                yield phrase(
                    "there is no convention {convention}, which counts for {claim} in the plan",
                    convention=one.id,
                    claim=what,
                )
            elif hashes[one.id] != one.hash:
                yield phrase(
                    "the convention {convention} was changed after the plan: its hash is {hash}",
                    convention=one.id,
                    hash=hashes[one.id],
                )
