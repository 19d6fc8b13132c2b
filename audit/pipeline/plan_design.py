"""Make a sampling plan: from a task, claims and the set's units to a file that says what will count."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from audit._util.clock import source_date_epoch
from audit._util.files import write_atomic
from audit._util.paths import LITERATURE
from audit._util.version import PROJECT, project_version
from audit.analysis.sampling.order import digest, steps
from audit.analysis.sampling.plan import (
    DRAW_SCHEMA,
    DRAW_SUFFIX,
    MOST_RISK,
    SCHEMA,
    Draw,
    Plan,
    PlannedClaim,
    PlannedConvention,
    Seed,
    check_date,
    ordered,
)
from audit.analysis.sampling.plan_files import beside, plan_path, read_plan
from audit.analysis.sampling.quantities import Known, known
from audit.errors import InputError
from audit.facts import Claim
from audit.literature.known_tasks import find_task, studies_here
from audit.literature.set_rows import best
from audit.literature.sets import SetCard, card_of, cards_for, load_sets
from audit.pipeline.plan_expectations import expected
from audit.pipeline.request import ClaimRequest, PlanRequest
from audit.scoring.predictions import file_stem
from tasks.convention import Convention
from tasks.row import Row
from tasks.statistics.confidence_sequences.risk import shared
from tasks.statistics.printed import rounding_interval
from tasks.task import Task

_LOWER = frozenset({"wer", "per", "cer", "ter"})


def make_plan(request: PlanRequest) -> Plan:
    """The plan.

    Raises:
        InputError: Unknown task, metric or convention, no claim, an invalid number, repeated ids, or references that cannot
            be scored.
    """
    task = request.study.tasks.get(request.task) if request.study is not None else None
    if request.study is not None and task is None:
        raise InputError(f"the study {request.study.id} has no task {request.task!r}", fix="`repro-audit study show`.")
    task = task or find_task(request.task)
    rows = sorted(request.rows, key=lambda row: row.id)
    units = tuple(row.id for row in rows)
    if not units:
        raise InputError("the set has no units", fix="Give its manifest, its folder, or predictions with references.")
    if len(set(units)) < len(units):
        raise InputError("duplicate ids in the set", fix="Give every unit a unique id.")
    if request.cap is not None and request.cap < 1:
        raise InputError("must be at least 1", where="--max-words", fix="Give the most words that an output can have.")
    claims = _claims(request, task)
    chosen = [(claim, *_conventions(request, task, claim.metric, rows)) for claim in claims]
    risks = iter(_risks(request, [weights for _, _, weights in chosen]))
    planned = tuple(
        PlannedClaim(
            claim.metric,
            claim.value,
            claim.unit,
            claim.direction,
            margin,
            tuple(_planned(item, fact, str(next(risks)), request.cap) for item, fact in found),
            claim.id or None,
        )
        for (claim, margin), (_, found, _) in zip(_margins(request, claims), chosen, strict=True)
    )
    lengths = _lengths(rows, request.strata)
    seed = _seed(request)
    order = (
        None if seed.value is None else digest(n for s in steps(units, seed.value, request.strata, lengths) for n in s)
    )
    cards = load_sets() if request.study is None else cards_for(request.study, LITERATURE)
    card = card_of(task, cards)
    plan = Plan(
        schema=SCHEMA,
        task=task.id,
        units=units,
        seed=seed,
        order=order,
        risk=request.risk,
        claims=planned,
        created=_now(),
        program=f"{PROJECT} {project_version()}",
        run=request.run,
        study=None if request.study is None else request.study.id,
        sampled=request.sampled,
        card=None if card is None else card.id,
        lengths=lengths,
        strata=request.strata,
    )
    _check_set(rows, card)
    tokens = [[fact.tokens for _, fact in found] for _, found, _ in chosen]
    return replace(plan, expected=expected(plan, tokens, request.audits))


def _check_set(rows: Sequence[Row], card: SetCard | None) -> None:
    """Check that the units are the whole set of the task's card."""
    if card is None:
        return
    layout, _, reasons = best(rows, card)
    against = next((reason for reason in reasons if reason.against), None)
    if against is not None:
        raise InputError(f"these units are not the set {card.id}: {against.text}", fix="Give the task's own set.")
    if layout is not None and layout.units is not None and layout.units != len(rows):
        raise InputError(
            f"{len(rows)} units; the set {card.id} has {layout.units}",
            fix="Plan over the whole set: a part of it says nothing about the rest.",
        )


