"""What is found in predictions besides the values: flagged outputs, sensitivity to prompts, constant baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING
from fractions import Fraction
from typing import Any

from audit.analysis.kept_analyses import NOTHING_KEPT, KeptAnalyses, of_conventions, of_task
from audit.analysis.selections import BY_REFERENCE
from audit.schema import (
    Baseline,
    Detection,
    Findings,
    Interval,
    Observation,
    PromptScore,
    PromptSensitivity,
    PromptTest,
)
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score
from tasks.analysis import detectors, prompt_sensitivity
from tasks.analysis.baselines import constant_baseline
from tasks.statistics.bootstrap import decimal, stored
from tasks.step_cache import ChainCache
from tasks.task import Task

# More prompts than this are separate questions (slots, spoken queries), not wordings of one instruction.
MAX_PROMPTS = 40
# Number of ids of flagged outputs in the document.
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in one prediction set."""

    detectors: tuple[Detection, ...]
    prompts: tuple[PromptSensitivity, ...]
    baselines: tuple[Baseline, ...]


def findings(
    predictions: PredictionSet,
    task: Task,
    scores: tuple[Score, ...],
    replicates: int,
    kept: KeptAnalyses = NOTHING_KEPT,
) -> Seen:
    """Everything found in one prediction set.

    Args:
        predictions: The rows.
        task: The rows' task.
        scores: The rows' scores under every convention.
        replicates: Bootstrap replicates for each prompt's interval.
        kept: What is kept of these predictions.
    """
    scored = repr([(one.metric, one.value is None) for one in scores])
    question = (*of_task(task), str(replicates), scored, of_conventions(one.convention for one in scores))
    found = kept.get(Seen, question)
    if found is None:
        found = Seen(
            tuple(_detection(d) for d in detectors.detect(predictions.rows, task) if d.of),
            tuple(_prompts(predictions, scores, replicates)),
            tuple(_baselines(predictions, scores)),
        )
        kept.put(found, question)
    return found


def gathered(
    of_tasks: Mapping[str, Seen], probes: Mapping[str, Mapping[str, Any]], observed: tuple[Observation, ...] = ()
) -> Findings:
    """Findings by kind and task, as in audit.json; a kind leaves out tasks without a finding."""
    return Findings(
        {task: seen.detectors for task, seen in of_tasks.items() if seen.detectors},
        {task: seen.prompts for task, seen in of_tasks.items() if seen.prompts},
        {task: seen.baselines for task, seen in of_tasks.items() if seen.baselines},
        probes,
        observed,
    )


def _detection(found: detectors.Detection) -> Detection:
    name = found.detector if found.version == "1" else f"{found.detector}@{found.version}"
    return Detection(name, found.fault, len(found.ids), found.of, found.ids[:EXAMPLES])


def _prompts(predictions: PredictionSet, scores: tuple[Score, ...], replicates: int) -> list[PromptSensitivity]:
    wordings = {row.prompt for row in predictions.rows if row.prompt is not None}
    if not 2 <= len(wordings) <= MAX_PROMPTS:
        return []
    cache = ChainCache(predictions.rows)
    result = []
    for metric in dict.fromkeys(s.metric for s in scores):
        # The first convention that drops no output and counts each row independently.
        score = next(
            (
                s
                for s in scores
                if s.metric == metric
                and s.value is not None
                and {rule.name for rule in s.convention.select} <= BY_REFERENCE
                and not s.convention.metric.whole_set
            ),
            None,
        )
        outcome = prompt_sensitivity.sensitivity(cache, score.convention, bootstrap=replicates) if score else None
        if outcome is not None:
            result.append(prompts_in_document(outcome))
    return result


def prompts_in_document(found: prompt_sensitivity.PromptSensitivity) -> PromptSensitivity:
    """As in audit.json: integers and decimal strings; p is rounded up."""
    test = None
    if found.p is not None:
        p = str(decimal(found.p, 4, ROUND_CEILING))
        test = PromptTest("permutation of prompts over rows", found.tested, found.permutations, p)
    scores = tuple(PromptScore(s.prompt, s.rows, _text(s.value), _interval(s.interval)) for s in found.prompts)
    return PromptSensitivity(found.convention, found.metric, found.rows, scores, test)


def _text(value: Fraction | float | None) -> str | None:
    return None if value is None else str(stored(value))


def _interval(ends: tuple[float, float] | None) -> Interval | None:
    if ends is None:
        return None
    return Interval(str(stored(ends[0])), str(stored(ends[1])), "95", "bootstrap")


def _baselines(predictions: PredictionSet, scores: tuple[Score, ...]) -> list[Baseline]:
    result = []
    for score in scores:
        if score.metric != "accuracy" or score.value is None:
            continue
        kept = set(score.ids)
        best = constant_baseline([row for row in predictions.rows if row.id in kept], score.convention)
        if best is not None:
            result.append(Baseline(score.convention.id, best.answer, best.correct, best.total))
    return result
