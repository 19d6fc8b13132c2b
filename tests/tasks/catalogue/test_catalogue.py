"""The catalogue lists every part that exists, and each example shows what its part does."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import tasks.metrics
import tasks.steps
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.parts import ListedMetric, ListedRule, ListedStep, by_name
from tasks.catalogue.rows import RULES, VIEWS
from tasks.catalogue.steps import STEPS
from tasks.convention import Selection, View
from tasks.step import Step

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# The identity: sacreBLEU's `none` returns its text, and evaluators name it as a step of theirs.
UNCHANGED = {"none-text"}
steps = pytest.mark.parametrize("listed", STEPS.values(), ids=list(STEPS))
rules = pytest.mark.parametrize("listed", RULES.values(), ids=list(RULES))
metrics = pytest.mark.parametrize("listed", METRICS.values(), ids=list(METRICS))


def parts(kind: type) -> Iterator[tuple[str, object]]:
    """All parts of a kind that a module of steps or metrics defines."""
    for package in (tasks.steps, tasks.metrics):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, kind):
                    yield f"{module.name}.{name}", value


@pytest.mark.parametrize(("kind", "listed"), [
    (Step, [one.step for one in STEPS.values()]),
    (Selection, [one.rule for one in RULES.values()]),
    (View, [one.view for one in VIEWS.values()]),
])  # fmt: skip
def test_every_part_is_listed(kind: type, listed: list[object]) -> None:
    assert [name for name, part in parts(kind) if part not in listed] == []


def test_there_are_parts_to_list() -> None:
    assert len(dict(parts(Step))) > 40
    assert len(dict(parts(Selection))) >= 4


@steps
def test_an_example_is_changed_by_its_step(listed: ListedStep) -> None:
    if reason := listed.missing():
        pytest.skip(reason)
    result = listed.effect()
    if listed.kind == "text":
        assert (result == listed.example) == (listed.name in UNCHANGED)
    else:
        assert len(result) > 1
        assert all(isinstance(piece, str) for piece in result)


@steps
def test_many_texts_at_once_give_the_same(listed: ListedStep) -> None:
    if reason := listed.missing():
        pytest.skip(reason)
    if listed.step.batch is not None:
        assert listed.step.batch([listed.example, ""]) == [listed.effect(), listed.step("")]


@rules
def test_a_rule_skips_its_example(listed: ListedRule) -> None:
    assert listed.rule.keeps([listed.skipped, listed.kept]) == [False, True]


@metrics
def test_a_metric_is_made_with_each_value_of_its_options(listed: ListedMetric) -> None:
    plain = listed.made()
    assert plain == listed.made()
    for name, values in listed.options.items():
        made = set()
        for value in values:
            try:
                made.add(listed.made({name: value}).signature)
            except ValueError:  # needs another option
                made.add(value)
        assert len(made) == len(values), name


def test_names_are_words_joined_by_hyphens_with_a_sentence_each() -> None:
    for listed in (*STEPS.values(), *RULES.values(), *VIEWS.values(), *METRICS.values()):
        assert NAME.fullmatch(listed.name)
        assert listed.help.rstrip("`").endswith("."), listed.name
        assert len(listed.name) <= 23, listed.name


def test_a_name_stands_for_one_part() -> None:
    first = STEPS["lower"]
    with pytest.raises(ValueError, match="duplicate name lower"):
        by_name([first, first])
    # Two names of one step would be two words for one thing.
    assert len({one.step for one in STEPS.values()}) == len(STEPS)
    assert len({one.rule for one in RULES.values()}) == len(RULES)