def _claims(request: PlanRequest, task: Task) -> list[Claim]:
    """The claims, each with what a study at hand says about it."""
    sources = (request.study,) if request.study is not None else studies_here()
    there = [c for study in sources for c in study.on(task.id, request.run) if c.unit != "count"]
    if not request.claims:
        if request.study is None:
            raise InputError("no claim", where="--claim", fix="Give --claim VALUE, or --study with claims on the task.")
        found = [c for c in there if c.metric in task.conventions]
        if not found:
            raise InputError(f"the study makes no claim on {task.id}", where="--study", fix="Give --claim VALUE.")
        return found
    return [_claim(one, task, there) for one in request.claims]


def _claim(one: ClaimRequest, task: Task, there: Sequence[Claim]) -> Claim:
    rounding_interval(_number(one.value, "--claim"))
    of_metric = [c for c in there if one.metric in {None, c.metric} and c.metric in task.conventions]
    like = next((c for c in of_metric if c.value == one.value), next(iter(of_metric), None))
    metric = (
        one.metric
        or (like.metric if like else None)
        or (next(iter(task.conventions)) if len(task.conventions) == 1 else None)
    )
    if metric is None or metric not in task.conventions:
        what = (
            "which metric the claim is about is not known" if metric is None else f"{task.id} has no metric {metric!r}"
        )
        raise InputError(what, where="--metric", fix=f"Metrics: {', '.join(task.conventions)}.")
    scale = next(iter(task.conventions[metric])).metric.scale
    unit = one.unit or (like.unit if like else ("percent" if scale == 100 else "fraction"))
    direction = one.direction or (like.direction if like else ("lower" if metric in _LOWER else "higher"))
    same = like is not None and (like.metric, like.value, like.unit) == (metric, one.value, unit)
    return Claim(
        id=like.id if like is not None and same else "",
        task=task.id,
        metric=metric,
        value=one.value,
        unit=unit,
        direction=direction,
        family=task.family,
    )


def _margins(request: PlanRequest, claims: Sequence[Claim]) -> list[tuple[Claim, str]]:
    """The margin of every claim: the given one, or that of the study that makes the claim."""
    given = {one.value: one.margin for one in request.claims if one.margin is not None}
    sources = (request.study,) if request.study is not None else studies_here()
    found = []
    for claim in claims:
        margin = given.get(claim.value) or next(
            (
                study.facts.margins[claim.metric].value
                for study in sources
                if claim.metric in study.facts.margins and any(c.task == claim.task for c in study.claims)
            ),
            None,
        )
        if margin is None:
            raise InputError(
                f"the margin of {claim.metric} is not known", where="--margin", fix="Give --margin NUMBER."
            )
        found.append((claim, _number(margin, "--margin")))
    return found


def _number(text: str, where: str) -> str:
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        value = None
    if value is None or "/" in text or "e" in text.lower() or value < 0:
        raise InputError(f"not a plain decimal number: {text!r}", where=where, fix="Write it like 2.1.")
    return text


def _conventions(
    request: PlanRequest, task: Task, metric: str, rows: Sequence[Row]
) -> tuple[list[tuple[Convention, Known]], list[int]]:
    """The conventions that count for a metric, with what the references say, and their weights."""
    items = task.conventions[metric]
    weights = dict(request.conventions)
    unknown = sorted(set(weights) - {c.id for every in task.conventions.values() for c in every})
    if unknown:
        raise InputError(f"{task.id} has no convention {unknown[0]!r}", where="--convention",
                         fix=f"Conventions: {', '.join(c.id for c in items)}.")  # fmt: skip
    found: list[tuple[Convention, Known]] = []
    for item in items:
        if weights and item.id not in weights:
            continue
        # Without a judge, a value over outputs that are all at hand needs no sample.
        if not weights and (item.unavailable() is None) == (request.sampled == "judgements"):
            continue
        fact = known(task, metric, item, rows)
        if fact is not None:
            found.append((item, fact))
        elif item.id in weights:
            raise InputError(
                f"no bounds of a sample are known for {item.id}: a row's counts depend on the other rows, or it cannot be "
                "computed here",
                where="--convention",
                fix="Leave it out of the plan; it is scored over the whole set.",
            )
    if not found:
        raise InputError(f"no convention of {metric} has bounds of a sample", where="--convention",
                         fix="Score the whole set.")  # fmt: skip
    return found, [weights.get(item.id, 1) for item, _ in found]


