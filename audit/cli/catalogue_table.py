"""The table of `repro-audit conventions --steps`: what a convention can be composed of, with the effect of each part."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from audit._util.terminal import in_a_line
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.parts import ListedMetric, ListedRule, ListedStep
from tasks.catalogue.rows import RULES, VIEWS
from tasks.catalogue.steps import STEPS

WIDTH = 80
_INDENT = " " * 6
# Characters of a row's text that fit beside the reason.
_SHORT = 12
_HEADINGS = {
    "text": "steps on a text",
    "split": "steps that split a text into a list",
    "tokens": "tokenizers, which end a chain",
}


def lines(*, long: bool) -> Iterator[str]:
    """The table; with `long`, each part's sentence and its name in signatures below its line."""
    for kind, heading in _HEADINGS.items():
        steps = [one for one in STEPS.values() if one.kind == kind]
        if steps:
            yield heading
        for one in steps:
            yield from _part(one.name, kind, effect(one), one.help, one.step.signature, long=long)
    yield "rules for rows, in `select`"
    for rule in RULES.values():
        yield from _part(rule.name, "rule", _skipped(rule), rule.help, rule.rule.name, long=long)
    yield "views, in `hypothesis_view` and `reference_view`"
    for view in VIEWS.values():
        yield from _part(view.name, "view", view.help, f"Gives {_ARTICLE[view.gives]}.", view.view.name, long=long)
    yield "metrics, in `metric`, with their `options` (the default first)"
    for metric in METRICS.values():
        yield from _part(metric.name, "metric", metric.help, _options(metric), metric.made().signature, long=long)


_ARTICLE = {"text": "a text, or a list of texts", "object": "an object, for metrics that read it"}


def _part(name: str, kind: str, shown: str, more: str, signature: str, *, long: bool) -> Iterator[str]:
    line = f"  {name:<23} {kind:<6} {shown}"
    # Cut to the screen; in a pipe every line is whole.
    yield line if len(line) <= WIDTH or not sys.stdout.isatty() else line[: WIDTH - 3] + "..."
    if long or kind == "metric":
        yield from textwrap.wrap(more, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)
    if long:
        yield f"{_INDENT}in signatures: {signature}"


def effect(step: ListedStep) -> str:
    """The effect of a step on its example, `"Dr. Smith" -> "dr. smith"`, or why it cannot be computed here."""
    return step.missing() or f"{_quoted(step.example)} -> {_value(step.effect())}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " + ".join(_value(item) for item in value)
    return " | ".join(map(in_a_line, value)) if isinstance(value, tuple) else _quoted(value)


def _quoted(text: str) -> str:
    return f'"{in_a_line(text)}"'


def _skipped(rule: ListedRule) -> str:
    text = str(getattr(rule.skipped, rule.shown))
    short = text if len(text) <= _SHORT or not sys.stdout.isatty() else text[: _SHORT - 3] + "..."
    field = "" if rule.shown == "hypothesis" else f"{rule.shown} "
    return f"{field}{_quoted(short)} skipped: {rule.rule.reason}"


def _options(metric: ListedMetric) -> str:
    free = [f'{name}: any, as "{example}"' for name, example in metric.free.items()]
    return "; ".join([*free, *(f"{name}: {', '.join(values)}" for name, values in metric.options.items())])


def as_json() -> dict[str, Any]:
    """The same as data."""
    return {
        "steps": [
            {
                "name": one.name,
                "kind": one.kind,
                "help": one.help,
                "example": one.example,
                "effect": None if one.missing() else one.effect(),
                "unavailable": one.missing(),
                "signature": one.step.signature,
            }
            for one in STEPS.values()
        ],
        "rules": [{"name": one.name, "help": one.help, "reason": one.rule.reason} for one in RULES.values()],
        "views": [{"name": one.name, "help": one.help, "gives": one.gives} for one in VIEWS.values()],
        "metrics": [
            {
                "name": one.name,
                "id": one.made().id,
                "help": one.help,
                "takes": list(one.takes),
                "tokenizers": list(one.tokenizers),
                "free": dict(one.free),
                "options": {name: list(values) for name, values in one.options.items()},
                "unavailable": one.missing(),
            }
            for one in METRICS.values()
        ],
    }
