"""Conventions from data: a mapping that names registered parts becomes an ordinary `Convention`, and back.

The parts are those of `tasks.catalogue`, so a chain of the same steps has the same signature, hash and values, whether it is
composed in Python or declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from tasks.availability import Always, first_reason
from tasks.catalogue.chains import LISTED, chain, check_ends, known
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.parts import ListedMetric, Part
from tasks.catalogue.rows import RULES, VIEWS
from tasks.catalogue.steps import STEPS
from tasks.convention import Convention
from tasks.errors import DeclarationError
from tasks.metrics.metric import Metric

_SIDES = ("hypothesis", "reference")


def convention(data: Mapping[str, Any]) -> Convention:
    """The convention that a mapping declares.

    Args:
        data: `id`, `summary` and `metric` (a name in `METRICS`); optional `options` of the metric, `hypothesis` and
            `reference` (names in `STEPS`, in order), `hypothesis_view` and `reference_view` (names in `VIEWS`), `select`
            (names in `RULES`), `notes`. Other keys are left to the caller.

    Raises:
        DeclarationError: A name is unknown, or the parts do not fit together.
    """
    listed = known(data["metric"], METRICS, ("metric",), "metric")
    metric = _made(listed, data.get("options") or {})
    rules = [known(name, RULES, ("select", n), "rule for rows") for n, name in enumerate(data.get("select", ()))]
    views = [known(data.get(f"{side}_view", side), VIEWS, (f"{side}_view",), "view") for side in _SIDES]
    hypothesis, reference = (chain(data.get(side, ()), side, view) for side, view in zip(_SIDES, views, strict=True))
    check_ends(listed, hypothesis, reference)
    reasons = dict.fromkeys([listed.missing, *(one.missing for one in (*hypothesis.steps, *reference.steps))])
    return Convention(
        data["id"],
        data["summary"],
        metric,
        hypothesis=tuple(one.step for one in hypothesis.steps),
        reference=tuple(one.step for one in reference.steps),
        select=tuple(one.rule for one in rules),
        hypothesis_view=hypothesis.view.view,
        reference_view=reference.view.view,
        unavailable=first_reason(*reasons),
        notes=data.get("notes") or "",
    )


def _made(metric: ListedMetric, options: Mapping[str, str | int]) -> Metric:
    """The metric with its options."""
    chosen = {name: str(value) for name, value in options.items()}
    for name, example in metric.free.items():
        if name not in chosen:
            what = f"{metric.name} needs the option `{name}`"
            raise DeclarationError(what, field=("options",), fix=f"Write `{name}: {example}`, for instance.")
    for name, value in chosen.items():
        if name in metric.free:
            continue
        allowed = metric.options.get(name)
        if allowed is None:
            has = ", ".join([*metric.free, *metric.options]) or "none"
            what = f"{metric.name} has no option `{name}`"
            raise DeclarationError(what, field=("options", name), fix=f"Options of {metric.name}: {has}.")
        if value not in allowed:
            what = f"`{value}` is not a value of {name}"
            raise DeclarationError(what, field=("options", name), fix=f"Use one of: {', '.join(allowed)}.")
    try:
        return metric.made(chosen)
    except ValueError as error:
        raise DeclarationError(str(error), field=("options",), fix=f"Options of metrics: {LISTED}") from error


def as_data(item: Convention) -> dict[str, Any] | None:
    """The declaration of a convention, or None if a part of it is not in the catalogue, or if it can be computed nowhere.

    What `convention` makes of it has the same signature and hash.
    """
    if isinstance(item.unavailable, Always):
        return None
    found = _named(item.metric)
    views = {f"{side}_view": _name(VIEWS, "view", getattr(item, f"{side}_view")) for side in _SIDES}
    chains = {side: [_name(STEPS, "step", one) for one in getattr(item, side)] for side in _SIDES}
    rules = [_name(RULES, "rule", one) for one in item.select]
    if found is None or None in (*views.values(), *chains["hypothesis"], *chains["reference"], *rules):
        return None
    metric, options = found
    data: dict[str, Any] = {"id": item.id, "summary": item.summary, "metric": metric}
    data |= {"options": options} if options else {}
    data |= chains | {key: name for key, name in views.items() if key != f"{name}_view"}
    return data | ({"select": rules} if rules else {}) | ({"notes": item.notes} if item.notes else {})


def _name(parts: Mapping[str, Part], attribute: str, wanted: object) -> str | None:
    return next((name for name, part in parts.items() if getattr(part, attribute) == wanted), None)


def _named(metric: Metric) -> tuple[str, dict[str, str]] | None:
    """The name and the options, without defaults, of a metric."""
    for name, listed in METRICS.items():
        for values in product(*listed.options.values()):
            chosen = dict(zip(listed.options, values, strict=True))
            if _equals(listed, chosen, metric):
                return name, {key: value for key, value in chosen.items() if value != listed.options[key][0]}
    return None


def _equals(listed: ListedMetric, chosen: Mapping[str, str], metric: Metric) -> bool:
    try:
        made = listed.made(chosen)
    except ValueError:  # options that exclude each other
        return False
    return made == metric and made.signature == metric.signature
