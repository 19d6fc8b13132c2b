"""Two runs on the same set: how many outputs are identical, and how far every metric moves.

Two runs of one model that differ only in batch size, machine, precision or library versions measure a margin; runs with
different prompts, decodings, models or sets do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from audit.errors import InputError
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import score
from tasks.statistics.bootstrap import decimal, stored
from tasks.task import Task

SCHEMA = "repro-audit/comparison/1"
# Fields of the meta file that must be equal for a difference to be a margin.
_SAME = ("model", "variant", "weights", "decoding", "dataset", "prompt")


@dataclass(frozen=True, slots=True)
class Effect:
    """One convention's values in both runs; None if it has no value."""

    metric: str
    convention: str
    first: Fraction | float | None
    second: Fraction | float | None

    @property
    def difference(self) -> Fraction | float | None:
        """The second value minus the first."""
        return None if self.first is None or self.second is None else self.second - self.first


@dataclass(frozen=True, slots=True, repr=False)
class RunComparison:
    """A comparison of two runs.

    Attributes:
        task: The task's id.
        rows: Number of rows in each run.
        identical: Number of identical outputs.
        example: The id of the first row that differs; None if none does.
        effects: By metric and convention.
        hindrances: Why the differences are not a margin: what else differs between the runs; empty if nothing does.
    """

    task: str
    rows: int
    identical: int
    example: str | None
    effects: tuple[Effect, ...]
    hindrances: tuple[str, ...]

    @property
    def margins(self) -> dict[str, str]:
        """Metric -> the largest difference over its conventions, as a decimal string; empty if there are hindrances."""
        if self.hindrances:
            return {}
        found: dict[str, Fraction] = {}
        for effect in self.effects:
            if effect.difference is not None:
                found[effect.metric] = max(found.get(effect.metric, Fraction(0)), abs(Fraction(effect.difference)))
        return {metric: format(stored(value).normalize(), "f") for metric, value in found.items()}

    def lines(self) -> list[str]:
        """For a terminal."""
        share = decimal(Fraction(100 * self.identical, self.rows), 2)
        found = [f"{self.task}: {self.identical} of {self.rows} outputs are identical ({share} %)"]
        if self.example is not None:
            found.append(f"first row that differs: {self.example}")
        for effect in self.effects:
            if effect.difference is None or effect.first is None or effect.second is None:
                continue
            values = f"{float(effect.first):>10.4f} {float(effect.second):>10.4f} {float(effect.difference):>+10.4f}"
            found.append(f"  {effect.metric:<14} {effect.convention:<28} {values}")
        if self.hindrances:
            return [*found, f"no margin: the runs differ in {', '.join(self.hindrances)}"]
        return [*found, *(f"measured margin of {metric}: {value}" for metric, value in self.margins.items())]

    def as_json(self) -> dict[str, Any]:
        """As plain JSON with integers and decimal strings."""
        return {
            "schema": SCHEMA,
            "task": self.task,
            "rows": self.rows,
            "identical": self.identical,
            "example": self.example,
            "effects": [
                {
                    "metric": e.metric,
                    "convention": e.convention,
                    "first": _text(e.first),
                    "second": _text(e.second),
                    "difference": _text(e.difference),
                }
                for e in self.effects
            ],
            "hindrances": list(self.hindrances),
            "margins": self.margins,
        }

    def __repr__(self) -> str:
        return "\n".join(self.lines())


def compare_runs(task: Task, first: PredictionSet, second: PredictionSet) -> RunComparison:
    """Compare two runs on the same set.

    Raises:
        InputError: The runs have different ids or references, or no outputs.
    """
    rows = {row.id: row for row in second.rows}
    ids = {row.id for row in first.rows}
    if ids != set(rows):
        only = min(ids ^ set(rows))
        raise InputError(
            f"the runs do not have the same rows: {only!r} is in only one of them",
            where=f"{first.path}, {second.path}",
            fix="Compare runs over the same items; `repro-audit import` can leave others out.",
        )
    for row in first.rows:
        if row.reference != rows[row.id].reference:
            raise InputError(
                f"row {row.id} has different references",
                where=f"{first.path}, {second.path}",
                fix="Compare runs on the same references.",
            )
    differing = [row.id for row in first.rows if row.hypothesis != rows[row.id].hypothesis]
    scores = [score(run, task, replicates=0) for run in (first, second)]
    effects = tuple(
        Effect(a.metric, a.convention.id, a.exact, b.exact)
        for a, b in zip(*scores, strict=True)
        if a.unavailable is None
    )
    return RunComparison(
        task.id,
        len(first.rows),
        len(first.rows) - len(differing),
        differing[0] if differing else None,
        effects,
        _hindrances(first, second),
    )


def _hindrances(first: PredictionSet, second: PredictionSet) -> tuple[str, ...]:
    found = [name for name in _SAME if getattr(first.meta, name) != getattr(second.meta, name)]
    prompts = {row.id: row.prompt for row in second.rows}
    if "prompt" not in found and any(row.prompt != prompts[row.id] for row in first.rows):
        found.append("prompt")
    if first.sha256 == second.sha256:
        found.append("nothing: they are one file")
    return tuple(found)


def _text(value: Fraction | float | None) -> str | None:
    return None if value is None else format(stored(value), "f")
