"""A row that cannot be scored is named: by its id, whatever lists of pairs a metric was given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.errors import InputError
from audit.scoring.counting import count
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import score
from tasks.analysis.multiverse import Axis, Specification, counted, universe
from tasks.analysis.prompt_sensitivity import ChainCache, sensitivity
from tasks.convention import Convention
from tasks.errors import ScoringError
from tasks.metrics.cider import CiderD
from tasks.metrics.coco_rouge import CocoRougeL
from tasks.metrics.meteor import Meteor
from tasks.metrics.metric import Metric
from tasks.metrics.permutation import MAX_SPEAKERS, PermutationErrorRate
from tasks.registry import tasks
from tasks.row import Row
from tasks.steps.select import FINISHED

GOOD: dict[str, Any] = {"captions": ["a dog"], "streams": [("a",), ("b",)]}
BAD: dict[str, Any] = {"captions": [], "streams": [("a",)] * (MAX_SPEAKERS + 1)}
METRICS: list[tuple[Metric, str]] = [
    (CiderD(), "captions"),
    (CocoRougeL(), "captions"),
    (Meteor(), "captions"),
    (PermutationErrorRate(), "streams"),
    (PermutationErrorRate(pooled_order=True), "streams"),
]


def rows(kind: str) -> list[Row]:
    """Equal pairs, an error and a row that is not kept before the row that is to blame."""
    said: Any = ["a dog"] if kind == "captions" else [("a",), ("b",)]
    said = said[0] if kind == "captions" else said
    good = [Row(f"good{n}", said, GOOD[kind], True, prompt=f"p{n % 2}") for n in range(5)]
    skipped = Row("skipped", said, BAD[kind], False, prompt="p0")
    return [
        *good,
        Row("error", None, GOOD[kind], True),
        skipped,
        Row("bad", said, BAD[kind], True, prompt="p1"),
        *good[:1],
    ]


@pytest.mark.parametrize(("metric", "kind"), METRICS, ids=lambda value: getattr(value, "signature", value))
def test_the_row_is_named(metric: Metric, kind: str) -> None:
    convention = Convention("c", "C.", metric, select=(FINISHED,))
    found = count(rows(kind), [("m", convention)])["m", "c"]
    assert found.failure is not None
    assert found.failure[1] == "bad"
    axis = Axis("metric", (counted("c", metric),))
    pipelines = Specification("t", "m", (axis,)).pipelines([convention])
    with pytest.raises(ScoringError) as raised:
        universe(rows(kind), pipelines[-1:])
    assert raised.value.row == "bad"
    with pytest.raises(ScoringError) as raised:
        sensitivity(ChainCache(rows(kind)), convention, bootstrap=0, permutations=0)
    assert raised.value.row == "bad"


def test_the_message_names_file_and_row() -> None:
    task = tasks()["osr-librimix"]
    texts = [["a", "b"], ["a", "b"], ["c", "d"], ["a"] * (MAX_SPEAKERS + 1)]
    items = tuple(Row(f"r{n}", "a. b.", text, True) for n, text in enumerate(texts))
    chosen = PredictionSet(task.id, items, PredictionMeta(task.id, "m", "13b"), Path("x.jsonl"), "0" * 64, "0" * 64)
    with pytest.raises(InputError, match="more than 6 reference streams") as raised:
        score(chosen, task, conventions=["cpwer"], replicates=0)
    assert raised.value.where == "x.jsonl: row r3"
