"""Medians, ranges and ratios over runs, and the file that keeps them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.errors import InputError
from benchmarks.results import Measured, Results, Spread, significant


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([4.0], "4.00"),
        ([5.0, 1.0, 3.0, 4.0, 100.0], "4.00 (1.00 to 100)"),
        ([1.0, 2.0], "1.50 (1.00 to 2.00)"),
        ([0.01234, 0.5, 1234.6], "0.500 (0.0123 to 1,235)"),
    ],
)
def test_the_median_stands_with_the_fastest_and_the_slowest(numbers: list[float], said: str) -> None:
    assert Spread.of(numbers).text() == said


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (0, 3, "0"),
        (9.996, 3, "10.0"),
        (0.99951, 3, "1.00"),
        (29.96, 2, "30"),
        (613.4, 2, "613"),
        (0.00012345, 3, "0.000123"),
    ],
)
def test_digits_are_significant(value: float, digits: int, said: str) -> None:
    assert significant(value, digits) == said


def test_a_ratio_is_of_the_same_run() -> None:
    """The median of the ratios is not the ratio of the medians."""
    both = Measured({"a": [{"seconds": s} for s in (10, 40, 90)], "b": [{"seconds": s} for s in (10, 20, 10)]})
    assert both.ratio("a", "b", "seconds") == Spread(2, 1, 9, 3)
    assert both.spread("a", "seconds").median / both.spread("b", "seconds").median == 4


def test_versions_that_differ_between_runs_are_both_named() -> None:
    runs = [{"versions": {"jiwer": "4.0.0", "numpy": "2.4"}}, {"versions": {"jiwer": "4.1.0"}}]
    assert Measured({"a": runs, "b": [{}]}).versions() == {"jiwer": "4.0.0 and 4.1.0", "numpy": "2.4"}


def test_what_was_found_is_there_after_a_stop(tmp_path: Path) -> None:
    file, conditions = tmp_path / "r.json", {"code": "a"}
    first = Results(file, conditions)
    first.add("g", 1, 0.5, {"w": {"seconds": 3}})
    again = Results(file, {**conditions, "captions": "c"})
    assert again.has("g", 1)
    assert not again.has("g", 2)
    again.add("g", 2, 1.5, {"w": {"seconds": 4}})
    third = Results(file, conditions)
    assert third.measured(["g"], 2).numbers("g/w", "seconds") == [3, 4]
    assert third.loads(["g"], 2) == [0.5, 1.5]
    assert third.conditions == {"code": "a", "captions": "c"}
    with pytest.raises(InputError, match="captions was 'c', and is 'd'"):
        Results(file, {**conditions, "captions": "d"})


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"schema": "other", "conditions": {}, "groups": {}})])
def test_another_file_is_not_overwritten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "r.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="--results"):
        Results(file, {})
    assert file.read_text(encoding="utf-8") == text


def test_results_of_other_code_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    Results(file, {"code": "a"}).add("g", 1, 0.5, {})
    with pytest.raises(InputError, match="code was 'a', and is 'b'"):
        Results(file, {"code": "b"})
