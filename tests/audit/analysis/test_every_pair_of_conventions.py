"""Rows and runs of every kind of task: any two conventions of a metric, and two runs under all, add up or are refused."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from typing import Any

import pytest

from audit.analysis.compared_runs import compare_runs
from audit.analysis.paying_rows import PayingRows
from audit.analysis.paying_rows_page import page
from audit.analysis.row_detective import paying_rows
from audit.errors import InputError, MissingError
from audit.literature.known_tasks import known_tasks
from audit.scoring.predictions import PredictionSet
from audit.scoring.rows_in_memory import prediction_set
from tests.audit.test_fuzz_rows import CHOICES, OUTPUTS, PROMPTS, REFERENCES

TASKS = known_tasks()
# Programs in Java take seconds to start, and SPICE reads dictionaries.
_SLOW = ("spice", "spider", "meteor")
_PAIRS = 12
# Tasks with one convention a metric, or whose conventions need a judge.
_NONE = {"sac-inhouse", "story-audiocaps"}


def run_of(task: str, seed: int) -> PredictionSet:
    rng = random.Random(seed)
    records = [
        {"id": f"{n:02}", "hypothesis": rng.choice(OUTPUTS), "reference": random.Random(n).choice(REFERENCES[task]),
         "prompt": PROMPTS[n % len(PROMPTS)], "extra": {"choices": CHOICES[n % 3]}}
        for n in range(14)
    ]  # fmt: skip
    return prediction_set(TASKS[task], records)


def check(found: PayingRows) -> None:
    total = sum((row.share for row in found.rows), Fraction(0))
    assert float(total) + float(found.remainder) == pytest.approx(float(found.gap), abs=1e-9)
    if found.method == "exact":
        assert total == found.gap == sum((kind.share for kind in found.kinds), Fraction(0))
    assert "\x1b" not in "\n".join(found.lines())
    assert page(found, None).endswith("</html>")
    assert found.table()
    assert found.as_json()["rows"] is not None


@pytest.mark.parametrize("task", sorted(REFERENCES))
def test_two_conventions(task: str) -> None:
    run = run_of(task, 1)
    rng = random.Random(task)
    done = 0
    for metric, rules in TASKS[task].conventions.items():
        if metric in _SLOW:
            continue
        live = [rule for rule in rules if rule.unavailable() is None]
        pairs = list(itertools.combinations(live, 2))
        for first, second in rng.sample(pairs, min(_PAIRS, len(pairs))):
            try:
                found = paying_rows(TASKS[task], run, metric, (first, second))
            except (InputError, MissingError):
                continue
            check(found)
            done += 1
    assert done or task in _NONE


@pytest.mark.parametrize("task", sorted(REFERENCES))
def test_two_runs(task: str) -> None:
    metrics: list[Any] = [name for name in TASKS[task].conventions if name not in _SLOW]
    for metric in metrics:
        try:
            found = compare_runs(TASKS[task], run_of(task, 1), run_of(task, 2), metric=metric, replicates=20)
        except MissingError:
            continue
        assert found.rows == 14
        if found.breakdown is not None:
            split = found.breakdown
            total = sum((part.share for part in split.kinds), Fraction(0))
            assert float(total) + float(split.remainder) == pytest.approx(float(split.gap), abs=1e-9)
        assert found.lines()
        assert found.as_json()["rows"] == 14
        assert found.table()
