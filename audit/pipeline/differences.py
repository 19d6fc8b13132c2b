"""Why an audit's numbers differ: gaps attributed to steps, and conventions that agree with several claims at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING
from fractions import Fraction
from pathlib import Path

from audit.analysis.differences import Ends, gaps
from audit.analysis.kept_analyses import KeptAnalyses, of_conventions, of_task
from audit.analysis.row_detective import paying_rows
from audit.errors import InputError, MissingError
from audit.facts import Claim
from audit.literature.studies import Study
from audit.pipeline.scored_sets import Scored
from audit.schema import AttributedGap, Decision, GapRow, JointClaims, PayingRowsOfGap
from audit.verdict.agreement import unit_factor
from audit.verdict.measurements import Measured
from tasks.analysis.joint import joint_chance
from tasks.analysis.row_shares import Side
from tasks.convention import Convention
from tasks.metrics.spice import Spice, Spider
from tasks.statistics.bootstrap import decimal
from tasks.task import Task


def differences(
    scored: Mapping[str, Scored],
    study: Study,
    decisions: Sequence[Decision],
    measured: Sequence[Measured],
    replicates: int,
    cache: Path | None = None,
) -> tuple[AttributedGap, ...]:
    """The gaps of every claim on a whole set: from its leading convention to the others and to the printed value.

    What was found is kept in the folder of the cache.
    """
    deciding = {decision.claim: decision.measurement for decision in decisions}
    found: list[AttributedGap] = []
    for entry in scored.values():
        if entry.subset is not None:
            continue
        rows = entry.predictions
        ends: dict[str, list[Ends]] = {}
        for claim in study.on(rows.task, rows.run):
            end = _ends(claim, entry, measured, deciding.get(claim.id), study)
            if end is not None:
                ends.setdefault(claim.metric, []).append(end)
        for metric, of_metric in ends.items():
            kept = KeptAnalyses.of(rows, cache)
            found += gaps(study.tasks[rows.task], metric, rows.rows, of_metric, replicates, kept)
    return tuple(found)


# The rows of one gap that are listed, and the rows of a set beyond which they are not looked for; `repro-audit rows` does so.
_ROWS = 20
_MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class _Paying:
    """The rows that pay for a gap, as they are kept between runs; None if one of the conventions cannot score a row."""

    rows: PayingRowsOfGap | None


def rows_that_pay(
    scored: Mapping[str, Scored], study: Study, found: Sequence[AttributedGap], cache: Path | None = None
) -> tuple[PayingRowsOfGap, ...]:
    """For each claim with outputs the rows that pay for one gap: to a convention that prints the value, or the largest gap.

    What was found is kept in the folder of the cache.
    """
    listed: list[PayingRowsOfGap] = []
    for entry in scored.values():
        rows = entry.predictions
        if entry.subset is not None or len(rows.rows) > _MOST_ROWS:
            continue
        task = study.tasks[rows.task]
        for claim in study.on(rows.task, rows.run):
            named = {c.id: c for c in task.conventions[claim.metric]}
            own = [g for g in found if (g.claim, g.run) == (claim.id, rows.run) and g.gap and g.second in named]
            chosen = max(own, key=lambda g: (g.printed is not None, abs(g.gap), g.second), default=None)
            if chosen is None or chosen.first not in named:
                continue
            of_gap = _paying(
                task, entry, claim, (named[chosen.first], named[chosen.second]), KeptAnalyses.of(rows, cache)
            )
            if of_gap is not None:
                listed.append(of_gap)
    return tuple(listed)


def _paying(
    task: Task, entry: Scored, claim: Claim, pair: tuple[Convention, Convention], kept: KeptAnalyses
) -> PayingRowsOfGap | None:
    """The rows that pay for the gap between two conventions; None if one of them cannot score a row."""
    rows = entry.predictions
    factor = Fraction(unit_factor(claim, pair[0].metric.scale))
    question = (*of_task(task), claim.id, claim.metric, str(rows.run), str(factor), of_conventions(pair))
    known = kept.get(_Paying, question)
    if known is not None:
        return known.rows
    try:
        paying = paying_rows(task, rows, claim.metric, pair, _counted(entry, claim.metric, pair))
    except InputError:
        found = None
    except MissingError:
        return None  # not kept: on another day the program may be there
    else:
        found = PayingRowsOfGap(
            claim.id,
            pair[0].id,
            pair[1].id,
            str(Fraction(paying.gap) * factor),
            tuple(GapRow(row.id, str(Fraction(row.share) * factor), row.kind) for row in paying.rows[:_ROWS]),
            len(paying.rows),
            rows.run,
        )
    # What SPICE reads in a caption is left out where its program fails, and that is no property of the rows.
    if not any(isinstance(one.metric, Spice | Spider) for one in pair):
        kept.put(_Paying(found), question)
    return found


def _counted(entry: Scored, metric: str, pair: tuple[Convention, Convention]) -> tuple[Side, Side] | None:
    """What both conventions count in the rows, which was counted for their values; None where it was not."""
    at = {row.id: index for index, row in enumerate(entry.predictions.rows)}
    scores = {one.convention.id: one for one in entry.scores if one.metric == metric}
    sides = [
        Side(rule.metric, score.counts, [at[name] for name in score.ids])
        for rule in pair
        if (score := scores.get(rule.id)) is not None and score.counts is not None
    ]
    return (sides[0], sides[1]) if len(sides) == 2 else None


def _ends(claim: Claim, entry: Scored, measured: Sequence[Measured], deciding: str | None, study: Study) -> Ends | None:
    own = [m for m in _computed(claim, measured) if m.record.run == entry.predictions.run]
    if len(own) < 2:
        return None
    leading = next((m for m in own if m.record.id == deciding), None) or min(own, key=lambda m: _distance(m, claim))
    names = [str(m.record.convention) for m in own]
    factor = unit_factor(claim, study.tasks[claim.task].conventions[claim.metric][0].metric.scale)
    first = str(leading.record.convention)
    others = tuple(name for name in names if name != first)
    return Ends(claim.id, first, others, claim.value, Fraction(factor), entry.predictions.run)


def _computed(claim: Claim, measured: Sequence[Measured]) -> list[Measured]:
    """The values computed here for a claim, by no judge, in the order of the conventions."""
    return [
        m
        for m in measured
        if m.record.claim == claim.id
        and not m.record.recorded
        and m.exact is not None
        and m.record.convention is not None
        and m.record.judge is None
        and not m.record.parts
    ]


def _distance(item: Measured, claim: Claim) -> tuple[Fraction, str]:
    assert item.exact is not None
    return abs(Fraction(item.exact) - claim.reported), item.record.id


def joint_claims(study: Study, measured: Sequence[Measured]) -> tuple[JointClaims, ...]:
    """Claims on tasks of one family and one metric, at least two of them with usable values of the whole set."""
    groups: dict[tuple[str, str], list[tuple[Claim, dict[str, Measured]]]] = {}
    for claim in study.claims:
        own = [m for m in _computed(claim, measured) if m.record.valid and m.complete]
        runs = {m.record.run for m in own}
        # Several runs of one claim have no single value.
        if own and len(runs) == 1 and claim.subset is None and not claim.mean_of:
            by_name = {str(m.record.convention): m for m in own}
            groups.setdefault((claim.family, claim.metric), []).append((claim, by_name))
    return tuple(
        _joint(group, metric, items)
        for (group, metric), items in groups.items()
        if len({claim.task for claim, _ in items}) > 1 or (any(claim.model for claim, _ in items) and len(items) > 1)
    )


def _joint(group: str, metric: str, items: Sequence[tuple[Claim, Mapping[str, Measured]]]) -> JointClaims:
    shared = [name for name in items[0][1] if all(name in own for _, own in items)]
    values = [[Fraction(own[name].exact or 0) for _, own in items] for name in shared]
    agreeing = tuple(name for name in shared if all(own[name].record.agreement.kind.agrees for _, own in items))
    chance = joint_chance(values, [claim.value for claim, _ in items])
    text = None if chance is None else str(decimal(chance, 6, ROUND_CEILING))
    return JointClaims(group, metric, tuple(claim.id for claim, _ in items), len(shared), agreeing, text)
