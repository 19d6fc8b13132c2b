"""Findings in predictions besides the values: flagged outputs, scores by prompt, best constant answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from audit.report.language import tr
from audit.report.numbers import decimal, part_of, range_of, share, shown, whole
from audit.report.views import convention_anchor
from audit.report.vocabulary import TaskNames, metric_name, task_names
from audit.schema import AuditDocument, Baseline, Detection, PromptSensitivity, PromptTest

T = TypeVar("T")
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Flagged:
    """Outputs flagged by a detector in the predictions of one task."""

    task: str
    detector: str
    fault: str
    rows: str
    share: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PromptsView:
    """Scores of one task by prompt: (prompt, rows, value, interval), with the probability of such differences by chance."""

    task: str
    metric: str
    convention: str
    href: str
    scores: tuple[tuple[str, str, str, str], ...]
    test: str


@dataclass(frozen=True, slots=True)
class BaselineView:
    """The score of the best constant answer."""

    task: str
    convention: str
    href: str
    answer: str
    rows: str
    share: str


@dataclass(frozen=True, slots=True)
class Observed:
    """The chapter; `clear` lists (task, detectors) without findings, `other` kinds of findings without a table."""

    flagged: tuple[Flagged, ...]
    clear: tuple[tuple[str, str], ...]
    prompts: tuple[PromptsView, ...]
    baselines: tuple[BaselineView, ...]
    other: tuple[tuple[str, Any], ...]

    def __bool__(self) -> bool:
        return bool(self.flagged or self.clear or self.prompts or self.baselines or self.other)


def observed(audit: AuditDocument) -> Observed:
    """The findings of an audit."""
    findings, names = audit.findings, task_names(audit)
    known = {(c.task, c.metric, c.id) for c in audit.conventions}
    return Observed(
        tuple(_flagged(names(task), d) for task, d in _items(findings.detectors) if d.rows),
        _clear(_items(findings.detectors), names),
        tuple(_prompts(task, p, known, names) for task, p in _items(findings.prompts)),
        tuple(_baseline(task, b, known, names) for task, b in _items(findings.baselines)),
        tuple((kind, found) for kind, found in sorted(findings.probes.items()) if found),
    )


def _items(found: Mapping[str, Sequence[T]]) -> list[tuple[str, T]]:
    """(task, finding) of one kind, by task."""
    return [(task, item) for task, items in sorted(found.items()) for item in items]


def _flagged(task: str, item: Detection) -> Flagged:
    return Flagged(
        task,
        item.detector,
        item.fault,
        part_of(item.rows, item.of),
        share(item.rows, item.of),
        item.example_ids,
    )


def _clear(detections: Sequence[tuple[str, Detection]], names: TaskNames) -> tuple[tuple[str, str], ...]:
    found: dict[str, list[str]] = {}
    for task, item in detections:
        if not item.rows:
            found.setdefault(task, []).append(item.detector)
    return tuple((names(task), ", ".join(clear)) for task, clear in found.items())


def _href(name: str, metric: str, convention: str, known: set[tuple[str, str, str]]) -> str:
    task = name.partition("@")[0]
    return f"#{convention_anchor(task, metric, convention)}" if (task, metric, convention) in known else ""


def _prompts(task: str, item: PromptSensitivity, known: set[tuple[str, str, str]], names: TaskNames) -> PromptsView:
    scores = []
    for p in item.prompts:
        bounds = range_of(shown(p.interval.low, _DIGITS), shown(p.interval.high, _DIGITS)) if p.interval else ""
        scores.append((p.prompt, whole(p.rows), shown(p.value, _DIGITS), bounds))
    return PromptsView(
        names(task),
        metric_name(item.metric),
        item.convention,
        _href(task, item.metric, item.convention, known),
        tuple(scores),
        _test(item.test),
    )


def _test(test: PromptTest | None) -> str:
    if test is None:
        return ""
    return tr(
        "If the {n} prompts made no difference, differences as large as these would occur with probability {p} or less "
        "({permutations} permutations of prompts over rows).",
        n=whole(test.prompts),
        p=str(decimal(test.p)),
        permutations=whole(test.permutations),
    )


def _baseline(task: str, item: Baseline, known: set[tuple[str, str, str]], names: TaskNames) -> BaselineView:
    return BaselineView(
        names(task),
        item.convention,
        _href(task, "accuracy", item.convention, known),
        item.answer,
        part_of(item.correct, item.total),
        share(item.correct, item.total),
    )