def _risks(request: PlanRequest, weights: Sequence[Sequence[int]]) -> tuple[Fraction, ...]:
    """Every convention's part of the risk, over all claims."""
    risk = Fraction(_number(request.risk, "--risk"))
    if not 0 < risk <= MOST_RISK:
        what = f"must be above 0 and at most {float(MOST_RISK)}, not {request.risk}"
        raise InputError(what, where="--risk", fix="Give 0.05 for 5 %.")
    every = [weight for some in weights for weight in some]
    if min(every) < 1:
        raise InputError("a weight is a positive integer", where="--convention", fix="Write it like verbatim=2.")
    return shared(risk, every)


def _planned(item: Convention, fact: Known, risk: str, cap: int | None) -> PlannedConvention:
    capped = cap if fact.kind in {"errors", "row-errors"} else None
    return PlannedConvention(item.id, item.hash, fact.kind, risk, fact.largest, fact.total, capped)


def _lengths(rows: Sequence[Row], strata: int) -> tuple[int, ...] | None:
    if strata < 1 or strata > len(rows):
        raise InputError(f"from 1 to the number of units, {len(rows)}", where="--strata", fix="Give a small number.")
    return None if strata == 1 else tuple(_length(row.reference) for row in rows)


def _length(reference: Any) -> int:
    """The length of a reference in characters: of the first text, if there are several."""
    if isinstance(reference, str):
        return len(reference)
    if isinstance(reference, list):
        return len(str(reference[0])) if reference else 0
    return (
        len(str(reference.get("transcript") or reference.get("question") or "")) if isinstance(reference, dict) else 0
    )


def _seed(request: PlanRequest) -> Seed:
    if request.public is not None:
        if request.seed is not None:
            raise InputError("a seed is given or public, not both", where="--seed", fix="Omit one of the options.")
        if request.after is None:
            raise InputError("when the value will be published is not said", where="--public-seed",
                             fix="Give --after DATE.")  # fmt: skip
        return Seed("public", None, request.public, check_date(request.after, "--after"))
    if request.seed is not None:
        if not request.seed.strip():
            raise InputError("an empty seed", where="--seed", fix="Give any text, or omit it.")
        return Seed("given", request.seed)
    return Seed("drawn", secrets.token_hex(32))


def _now() -> str:
    return datetime.fromtimestamp(source_date_epoch(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_plan(plan: Plan, folder: Path) -> Path:
    """Write a plan where its run will look for it.

    Raises:
        InputError: The run has a plan already, or the folder cannot be written to.
    """
    path = plan_path(folder, file_stem(plan.task, plan.run), plan.sampled)
    if path.exists():
        raise InputError(
            "the run has a plan already, and a run follows one plan",
            where=str(path),
            fix="Give --run NAME for another run, or move the plan and its run away.",
        )
    try:
        write_atomic(path, plan.to_bytes())
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=str(path), fix="Give another folder.") from None
    return path


def draw_seed(path: Path, value: str, published: str) -> Path:
    """Give a plan the public value that its order is derived from.

    Args:
        path: The plan's file.
        value: The value, as published.
        published: The date of its publication.

    Raises:
        InputError: The plan has its seed or its draw already, or the value was published too early.
    """
    plan, before = read_plan(path)
    if plan.seed.origin != "public":
        raise InputError("the plan has its seed already", where=str(path), fix="Omit --draw.")
    if not value.strip():
        raise InputError("an empty value", where="--draw", fix="Give the value as published.")
    draw = Draw(DRAW_SCHEMA, plan.sha256, value.strip(), check_date(published, "--published"))
    if before is not None and before != draw:
        raise InputError(
            "the seed was drawn already, from another value",
            where=str(beside(path, DRAW_SUFFIX)),
            fix="A plan is drawn once.",
        )
    ordered(plan, draw, str(path))
    target = beside(path, DRAW_SUFFIX)
    write_atomic(target, draw.to_bytes())
    return target
