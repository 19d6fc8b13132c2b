from __future__ import annotations

from fractions import Fraction

import pytest

from audit.literature.known_tasks import conventions_of as conventions
from audit.literature.known_tasks import known_tasks as tasks
from tasks.registry import build
from tasks.row import Row
from tasks.step_cache import ChainCache
from tasks.task import Task, declare

KNOWN = conventions()
ROWS = [
    Row("1", "It is a dog.</s>", "dog", extra={"choices": ["dog", "cat"]}),
    Row("2", "(a) dog", "dog", extra={"choices": ["dog", "cat"]}),
    Row("3", "cat", "dog", extra={"choices": ["dog", "cat"]}),
    Row("4", "B. cat", "cat", extra={"choices": ["dog", "cat"]}),
]


def score(rows: list[Row], metric: str, name: str) -> tuple[object, list[int]]:
    convention = KNOWN["sakura-animal-single", metric, name]
    kept = [row for row in rows if all(rule.keep(row) for rule in convention.select)]
    cache = ChainCache(kept)
    counts = convention.metric.count(
        cache.values(convention.hypothesis_view, convention.hypothesis),
        cache.values(convention.reference_view, convention.reference),
    )
    return convention.metric.fold(counts), counts.sum(axis=0).tolist()


def test_eight_tasks() -> None:
    assert sum(name.startswith("sakura-") for name in tasks()) == 8


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("string-match", [3, 4, 0]),
        ("choice-letter", [2, 4, 2]),  # two outputs name no letter
        ("air-bench", [1, 1, 3]),  # of the four outputs only `B. cat` has a capital at one of the two places
        ("mmau-v0", [3, 4, 0]),
        ("mmau-v1", [3, 4, 0]),
        ("muchomusic", [3, 4, 0]),
    ],
)
def test_accuracy(name: str, expected: list[int]) -> None:
    value, counts = score(ROWS, "accuracy", name)
    assert counts == expected
    assert value == Fraction(*expected[:2])


def test_rows_without_options() -> None:
    rows = [Row("1", "a dog", "dog"), Row("2", "a cat", "dog")]
    assert score(rows, "accuracy", "string-match")[1] == [1, 2, 0]
    assert score(rows, "accuracy", "choice-letter") == (None, [0, 0, 0])


def test_the_judge_has_its_place() -> None:
    assert KNOWN["sakura-gender-multi", "accuracy", "sakura-judge"].unavailable() == "needs a judge"


def test_options_of_the_task_stand_in_for_those_of_a_row() -> None:
    """Rows that state no options have the task's; a row's own count more."""
    plain, given = (build(declare("m", "multiple-choice", p)) for p in ({}, {"options": ["yes", "no", "maybe"]}))
    rows = [
        Row("1", "yes or no", "yes"),
        Row("2", "(b)", "no"),
        Row("3", "(b)", "cat", extra={"choices": ["dog", "cat"]}),
    ]
    assert [counts(plain, name, rows) for name in ("string-match", "choice-letter")] == [(1, 3, 1), (1, 1, 0)]
    assert [counts(given, name, rows) for name in ("string-match", "choice-letter")] == [(0, 3, 2), (2, 3, 1)]
    one, other = (task.convention("accuracy", "mmau-v1") for task in (plain, given))
    assert one.signature != other.signature
    assert one.hash != other.hash
    different = build(declare("m", "multiple-choice", {"options": ["no", "yes", "maybe"]}))
    assert different.convention("accuracy", "mmau-v1").hash != other.hash


def counts(task: Task, name: str, rows: list[Row]) -> tuple[int, ...]:
    convention = task.convention("accuracy", name)
    kept = [row for row in rows if all(rule.keep(row) for rule in convention.select)]
    cache = ChainCache(kept)
    found = convention.metric.count(
        cache.values(convention.hypothesis_view, convention.hypothesis),
        cache.values(convention.reference_view, convention.reference),
    )
    return tuple(found.sum(axis=0).tolist())
