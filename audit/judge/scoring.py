"""Scores from judgements: integer counts that account for every row of the set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from audit.judge.judgements import Judgement
from tasks.judging import fields
from tasks.judging.conventions import JudgedConvention, best_of, fold, row_counts
from tasks.judging.verdict import Failure, JudgedCounts, JudgeVerdict
from tasks.row import Row


@dataclass(frozen=True, slots=True)
class Rating:
    """Judge, variant and repetition: what distinguishes several scores of the same rows."""

    judge: str
    variant: str = ""
    repeat: int = 0

    @property
    def name(self) -> str:
        """The name in tables: `JUDGE`, `JUDGE (swapped)`, `JUDGE (repeat 2)`."""
        notes = [note for note in (self.variant, f"repeat {self.repeat + 1}" if self.repeat else "") if note]
        return f"{self.judge} ({', '.join(notes)})" if notes else self.judge


@dataclass(frozen=True, slots=True)
class JudgedTotals:
    """Counts, and the number of rows without any: counts.kept + counts.excluded + missing is the size of the set.

    If the convention groups rows, `counts` are of groups and `missing` of rows.
    """

    counts: JudgedCounts
    missing: int


def by_rating(
    judgements: Iterable[Judgement], task: str, convention: JudgedConvention
) -> dict[Rating, dict[str, dict[str, JudgeVerdict]]]:
    """The verdicts of a task and convention: for each rating, row id -> part -> verdict."""
    found: dict[Rating, dict[str, dict[str, JudgeVerdict]]] = {}
    for item in judgements:
        if (item.task, item.convention, item.metric) != (task, convention.id, convention.metric):
            continue
        rating = Rating(item.judge, item.variant, item.repeat)
        found.setdefault(rating, {}).setdefault(item.row, {})[item.part] = item.verdict
    return {rating: found[rating] for rating in sorted(found, key=lambda r: (r.judge, r.variant, r.repeat))}


def row_verdicts(
    convention: JudgedConvention, row: Row, parts: Mapping[str, JudgeVerdict]
) -> Sequence[JudgeVerdict] | None:
    """The verdicts of a row, one per part; None if one is missing that could change the result for the row.

    A person judges a row as a whole, with the part "".
    """
    if row.hypothesis is None:
        return None
    wanted = convention.part_names(row)
    if "" in parts and "" not in wanted:
        return [parts[""]]
    known = [parts[name] for name in wanted if name in parts]
    if len(known) == len(wanted) or any(v.grade == convention.scale.highest for v in known):
        return known
    return None


def score(
    convention: JudgedConvention,
    rows: Iterable[Row],
    verdicts: Mapping[str, Mapping[str, JudgeVerdict]],
    *,
    failure: Failure | None = None,
    followed: Mapping[str, bool] | None = None,
) -> JudgedTotals:
    """The counts of a set under a failure rule, over all rows or only those that followed the instruction."""
    judged: list[tuple[Row, Sequence[JudgeVerdict]]] = []
    counts = JudgedCounts()
    missing = 0
    for row in rows:
        name = row.id
        found = row_verdicts(convention, row, verdicts.get(name, {}))
        if followed is not None and not followed.get(name, True):
            counts += row_counts(convention, (), followed=False)
        elif found is None:
            missing += 1
        else:
            judged.append((row, found))
    return JudgedTotals(counts + fold(convention, judged, failure=failure), missing)


def units(
    convention: JudgedConvention,
    rows: Iterable[Row],
    verdicts: Mapping[str, Mapping[str, JudgeVerdict]],
    *,
    failure: Failure | None = None,
) -> dict[str, JudgedCounts]:
    """The counts of each judged row or group of rows, by name, for paired comparisons."""
    members: dict[str, list[JudgedCounts]] = {}
    for row in rows:
        known = row_verdicts(convention, row, verdicts.get(row.id, {}))
        if known is not None:
            name = convention.group(row) if convention.group else row.id
            members.setdefault(name, []).append(row_counts(convention, known, failure=failure))
    return {name: best_of(found) for name, found in members.items()}


def lottery(rows: Iterable[Row]) -> int:
    """The number of outputs that name none of their options, for which AIR-Bench tells its judge to choose at random."""
    return sum(1 for row in rows if row.hypothesis is not None and not fields.names_an_option(row))
