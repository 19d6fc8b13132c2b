"""A comparison of two runs on the same set, as values, and how it is shown.

Two runs of one model that differ only in batch size, machine, precision or library versions measure a margin; runs with
different prompts, decodings, models or sets do not. Both runs are counted under the same convention, so the difference is made
by the outputs alone: it is split by kind of row and never by steps of counting.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from audit._util.csv_cells import csv_text
from audit._util.terminal import in_a_line
from audit.analysis.breakdown import Breakdown
from audit.analysis.run_margins import Conditions
from tasks.analysis.row_shares import Amount
from tasks.analysis.run_kinds import Kind
from tasks.statistics.bootstrap import decimal, stored

SCHEMA = "repro-audit/comparison/2"
_WORDS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Flips:
    """The rows that only one of the runs gets right.

    Attributes:
        lost: Ids of the rows that only the first run gets right.
        gained: Ids of the rows that only the second run gets right.
        left_out: The number of rows that are not one right or wrong answer in both runs: dropped, or counted several times.
        p: McNemar's exact two-sided p value; None if no row flips.
    """

    lost: tuple[str, ...]
    gained: tuple[str, ...]
    left_out: int
    p: Fraction | None


@dataclass(frozen=True, slots=True)
class Effect:
    """One convention's values in both runs; None if it has no value.

    Attributes:
        metric: The metric's id.
        convention: The convention of both runs, or of the first.
        second_convention: That of the second run, if it stores normalised texts; otherwise None.
        scale: 100 if the values are percentages, 1 if they are fractions or counts.
        first: The first run's value.
        second: The second run's value.
        interval: 95 % percentile interval of the difference, from a paired bootstrap over rows.
        flips: For accuracies.
        note: Why the metric shows no difference: there is no value, no row counts differently, or all count the same.
    """

    metric: str
    convention: str
    second_convention: str | None
    scale: int
    first: Amount | None
    second: Amount | None
    interval: tuple[float, float] | None
    flips: Flips | None
    note: str | None

    @property
    def difference(self) -> Amount | None:
        """The second value minus the first."""
        return None if self.first is None or self.second is None else self.second - self.first

    @property
    def size(self) -> Fraction:
        """The difference without its sign; 0 if there is none."""
        return abs(Fraction(self.difference or 0))

    @property
    def name(self) -> str:
        """The convention, or both."""
        return self.convention if self.second_convention is None else f"{self.convention} | {self.second_convention}"


@dataclass(frozen=True, slots=True)
class OutputDifference:
    """The first difference between two outputs of a row.

    Attributes:
        id: The row.
        character: Its position in the outputs, from 1; 0 if one of them is missing.
        word: The position of its word, separated by white space, from 1; 0 if one of them is missing.
        first: The first run's output from this word on; None if it is missing.
        second: The second run's.
    """

    id: str
    character: int
    word: int
    first: str | None
    second: str | None


@dataclass(frozen=True, slots=True, repr=False)
class RunComparison:
    """A comparison of two runs.

    Attributes:
        task: The task's id.
        rows: Number of rows in each run.
        runs: The names of their files.
        differences: The rows whose outputs differ, with the first difference.
        kinds: What happened to each row.
        effects: By metric and convention.
        breakdown: One of the differences, split by rows; None if no convention has a value in both runs.
        conditions: Whether the differences are margins.
        no_interval: Why there are no intervals; None if there are.
        replicates: The number of bootstrap replicates.
    """

    task: str
    rows: int
    runs: tuple[str, str]
    differences: tuple[OutputDifference, ...]
    kinds: tuple[Kind, ...]
    effects: tuple[Effect, ...]
    breakdown: Breakdown | None
    conditions: Conditions
    no_interval: str | None
    replicates: int

    @property
    def identical(self) -> int:
        """The number of identical outputs."""
        return self.rows - len(self.differences)

    @property
    def example(self) -> str | None:
        """The id of the first row that differs; None if none does."""
        return self.differences[0].id if self.differences else None

    @property
    def hindrances(self) -> tuple[str, ...]:
        """Why the differences are not a margin; empty if they are."""
        return self.conditions.hindrances

    @property
    def widest(self) -> dict[str, Effect]:
        """Metric -> the effect with the largest difference over the conventions; empty if there are hindrances."""
        found: dict[str, Effect] = {}
        for effect in () if self.hindrances else self.effects:
            known = found.get(effect.metric)
            if effect.difference is not None and (known is None or effect.size > known.size):
                found[effect.metric] = effect
        return found

    @property
    def margins(self) -> dict[str, str]:
        """Metric -> the largest difference over its conventions, as a decimal string; empty if there are hindrances."""
        return {metric: _margin(effect.difference) for metric, effect in self.widest.items()}

    def lines(self, most: int = 10) -> list[str]:
        """For a terminal, with at most `most` rows of each list."""
        share = decimal(Fraction(100 * self.identical, self.rows), 2)
        found = [f"{self.task}: {self.identical} of {self.rows} outputs are identical ({share} %)"]
        found += self._first_differences(most)
        found += self._effects()
        found += self._flips(most)
        if self.breakdown is not None and self.differences:
            found += self.breakdown.lines(most)
        if self.hindrances:
            return [*found, "", f"no margin: the runs differ in {', '.join(self.hindrances)}", *self._advice()]
        found += ["", *(f"measured margin of {metric}: {value} (largest difference, under {self.widest[metric].name})"
                        for metric, value in self.margins.items())]  # fmt: skip
        return [*found, self.conditions.reason] if self.conditions.reason else found

    def _advice(self) -> list[str]:
        if self.conditions.differ or not self.conditions.unknown:
            return []
        return [
            "If you made both runs and know what they differ in, say so: --only batch (machine, precision, library-versions)."
        ]

    def _first_differences(self, most: int) -> list[str]:
        if not self.differences:
            return []
        found = ["First difference of each row:"]
        for item in self.differences[:most]:
            place = f"word {item.word}" if item.word else "no output"
            found.append(f"  {in_a_line(item.id)}  {place}: {_short(item.first)} | {_short(item.second)}")
        rest = len(self.differences) - most
        return [*found, f"  and {rest} more (--csv FILE writes all)"] if rest > 0 else found

    def _effects(self) -> list[str]:
        about = f"none: {self.no_interval}" if self.no_interval else "of the difference"
        found = [
            "",
            f"{'':17}{'convention':<30} {'first':>10} {'second':>10} {'difference':>11}  95 % interval ({about})",
        ]
        for effect in self.effects:
            if effect.difference is None or effect.first is None or effect.second is None:
                found.append(f"  {effect.metric:<14} {effect.name:<30} {effect.note}")
                continue
            values = f"{float(effect.first):>10.4f} {float(effect.second):>10.4f} {float(effect.difference):>+11.4f}"
            interval = f"[{effect.interval[0]:+.4f}, {effect.interval[1]:+.4f}]" if effect.interval else ""
            found.append(f"  {effect.metric:<14} {effect.name:<30} {values}  {effect.note or interval}".rstrip())
        return found

    def _flips(self, most: int) -> list[str]:
        found = []
        for effect in self.effects:
            flips = effect.flips
            if flips is None:
                continue
            p = "no row flips" if flips.p is None else f"McNemar's exact p = {_p(flips.p)}"
            left = f"; {flips.left_out} rows left out" if flips.left_out else ""
            found.append(
                f"  {effect.metric:<14} {effect.name:<30} right in the first run alone {len(flips.lost)}, "
                f"in the second alone {len(flips.gained)}; {p}{left}"
            )
            for word, ids in (("lost", flips.lost), ("gained", flips.gained)):
                if ids:
                    more = f", and {len(ids) - most} more" if len(ids) > most else ""
                    found.append(f"    {word}: {', '.join(map(in_a_line, ids[:most]))}{more}")
        return ["", "Rows that flip:", *found] if found else []

    def as_json(self) -> dict[str, Any]:
        """As plain JSON with integers and decimal strings; contains pieces of the outputs."""
        return {
            "schema": SCHEMA,
            "task": self.task,
            "runs": list(self.runs),
            "rows": self.rows,
            "identical": self.identical,
            "differences": [
                {"id": d.id, "character": d.character, "word": d.word, "first": _piece(d.first), "second": _piece(d.second)}
                for d in self.differences
            ],
            "replicates": self.replicates,
            "no_interval": self.no_interval,
            "effects": [_effect_json(effect) for effect in self.effects],
            "breakdown": None if self.breakdown is None else self.breakdown.as_json(),
            "hindrances": list(self.hindrances),
            "unknown": list(self.conditions.unknown),
            "stated": list(self.conditions.stated),
            "margins": self.margins,
        }  # fmt: skip

    def table(self) -> str:
        """The rows whose outputs differ, as CSV."""
        by_id = {d.id: d for d in self.differences}
        kinds = [kind.words for kind in self.kinds if kind.id != "identical"]
        rows = [
            (d.id, kind, d.character, d.word, d.first, d.second) for d, kind in zip(by_id.values(), kinds, strict=True)
        ]
        columns = [
            "id",
            "what happened",
            "first different character",
            "first different word",
            "first run",
            "second run",
        ]
        return csv_text(columns, rows)

    def __repr__(self) -> str:
        return "\n".join(self.lines())


def _effect_json(effect: Effect) -> dict[str, Any]:
    flips = effect.flips
    return {
        "metric": effect.metric,
        "convention": effect.convention,
        "second_convention": effect.second_convention,
        "first": _text(effect.first),
        "second": _text(effect.second),
        "difference": _text(effect.difference),
        "interval": None if effect.interval is None else [_text(bound) for bound in effect.interval],
        "note": effect.note,
        "flips": None
        if flips is None
        else {
            "lost": list(flips.lost),
            "gained": list(flips.gained),
            "left_out": flips.left_out,
            "p": None if flips.p is None else _p(flips.p),
        },
    }


def _text(value: Amount | None) -> str | None:
    return None if value is None else format(stored(value), "f")


def _margin(value: Amount | None) -> str:
    return format(stored(abs(Fraction(value or 0))).normalize(), "f")


def _p(value: Fraction) -> str:
    """Four significant digits."""
    return f"{float(value):.4g}" if value >= Fraction(1, 10**300) else "below 1e-300"


def _piece(text: str | None) -> str | None:
    return None if text is None else text[:_WORDS_SHOWN]


def _short(text: str | None) -> str:
    """A piece of an output for a terminal: quoted, so that it cannot control it."""
    if text is None:
        return "none"
    shown = in_a_line(json.dumps(text[:_WORDS_SHOWN], ensure_ascii=False))
    return f"{shown}..." if len(text) > _WORDS_SHOWN else shown
