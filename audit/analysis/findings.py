"""What is seen in predictions besides the values: flagged outputs, prompts that matter, constant answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score
from audit.verdict.measurements import Invalid
from tasks.analysis.baselines import constant_baseline, single_class
from tasks.analysis.detectors import detect
from tasks.analysis.prompt_sensitivity import sensitivity
from tasks.step_cache import ChainCache
from tasks.task import Task

# More prompts than this are questions of their own (slots, spoken queries), not wordings of one instruction.
MAX_PROMPTS = 40


def set_problems(predictions: PredictionSet, task: Task) -> tuple[Invalid, ...]:
    """What makes every accuracy on these rows meaningless."""
    if "accuracy" not in task.conventions:
        return ()
    reason = single_class(predictions.rows)
    return (Invalid("one-class", f"In this set {reason}."),) if reason else ()


def findings(
    predictions: PredictionSet, task: Task, scores: tuple[Score, ...], replicates: int
) -> dict[str, list[dict[str, Any]]]:
    """Everything found in one prediction set, by kind; kinds without a finding are left out.

    Args:
        predictions: The rows.
        task: Their task.
        scores: Of the rows, under every convention.
        replicates: Of the bootstrap of each prompt's interval.
    """
    found: dict[str, list[dict[str, Any]]] = {
        "detectors": [d.as_json() for d in detect(predictions.rows, task) if d.of],
        "prompts": _prompts(predictions, scores, replicates),
        "baselines": _baselines(predictions, scores),
    }
    return {kind: items for kind, items in found.items() if items}


def by_kind(of_tasks: Mapping[str, Mapping[str, list[dict[str, Any]]]]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Kind -> task -> findings, as audit.json has them."""
    kinds = sorted({kind for found in of_tasks.values() for kind in found})
    return {kind: {task: found[kind] for task, found in of_tasks.items() if kind in found} for kind in kinds}


def _prompts(predictions: PredictionSet, scores: tuple[Score, ...], replicates: int) -> list[dict[str, Any]]:
    wordings = {row.prompt for row in predictions.rows if row.prompt is not None}
    if not 2 <= len(wordings) <= MAX_PROMPTS:
        return []
    cache = ChainCache(predictions.rows)
    result = []
    for metric in dict.fromkeys(s.metric for s in scores):
        # The first convention that scores every row and needs no other rows for a row's counts.
        score = next(
            (
                s
                for s in scores
                if s.metric == metric
                and s.value is not None
                and not s.convention.select
                and not s.convention.metric.whole_set
            ),
            None,
        )
        outcome = sensitivity(cache, score.convention, bootstrap=replicates) if score else None
        if outcome is not None:
            result.append(outcome.as_json())
    return result


def _baselines(predictions: PredictionSet, scores: tuple[Score, ...]) -> list[dict[str, Any]]:
    result = []
    for score in scores:
        if score.metric != "accuracy" or score.value is None:
            continue
        kept = set(score.ids)
        best = constant_baseline([row for row in predictions.rows if row.id in kept], score.convention)
        if best is not None:
            result.append(
                {
                    "convention": score.convention.id,
                    "answer": best.answer,
                    "correct": best.correct,
                    "total": best.total,
                }
            )
    return result
