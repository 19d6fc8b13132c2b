"""What was seen in predictions besides the values: flagged outputs, scores by prompt, the best constant answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from audit.report.numbers import decimal, share, shown, whole
from audit.report.views import convention_anchor
from audit.report.vocabulary import metric_name, task_short

Json: TypeAlias = Mapping[str, Any]
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Flagged:
    """Outputs that a detector flags in one task's predictions."""

    task: str
    detector: str
    fault: str
    rows: str
    share: str
    examples: str


@dataclass(frozen=True, slots=True)
class Prompts:
    """One task's scores by prompt: (prompt, rows, value, interval), and how likely such differences are by chance."""

    task: str
    metric: str
    convention: str
    href: str
    scores: tuple[tuple[str, str, str, str], ...]
    test: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the best constant answer scores."""

    task: str
    convention: str
    href: str
    answer: str
    rows: str
    share: str


@dataclass(frozen=True, slots=True)
class Observed:
    """The chapter; `clear` names (task, detectors) that found nothing, `other` holds kinds that have no table here."""

    flagged: tuple[Flagged, ...]
    clear: tuple[tuple[str, str], ...]
    prompts: tuple[Prompts, ...]
    baselines: tuple[Baseline, ...]
    other: tuple[tuple[str, Any], ...]

    def __bool__(self) -> bool:
        return bool(self.flagged or self.clear or self.prompts or self.baselines or self.other)


def observed(audit: Json) -> Observed:
    """The findings of an audit."""
    findings = audit.get("findings") or {}
    known = {(c["task"], c["metric"], c["id"]) for c in audit.get("conventions") or ()}
    detections = list(_items(findings, "detectors"))
    return Observed(
        tuple(_flagged(task, d) for task, d in detections if d.get("rows")),
        _clear(detections),
        tuple(_prompts(task, p, known) for task, p in _items(findings, "prompts")),
        tuple(_baseline(task, b, known) for task, b in _items(findings, "baselines")),
        tuple((k, v) for k, v in sorted(findings.items()) if k not in {"detectors", "prompts", "baselines"} and v),
    )


def _items(findings: Json, kind: str) -> Iterator[tuple[str, Json]]:
    """(task, finding) of one kind, by task."""
    for task, items in sorted((findings.get(kind) or {}).items()):
        for item in items if isinstance(items, list) else [items]:
            yield task, item


def _flagged(task: str, item: Json) -> Flagged:
    rows, of = item["rows"], item.get("of") or 0
    return Flagged(
        task_short(task),
        str(item.get("detector") or ""),
        str(item.get("fault") or ""),
        f"{whole(rows)} of {whole(of)}",
        share(rows, of),
        ", ".join(str(i) for i in item.get("example_ids") or ()),
    )


def _clear(detections: list[tuple[str, Json]]) -> tuple[tuple[str, str], ...]:
    found: dict[str, list[str]] = {}
    for task, item in detections:
        if not item.get("rows"):
            found.setdefault(task, []).append(str(item.get("detector") or ""))
    return tuple((task_short(task), ", ".join(names)) for task, names in found.items())


def _href(task: str, metric: str, convention: str, known: set[tuple[str, str, str]]) -> str:
    return f"#{convention_anchor(task, metric, convention)}" if (task, metric, convention) in known else ""


def _prompts(task: str, item: Json, known: set[tuple[str, str, str]]) -> Prompts:
    metric, convention = str(item.get("metric") or ""), str(item.get("convention") or "")
    scores = []
    for p in item.get("prompts") or ():
        interval = p.get("interval") or {}
        bounds = f"{shown(interval['low'], _DIGITS)} to {shown(interval['high'], _DIGITS)}" if interval else ""
        scores.append((str(p.get("prompt") or ""), whole(p.get("rows")), shown(p.get("value"), _DIGITS), bounds))
    return Prompts(
        task_short(task),
        metric_name(metric),
        convention,
        _href(task, metric, convention, known),
        tuple(scores),
        _test(item),
    )


def _test(item: Json) -> str:
    test = item.get("test") or {}
    p = decimal(test.get("p"))
    if p is None:
        return ""
    return (
        f"If the {test.get('prompts')} prompts made no difference, differences as large as these would come up with "
        f"probability {p} or less ({whole(test.get('permutations'))} permutations of prompts over rows)."
    )


def _baseline(task: str, item: Json, known: set[tuple[str, str, str]]) -> Baseline:
    convention = str(item.get("convention") or "")
    correct, total = item.get("correct") or 0, item.get("total") or 0
    return Baseline(
        task_short(task),
        convention,
        _href(task, "accuracy", convention, known),
        str(item.get("answer") or ""),
        f"{whole(correct)} of {whole(total)}",
        share(correct, total),
    )
