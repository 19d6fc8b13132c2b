"""Conventions as points of a multiverse."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from audit.literature.known_tasks import known_tasks as tasks
from tasks.analysis.attribution import attribute
from tasks.analysis.multiverse import Pipeline, universe
from tasks.analysis.points import changes, combination, mixture, point_of, with_own
from tasks.analysis.specifications import specification
from tasks.row import Row
from tasks.task import Task
from tests.support.multiverse_rows import rows

TASKS = tasks()
ASR = TASKS["asr-librispeech-clean"]
SPEC = specification(ASR, "wer")


def every_metric() -> list[tuple[Task, str]]:
    """One task of each family and parameters."""
    found = {}
    for task in TASKS.values():
        for metric in task.conventions:
            found.setdefault((task.family, str(task.parameters), metric), (task, metric))
    return list(found.values())


def test_every_registered_convention_is_a_point_and_the_point_is_that_convention() -> None:
    own = combined = 0
    for task, metric in every_metric():
        spec = specification(task, metric)
        for convention in task.conventions[metric]:
            if convention.unavailable() is not None:
                continue
            point = point_of(spec, convention)
            made = point.convention
            assert set(made.select) == set(convention.select)
            assert replace(made, select=()).signature == replace(convention, select=()).signature
            assert len(point.options) == len(point.axes) == len(spec.axes)
            own, combined = own + (point.own is not None), combined + (point.own is None)
    assert own > 30
    assert combined > 60


@pytest.mark.parametrize(
    ("convention", "options", "own"),
    [
        ("audiobench", ["all", "special", "audiobench", "words", "corpus"], None),
        ("hufs-finished", ["finished", "raw", "jiwer", "words-between-spaces", "corpus"], (3, 4)),
        ("ultraeval-audio", ["all", "special", "whisper-en", "join.13a+lower+words", "corpus"], (3, 4)),
        (
            "open-asr-leaderboard",
            ["open-asr-2026-reference", "special", "open-asr-2026", "words", "levenshtein.merged-compounds, corpus"],
            (2, 3),
        ),
        ("llaso", ["all", "llaso", "", "", ""], (1, 5)),
    ],
)
def test_own_steps_take_as_few_axes_as_possible(convention: str, options: list[str], own: object) -> None:
    point = point_of(SPEC, ASR.convention("wer", convention))
    assert [option.name for option in point.options] == options
    assert point.own == own


def test_axes_with_own_steps_change_together() -> None:
    first = point_of(SPEC, ASR.convention("wer", "open-asr-leaderboard"))
    second = combination(SPEC, ["all", "raw", "verbatim", "13a", "mean-of-rows"])
    assert second is not None
    found = changes(first, second)
    assert [(c.axes, c.before, c.after) for c in found] == [
        (("selection",), "open-asr-2026-reference", "all"),
        (("cleaning",), "special", "raw"),
        (("normaliser",), "open-asr-2026", "verbatim"),
        (("tokenizer",), "words", "13a"),
        (("fold",), "levenshtein.merged-compounds, corpus", "mean-of-rows"),
    ]
    assert changes(first, first) == ()
    assert mixture(first, second, found).signature == second.convention.signature
    assert mixture(first, second, ()).signature == first.convention.signature
    # Both have steps of their own, on axes that meet: one step.
    llaso = point_of(SPEC, ASR.convention("wer", "llaso"))
    assert [c.axes for c in changes(llaso, first)] == [("selection",), ("cleaning", "normaliser", "tokenizer", "fold")]


def test_a_point_counts_as_its_convention_does() -> None:
    data = rows(40)
    known = [c for c in ASR.conventions["wer"] if c.unavailable() is None]
    alone = [Pipeline((("convention", c.id),), c) for c in known]
    points = [Pipeline((("convention", c.id),), point_of(SPEC, c).convention) for c in known]
    values = [o.value for o in universe(data, alone).outcomes()]
    assert [o.value for o in universe(data, points).outcomes()] == values
    assert len(set(values)) > 10


def test_unknown_options_are_no_point() -> None:
    assert combination(SPEC, ["all", "special", "lower", "words"]) is None
    assert combination(SPEC, ["all", "special", "upper", "words", "corpus"]) is None


def test_own_steps_are_one_more_option_of_their_axis() -> None:
    hufs = point_of(SPEC, ASR.convention("wer", "hufs"))
    more = with_own(SPEC, hufs)
    assert [o.name for o in more.axes[3].options][-1] == "words-between-spaces"
    assert [len(a.options) - len(b.options) for a, b in zip(more.axes, SPEC.axes, strict=True)] == [0, 0, 0, 1, 0]
    assert with_own(SPEC, point_of(SPEC, ASR.convention("wer", "llaso"))).axes == SPEC.axes
    assert with_own(SPEC, point_of(SPEC, ASR.convention("wer", "audiobench"))).axes == SPEC.axes


def test_everything_between_two_conventions_on_keyphrases_can_be_counted() -> None:
    """Some of them split the output into phrases, some give the metric the text, and one splits on another axis."""
    task = TASKS["ke-inspec"]
    spec = specification(task, "accuracy")
    points = {c.id: point_of(spec, c) for c in task.conventions["accuracy"]}
    made = [Row("a", "the river, a window</s>", ["river", "window"]), Row("b", "nothing", ["paper", "station"])]
    for first, second in combinations(points.values(), 2):
        found = attribute(made, first, second)
        assert sum(step.part for step in found.steps) == found.end - found.start, (first.name, second.name)
    joined = changes(points["kpg-exact-f5"], points["kpg-exact-f10"])
    assert [change.axes for change in joined] == [("cleaning", "metric")]
