"""Judged conventions as ordinary conventions: they score the counts that judgements have added to the rows.

The counts are in `extra["judged"]`, a mapping from a key to `[points, possible]`, to `"excluded"` (the
reply could not be parsed and the failure rule excludes it) or to `"not-best"` (another row of the group
counts). Scoring, intervals and row accounting are then the same as for every other convention.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tasks.convention import Convention, Selection, View
from tasks.judging.conventions import JudgedConvention, row_counts
from tasks.judging.verdict import Failure, JudgedCounts, JudgeVerdict
from tasks.metrics.accuracy import Share
from tasks.row import Row
from tasks.step_cache import ChainCache

FIELD, FOLLOWED = "judged", "followed"
# The name of the rule that keeps rows with a judgement.
JUDGED = "judged"
_EXCLUDED, _NOT_BEST = "excluded", "not-best"
_SOURCES = (
    *(f"module:tasks.judging.{name}" for name in ("conventions", "fields", "parsers", "verdict")),
    "module:tasks.families.choices",
)


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str

    def __call__(self, row: Row) -> Any:
        entries = row.extra.get(FIELD)
        return entries.get(self.key) if isinstance(entries, Mapping) else None


@dataclass(frozen=True, slots=True)
class _IsNot:
    key: str
    value: str | bool | None

    def __call__(self, row: Row) -> bool:
        return bool(_Entry(self.key)(row) != self.value)


def _points(entry: Any, _reference: Any) -> tuple[int, int]:
    points, possible = entry
    return int(points), int(possible)


def _nothing(row: Row) -> str:
    del row
    return ""


def scored(base: Convention, judged: JudgedConvention, key: str, judgement: str, failure: Failure) -> Convention:
    """The convention `base`, computable from rows that carry judgements under `key`.

    Args:
        base: The convention in the registry, whose `unavailable` says `needs a judge`.
        judged: Its judged counterpart, with question and parser.
        key: The key given to `with_counts`.
        judgement: Judge and prompt, for the signature: a different judge makes a different convention.
        failure: How a reply that cannot be parsed is counted.
    """
    return replace(
        base,
        metric=Share(f"judge-{judged.parser}", _points, id=base.metric.id),
        hypothesis=(),
        reference=(),
        hypothesis_view=View(f"judgement({judgement},{judged.template},{judged.parser},{failure})", _Entry(key)),
        reference_view=View("none", _nothing),
        select=(
            Selection(JUDGED, _IsNot(key, None), "no judgement"),
            Selection("read", _IsNot(key, _EXCLUDED), "the judge's reply could not be parsed"),
            Selection("best", _IsNot(key, _NOT_BEST), "another output for the same clip counts"),
        ),
        unavailable=_available,
        notes=" ".join(note for note in (base.notes, judged.note) if note),
        extra_sources=(*base.extra_sources, *_SOURCES),
    )


def over_followed(convention: Convention) -> Convention:
    """The same convention over only the rows that followed the instruction."""
    return replace(
        convention,
        summary=f"{convention.summary.rstrip('.')}; rows that did not follow the instruction are excluded.",
        select=(Selection("followed", _IsNot(FOLLOWED, False), "the instruction was not followed"), *convention.select),
    )


def followed(rows: Sequence[Row], following: Convention) -> dict[str, bool]:
    """Which rows followed the instruction, by row id, under a following-rate convention that needs no judge.

    Rows without an output, or without the fields that the convention needs, are left out.
    """
    chains = ChainCache(rows)
    outputs = chains.values(following.hypothesis_view, following.hypothesis)
    texts = chains.values(following.reference_view, following.reference)
    known = [(row.id, a, b) for row, a, b in zip(rows, outputs, texts, strict=True) if a is not None and b is not None]
    counts = following.metric.count([a for _, a, _ in known], [b for _, _, b in known])
    return {name: bool(line[0] == line[1]) for (name, _, _), line in zip(known, counts.tolist(), strict=True)}


def with_followed(rows: Iterable[Row], which: Mapping[str, bool]) -> list[Row]:
    """Rows marked with whether they followed, for `over_followed`; rows not in `which` are unchanged."""
    return [_with(row, FOLLOWED, which[row.id]) if row.id in which else row for row in rows]


def _available() -> str | None:
    return None


def with_counts(
    rows: Iterable[Row],
    judged: JudgedConvention,
    verdicts: Mapping[str, Sequence[JudgeVerdict]],
    key: str,
    failure: Failure | None = None,
) -> list[Row]:
    """Rows with the counts of their judgements under `key`; rows without a judgement are unchanged.

    Args:
        rows: The rows of the set.
        judged: The convention.
        verdicts: Row id to its verdicts, one per question.
        key: The key under which the counts are stored.
        failure: The rule for replies that could not be parsed; by default the convention's own.
    """
    rows = list(rows)
    counts = {row.id: row_counts(judged, verdicts[row.id], failure=failure) for row in rows if row.id in verdicts}
    best = _best_rows(rows, judged, counts)
    return [_with(row, key, _entry(counts[row.id], row.id in best)) if row.id in counts else row for row in rows]


def _best_rows(rows: Sequence[Row], judged: JudgedConvention, counts: Mapping[str, JudgedCounts]) -> set[str]:
    """The ids of the rows that count for their group; all rows if there are no groups."""
    if judged.group is None:
        return set(counts)
    top: dict[str, str] = {}
    for row in rows:
        if row.id in counts and counts[row.id].kept:
            group = judged.group(row)
            if group not in top or counts[row.id].points > counts[top[group]].points:
                top[group] = row.id
    return set(top.values())


def _entry(counts: JudgedCounts, best: bool) -> list[int] | str:
    if not counts.kept:
        return _EXCLUDED
    return [counts.points, counts.possible] if best else _NOT_BEST


def _with(row: Row, key: str, entry: list[int] | str | bool) -> Row:
    entries = row.extra.get(FIELD)
    known = dict(entries) if isinstance(entries, Mapping) else {}
    return replace(row, extra={**row.extra, FIELD: {**known, key: entry}})
