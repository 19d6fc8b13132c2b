"""Conventions from data: a mapping that names registered parts becomes an ordinary `Convention`.

The parts are those of `tasks.catalogue`, so a chain of the same steps has the same signature, hash and values, whether it is
composed in Python or declared. Chains are checked as they are built: a step for texts cannot follow a tokenizer, and a
metric of words needs one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from tasks.availability import Reason, first_reason
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.parts import ListedMetric, ListedRule, ListedStep, ListedView
from tasks.catalogue.rows import RULES, VIEWS
from tasks.catalogue.steps import STEPS
from tasks.convention import Convention
from tasks.metrics.metric import Metric

Field: TypeAlias = tuple[str | int, ...]
LIST = "`repro-audit conventions --steps` lists them"


class DeclarationError(ValueError):
    """A declared convention that cannot be composed.

    Attributes:
        what: What is wrong.
        field: Where, from the top of the declaration: `("hypothesis", 2)`.
        fix: The remedy.
    """

    def __init__(self, what: str, field: Field, fix: str) -> None:
        super().__init__(f"{'.'.join(map(str, field))}: {what}")
        self.what = what
        self.field = field
        self.fix = fix


def convention(data: Mapping[str, Any]) -> Convention:
    """The convention that a mapping declares.

    Args:
        data: `id`, `summary` and `metric` (a name in `METRICS`); optional `options` of the metric, `hypothesis` and
            `reference` (names in `STEPS`, in order), `hypothesis_view` and `reference_view` (names in `VIEWS`), `select`
            (names in `RULES`), `notes`. Other keys are left to the caller.

    Raises:
        DeclarationError: A name is unknown, or the parts do not fit together.
    """
    listed = _metric(data["metric"])
    metric = _made(listed, data.get("options") or {})
    rules = [_rule(name, index) for index, name in enumerate(data.get("select", ()))]
    chains: dict[str, list[ListedStep]] = {}
    views: dict[str, ListedView] = {}
    for side in ("hypothesis", "reference"):
        key = f"{side}_view"
        views[side] = _known(data.get(key, side), VIEWS, (key,), "view")
        chains[side] = _chain(data.get(side, ()), side, views[side], listed)
    return Convention(
        data["id"],
        data["summary"],
        metric,
        hypothesis=tuple(item.step for item in chains["hypothesis"]),
        reference=tuple(item.step for item in chains["reference"]),
        select=tuple(rule.rule for rule in rules),
        hypothesis_view=views["hypothesis"].view,
        reference_view=views["reference"].view,
        unavailable=first_reason(*_missing(listed, (*chains["hypothesis"], *chains["reference"]))),
        notes=data.get("notes") or "",
    )


def _missing(metric: ListedMetric, steps: Iterable[ListedStep]) -> Iterable[Reason]:
    return dict.fromkeys([metric.missing, *(item.missing for item in steps)])


def _known(name: str, parts: Mapping[str, Any], field: Field, noun: str) -> Any:
    if name in parts:
        return parts[name]
    near = difflib.get_close_matches(name, list(parts), 3)
    hint = f"Did you mean {' or '.join(f'`{one}`' for one in near)}? " if near else ""
    raise DeclarationError(
        f"unknown {noun} `{name}`", field, f"{hint}{LIST}.".capitalize() if not near else hint + LIST
    )


def _metric(name: str) -> ListedMetric:
    found: ListedMetric = _known(name, METRICS, ("metric",), "metric")
    return found


def _made(metric: ListedMetric, options: Mapping[str, str]) -> Metric:
    """The metric with its options."""
    for name, value in options.items():
        allowed = metric.options.get(name)
        if allowed is None:
            has = ", ".join(metric.options) or "none"
            raise DeclarationError(
                f"{metric.name} has no option `{name}`", ("options", name), f"Options of {metric.name}: {has}."
            )
        if str(value) not in allowed:
            raise DeclarationError(
                f"`{value}` is not a value of {name}", ("options", name), f"Use one of: {', '.join(allowed)}."
            )
    try:
        return metric.made({name: str(value) for name, value in options.items()})
    except ValueError as error:
        raise DeclarationError(str(error), ("options",), f"See the options of {metric.name}: {LIST}.") from error


def _rule(name: str, index: int) -> ListedRule:
    found: ListedRule = _known(name, RULES, ("select", index), "rule for rows")
    return found


def _step(name: str, field: Field) -> ListedStep:
    if name not in STEPS:
        # Names as signatures write them, for a chain that was copied from there.
        same = [item.name for item in STEPS.values() if name in {item.step.name, item.step.signature}]
        if same:
            raise DeclarationError(f"`{name}` is the name of a step in signatures", field, f"Write `{same[0]}`.")
    found: ListedStep = _known(name, STEPS, field, "step")
    return found


def _chain(names: Sequence[str], side: str, view: ListedView, metric: ListedMetric) -> list[ListedStep]:
    """The steps of one side, after a check that each can read what the one before it makes."""
    steps: list[ListedStep] = []
    split = False
    form = view.gives
    for index, name in enumerate(names):
        field = (side, index)
        item = _step(name, field)
        if form == "object":
            raise DeclarationError(
                f"`{name}` reads texts, and the view {view.name} gives an object",
                field,
                "Leave this side without steps.",
            )
        last = steps[-1] if steps else None
        if last is not None and last.kind == "tokens":
            other = (
                "is a second tokenizer after"
                if item.kind == "tokens"
                else "reads texts, but stands after the tokenizer"
            )
            raise DeclarationError(
                f"`{name}` {other} `{last.name}`", field, f"Put the tokenizer last: move `{last.name}` to the end."
            )
        split = split or item.kind == "split"
        steps.append(item)
    _end(steps, side, split, view, metric)
    return steps


def _end(steps: Sequence[ListedStep], side: str, split: bool, view: ListedView, metric: ListedMetric) -> None:
    """Check that the metric can read what a chain ends in."""
    form = "tokens" if steps and steps[-1].kind == "tokens" else view.gives
    if form not in metric.takes:
        if form == "text":
            raise DeclarationError(
                f"{metric.name} counts tokens, and this chain ends in a text",
                (side,),
                "End it with a tokenizer, such as `words`.",
            )
        raise DeclarationError(
            f"{metric.name} reads {' or '.join(metric.takes)}, and this chain ends in "
            + ("tokens" if form == "tokens" else f"what the view {view.name} gives"),
            (side, len(steps) - 1) if steps else (side,),
            "Leave out the tokenizer." if form == "tokens" else "Choose another view or metric.",
        )
    if side == "hypothesis" and split != metric.streams:
        if metric.streams:
            raise DeclarationError(
                f"{metric.name} compares lists, and this chain splits nothing",
                (side,),
                f"Add a step that splits: {', '.join(item.name for item in STEPS.values() if item.kind == 'split')}.",
            )
        raise DeclarationError(
            f"{metric.name} compares one text with another, and this chain splits the output",
            (side,),
            "Leave out the split.",
        )
