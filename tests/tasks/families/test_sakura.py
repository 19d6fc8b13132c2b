from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tasks.errors import ScoringError
from tasks.families.sakura import PRIOR_FIELD, with_prior
from tasks.registry import conventions, tasks
from tasks.row import Row
from tasks.step_cache import ChainCache

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
        ("string-match", [3, 4]),
        ("choice-letter", [2, 4]),
        ("air-bench", [1, 1]),  # of the four outputs only `B. cat` has a capital at one of the two places
        ("mmau-v0", [3, 4]),
        ("mmau-v1", [3, 4]),
        ("muchomusic", [3, 4]),
    ],
)
def test_accuracy(name: str, expected: list[int]) -> None:
    value, counts = score(ROWS, "accuracy", name)
    assert counts == expected
    assert value == Fraction(*expected)


def test_rows_without_options() -> None:
    rows = [Row("1", "a dog", "dog"), Row("2", "a cat", "dog")]
    assert score(rows, "accuracy", "string-match")[1] == [1, 2]
    assert score(rows, "accuracy", "choice-letter") == (None, [0, 0])


def test_the_judge_has_its_place() -> None:
    for metric in ("accuracy", "accuracy-over-prior"):
        assert KNOWN["sakura-gender-multi", metric, "sakura-judge"].unavailable() == "needs a judge"


def test_over_prior() -> None:
    rows = with_prior(ROWS, {"1": "dog", "2": "a cat", "3": "dog</s>", "4": "bird"})
    value, counts = score(rows, "accuracy-over-prior", "string-match")
    assert counts == [3, 2, 4]
    assert value == Fraction(1, 4)
    convention = KNOWN["sakura-animal-single", "accuracy-over-prior", "string-match"]
    replicates = convention.metric.replicate(np.array([[1, 0, 1], [0, 1, 1]]), np.array([[1.0, 1], [0, 2], [0, 0]]))
    assert replicates[:2].tolist() == [0, -1]
    assert np.isnan(replicates[2])


def test_rows_without_a_prior_are_skipped_or_refused() -> None:
    rows = [Row("1", "dog", "dog", extra={PRIOR_FIELD: "dog"}), Row("2", "dog", "dog")]
    assert score(rows, "accuracy-over-prior", "string-match")[1] == [1, 1, 1]
    with pytest.raises(ScoringError, match="row 2: no output without audio"):
        with_prior(rows, {"1": "dog"})
    failed = with_prior([Row("3", None, "dog", extra={"error": "no audio"})], {})
    assert failed[0].extra[PRIOR_FIELD] is None
