"""Kinds of rows between two runs: what the detectors find in one output or the other; a partition of the rows.

A row with several faults belongs to the first that only one run has, in the order of `ORDER`: it is what distinguishes the
runs. Without such a fault it belongs to the first that both have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tasks.analysis.detectors import UNFINISHED, detectors_of
from tasks.row import Row
from tasks.steps.clean import ends_with_eos
from tasks.task import Task

Where: TypeAlias = Literal["first", "second", "both", ""]
# Another task's answer before faults of the right task's; an unfinished output is often a loop.
ORDER = ("phones", "refusal", "echoed-prompt", "wrong-script", "wrong-language", "runaway", "empty", "unfinished")
# Detectors of answers to another question: batch, machine, precision and library versions do not cause them.
OTHER_TASK = ORDER[:5]


@dataclass(frozen=True, slots=True)
class Kind:
    """What happened to a row.

    Attributes:
        id: The id of a detector; `failed`, `identical` or `other`.
        where: Which run has the fault; empty for `identical` and `other`.
        words: For readers.
    """

    id: str
    where: Where
    words: str


IDENTICAL = Kind("identical", "", "identical outputs")
OTHER = Kind("other", "", "other words, no fault found")
_RUNS: dict[Where, str] = {
    "first": "in the first run alone",
    "second": "in the second run alone",
    "both": "in both runs",
}


def faults(rows: Sequence[Row], task: Task) -> list[frozenset[str]]:
    """The detectors that flag each row; `unfinished` only if end tokens were stored at all."""
    ends = any(row.finished is not None or ends_with_eos(row.hypothesis or "") for row in rows)
    detectors = [detector for detector in detectors_of(task) if detector is not UNFINISHED or ends]
    return [
        frozenset() if row.hypothesis is None else frozenset(d.id for d in detectors if d.judged(row) and d.found(row))
        for row in rows
    ]


def kinds_between(first: Sequence[Row], second: Sequence[Row], same: Sequence[bool], task: Task) -> list[Kind]:
    """The kind of each pair of rows.

    Args:
        first: The rows of one run.
        second: The same items of the other, in the same order.
        same: Whether the outputs of each pair are identical.
        task: Their task.
    """
    words = {detector.id: detector.fault for detector in detectors_of(task)} | {"failed": "no output"}
    return [
        IDENTICAL if equal else _kind(_failed(a, in_a), _failed(b, in_b), words)
        for a, b, in_a, in_b, equal in zip(first, second, faults(first, task), faults(second, task), same, strict=True)
    ]


def _failed(row: Row, found: frozenset[str]) -> frozenset[str]:
    return frozenset(["failed"]) if row.hypothesis is None else found


def _kind(first: frozenset[str], second: frozenset[str], words: dict[str, str]) -> Kind:
    order = ("failed", *ORDER)
    for name in order:
        if (name in first) != (name in second):
            where: Where = "first" if name in first else "second"
            return Kind(name, where, f"{words[name]}, {_RUNS[where]}")
    for name in order:
        if name in first:
            return Kind(name, "both", f"{words[name]}, {_RUNS['both']}")
    return OTHER
