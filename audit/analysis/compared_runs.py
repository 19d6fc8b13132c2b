"""Comparing two runs on the same set: what differs in the outputs, and what that does to every metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from audit.analysis.breakdown import Breakdown, Part
from audit.analysis.comparison import Effect, Flips, OutputDifference, RunComparison
from audit.analysis.run_margins import Allowed, conditions
from audit.errors import InputError, MissingError
from audit.literature.known_tasks import claimed_metrics
from audit.schema import FEWEST_UNITS
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score, score
from tasks.analysis.row_shares import Amount, Side, row_shares
from tasks.analysis.run_kinds import IDENTICAL, Kind, kinds_between
from tasks.convention import Convention
from tasks.row import Row
from tasks.statistics import paired
from tasks.statistics.bootstrap import percentile_interval
from tasks.statistics.clusters import clusters, dominated
from tasks.statistics.compact import wide
from tasks.statistics.defaults import REPLICATES, SEED
from tasks.statistics.mcnemar import mcnemar
from tasks.step_cache import ChainCache
from tasks.task import Task

UNKNOWN_PROMPT = "unknown"


def compare_runs(
    task: Task,
    first: PredictionSet,
    second: PredictionSet,
    *,
    metric: str | None = None,
    convention: str | None = None,
    second_convention: str | None = None,
    stated: Sequence[Allowed] = (),
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> RunComparison:
    """Compare two runs on the same set.

    Args:
        task: The task.
        first: A run.
        second: The other, with the same ids and references.
        metric: Only this metric.
        convention: Only this convention; also the one whose difference is split by kind of row.
        second_convention: A convention for the second run alone, if it stores texts that are already normalised. Both runs
            must then have the same references, row by row.
        stated: What the runs differ in, as the person who made them says.
        replicates: Bootstrap replicates of the intervals; 0 for none.
        seed: Seed of the bootstrap.

    Raises:
        InputError: The runs have different ids or references, or no such metric or convention.
        MissingError: No convention can be computed here.
    """
    where = f"{first.path}, {second.path}"
    _check_ids(first, second, where)
    pairs = _conventions(task, metric, convention, second_convention)
    _check_references(first, second, pairs if second_convention else None, where)
    rules = pairs[0][1:] if second_convention else (None, None)
    outputs = [_outputs(run, rule) for run, rule in zip((first, second), rules, strict=True)]
    same = [a == b for a, b in zip(*outputs, strict=True)]
    kinds = kinds_between(first.rows, second.rows, same, task)
    scored = [_scored(run, task, pairs, n) for n, run in enumerate((first, second))]
    both = [(a, b) for a, b in zip(*scored, strict=True) if a.unavailable is None and b.unavailable is None]
    if not both:
        reasons = sorted({s.unavailable or "" for s in scored[0]})
        raise MissingError(f"no convention can be computed here: {'; '.join(reasons)}", where=task.id)
    at = {row.id: n for n, row in enumerate(first.rows)}
    sides = [(_side(a, at), _side(b, at)) for a, b in both]
    intervals, no_interval = _intervals(first.rows, sides, replicates, seed)
    effects = tuple(
        Effect(
            a.metric,
            a.convention.id,
            None if second_convention is None else b.convention.id,
            a.convention.metric.scale,
            a.exact,
            b.exact,
            interval,
            _flips(*side, first.rows),
            a.no_value or b.no_value or _same(*side),
        )
        for (a, b), side, interval in zip(both, sides, intervals, strict=True)
    )
    return RunComparison(
        task=task.id,
        rows=len(first.rows),
        runs=(first.path.name, second.path.name),
        differences=tuple(_difference(row.id, a, b) for row, a, b in zip(first.rows, *outputs, strict=True) if a != b),
        kinds=tuple(kinds),
        effects=effects,
        breakdown=_breakdown(task, effects, sides, kinds, (first, second)),
        conditions=conditions(first, second, kinds, stated),
        no_interval=no_interval,
        replicates=replicates,
    )


def _outputs(run: PredictionSet, rule: Convention | None) -> list[str | None]:
    """The outputs that are held against each other: as stored, or as a convention reads them."""
    if rule is None:
        return [row.hypothesis for row in run.rows]
    values = ChainCache(run.rows).values(rule.hypothesis_view, rule.hypothesis)
    return [None if value is None else " ".join(_tokens(value)) for value in values]


def _check_ids(first: PredictionSet, second: PredictionSet, where: str) -> None:
    ids = [{row.id for row in run.rows} for run in (first, second)]
    if ids[0] == ids[1]:
        return
    only = [sorted(ids[0] - ids[1]), sorted(ids[1] - ids[0])]
    shown = "; ".join(
        f"{len(names)} only in the {word} ({', '.join(map(repr, names[:3]))}{', ...' if len(names) > 3 else ''})"
        for word, names in zip(("first", "second"), only, strict=True)
        if names
    )
    raise InputError(
        f"the runs do not have the same rows: {len(ids[0] & ids[1])} ids in both, {shown}",
        where=where,
        fix="Compare runs over the same items; `repro-audit import` can leave others out.",
    )


def _check_references(
    first: PredictionSet,
    second: PredictionSet,
    pairs: Sequence[tuple[str, Convention, Convention]] | None,
    where: str,
) -> None:
    different = [a.id for a, b in zip(first.rows, second.rows, strict=True) if a.reference != b.reference]
    if pairs is None:
        if different:
            raise InputError(
                f"{len(different)} of {len(first.rows)} rows have different references, the first is {different[0]}",
                where=where,
                fix="Compare runs on the same references. If a run stores normalised texts, name the convention of each: "
                "--convention audiobench --second-convention verbatim.",
            )
        return
    if not different:
        raise InputError(
            "the runs have the same references, so one convention counts both",
            where="--second-convention",
            fix="Leave it out: under two conventions the difference would mix runs and rules.",
        )
    for _, one, other in pairs:
        values = [
            ChainCache(run.rows).values(rule.reference_view, rule.reference)
            for run, rule in ((first, one), (second, other))
        ]
        unequal = [row.id for row, a, b in zip(first.rows, *values, strict=True) if _tokens(a) != _tokens(b)]
        if unequal:
            raise InputError(
                f"{len(unequal)} of {len(first.rows)} rows have different references under {one.id} and {other.id}, "
                f"the first is {unequal[0]}",
                where=where,
                fix="Compare runs on the same references, or name the convention that normalised the second run's texts.",
            )


def _tokens(value: Any) -> tuple[str, ...]:
    """The tokens of a processed text; lists of texts one after another."""
    if isinstance(value, str):
        return tuple(value.split())
    if isinstance(value, list):
        return tuple(token for item in value for token in _tokens(item))
    return tuple(map(str, value)) if isinstance(value, tuple) else (str(value),)


def _conventions(
    task: Task, metric: str | None, first: str | None, second: str | None
) -> list[tuple[str, Convention, Convention]]:
    """(metric, convention of the first run, of the second) of everything to be computed."""
    if metric is not None and metric not in task.conventions:
        raise InputError(
            f"{task.id} has no metric {metric!r}", where="--metric", fix=f"Metrics: {', '.join(task.conventions)}."
        )
    if second is not None and first is None:
        raise InputError("needs --convention", where="--second-convention", fix="Name the convention of the first run.")
    items = {name: rules for name, rules in task.conventions.items() if metric in {None, name}}
    for name, where in ((first, "--convention"), (second, "--second-convention")):
        known = sorted({rule.id for rules in items.values() for rule in rules})
        if name is not None and name not in known:
            raise InputError(
                f"{task.id} has no convention {name!r}", where=where, fix=f"Conventions: {', '.join(known)}."
            )
    found = []
    for name, rules in items.items():
        by_id = {rule.id: rule for rule in rules}
        for rule in rules:
            other = rule if second is None else by_id.get(second)
            if first in {None, rule.id} and other is not None:
                found.append((name, rule, other))
    if not found:
        raise InputError(
            f"no metric has both conventions, {first} and {second}",
            where="--second-convention",
            fix="Name two conventions of one metric.",
        )
    return found


def _scored(
    run: PredictionSet, task: Task, pairs: Sequence[tuple[str, Convention, Convention]], side: int
) -> list[Score]:
    chosen = [(metric, (one, other)[side]) for metric, one, other in pairs]
    found = score(
        run,
        task,
        metrics={metric for metric, _ in chosen},
        conventions={rule.id for _, rule in chosen},
        replicates=0,
    )
    known = {(item.metric, item.convention.id): item for item in found}
    return [known[metric, rule.id] for metric, rule in chosen]


def _side(item: Score, at: dict[str, int]) -> Side:
    assert item.counts is not None
    return Side(item.convention.metric, item.counts, [at[name] for name in item.ids])


def _intervals(
    rows: Sequence[Row], sides: Sequence[tuple[Side, Side]], replicates: int, seed: int
) -> tuple[list[tuple[float, float] | None], str | None]:
    """95 % intervals of the differences under common draws of rows, or why there are none."""
    none: list[tuple[float, float] | None] = [None] * len(sides)
    if not replicates:
        return none, "not requested"
    units = clusters(rows)
    number = units if isinstance(units, int) else len(set(units))
    if number < FEWEST_UNITS:
        words = "1 independent unit is" if number == 1 else f"{number} independent units are"
        return none, f"{words} too few; at least {FEWEST_UNITS} are needed"
    if dominated(units):
        return none, "one cluster holds more than half of the rows"
    parts = [paired.Part(side.metric, side.counts, side.kept) for pair in sides for side in pair]
    values = paired.replicates_together(parts, units, replicates, seed)
    found = [percentile_interval(b - a) for a, b in zip(values[::2], values[1::2], strict=True)]
    return [None if _same(*pair) else interval for pair, interval in zip(sides, found, strict=True)], None


def _same(first: Side, second: Side) -> str | None:
    """Why the metric cannot show a difference; None if it can."""
    if list(first.kept) != list(second.kept) or not np.array_equal(first.counts, second.counts):
        return None
    if len(first.counts) > 1 and bool((first.counts == first.counts[0]).all()):
        return "constant: every row counts the same, in both runs"
    return "no row counts differently"


def _flips(first: Side, second: Side, rows: Sequence[Row]) -> Flips | None:
    """Which rows flip; None if the metric is no share of right rows."""
    points = []
    for side in (first, second):
        columns = tuple(side.metric.columns)
        if columns[:2] != ("correct", "total") or side.metric.scale != 1:
            return None
        counts = wide(side.counts)[:, :2]
        points.append({index: (int(right), int(of)) for index, (right, of) in zip(side.kept, counts, strict=True)})
    common = [n for n in range(len(rows)) if all(n in side and side[n][1] == 1 for side in points)]
    if any(side[n][0] not in {0, 1} for side in points for n in common):
        return None
    lost = tuple(rows[n].id for n in common if points[0][n][0] > points[1][n][0])
    gained = tuple(rows[n].id for n in common if points[0][n][0] < points[1][n][0])
    return Flips(lost, gained, len(rows) - len(common), mcnemar(len(lost), len(gained)))


def _difference(name: str, a: str | None, b: str | None) -> OutputDifference:
    if a is None or b is None:
        return OutputDifference(name, 0, 0, a, b)
    at = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    # From the beginning of the word; in scripts without spaces, of the text in between.
    start = max(a.rfind(" ", 0, at), a.rfind("\n", 0, at)) + 1
    word = len(a[:start].split()) + 1
    return OutputDifference(name, at + 1, word, a[start:], b[start:])


def _breakdown(
    task: Task,
    effects: Sequence[Effect],
    sides: Sequence[tuple[Side, Side]],
    kinds: Sequence[Kind],
    runs: tuple[PredictionSet, PredictionSet],
) -> Breakdown | None:
    """The first claimed metric's first convention with a value, split by kind of row and by prompt."""
    claimed = claimed_metrics(task.id)
    order = sorted(
        (n for n, effect in enumerate(effects) if effect.difference is not None),
        key=lambda n: (claimed.index(effects[n].metric) if effects[n].metric in claimed else len(claimed), n),
    )
    if not order:
        return None
    effect = effects[order[0]]
    shares = row_shares(*sides[order[0]], len(kinds))
    changed = [kind is not IDENTICAL for kind in kinds]
    prompts = [(a.prompt, b.prompt) for a, b in zip(runs[0].asked, runs[1].asked, strict=True)]
    known = any(prompt is not None for pair in prompts for prompt in pair)
    return Breakdown(
        effect.metric,
        effect.convention,
        effect.second_convention,
        shares.gap,
        shares.remainder,
        shares.method,
        _parts([kind.words for kind in kinds], shares.rows, changed),
        _parts([_asked(*pair) for pair in prompts], shares.rows, changed) if known else (),
        tuple(
            (row.id, share, kind.words)
            for row, share, kind in sorted(
                zip(runs[0].rows, shares.rows, kinds, strict=True),
                key=lambda item: (-abs(Fraction(item[1])), item[0].id),
            )
            if share
        ),
    )


def _asked(first: str | None, second: str | None) -> str:
    if first == second or second is None or first is None:
        return first or second or UNKNOWN_PROMPT
    return f"{first} | {second}"


def _parts(names: Sequence[str], shares: Sequence[Amount], changed: Sequence[bool]) -> tuple[Part, ...]:
    """Rows grouped by name, the largest share first."""
    exact = all(isinstance(share, Fraction) for share in shares)
    totals: dict[str, Amount] = {}
    for name, share in zip(names, shares, strict=True):
        totals[name] = totals.get(name, Fraction(0) if exact else 0.0) + share
    rows = Counter(names)
    differing = Counter(name for name, different in zip(names, changed, strict=True) if different)
    found = (Part(name, rows[name], differing[name], share) for name, share in totals.items())
    return tuple(sorted(found, key=lambda part: (-abs(Fraction(part.share)), part.name)))
