"""Chains of steps by name, checked as they are built: each step reads what the one before it makes, and the metric its end."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tasks.catalogue.parts import Form, ListedMetric, ListedStep, ListedView, Part
from tasks.catalogue.steps import STEPS
from tasks.errors import DeclarationError

Field: TypeAlias = tuple[str | int, ...]
LISTED = "`repro-audit conventions --steps` lists them."


def known(name: str, parts: Mapping[str, Part], field: Field, noun: str) -> Part:
    """The part of that name.

    Raises:
        DeclarationError: There is none; similar names are suggested.
    """
    found = parts.get(name)
    if found is None:
        near = difflib.get_close_matches(name, list(parts), 3)
        hint = f"Did you mean {' or '.join(f'`{one}`' for one in near)}? " if near else ""
        raise DeclarationError(f"unknown {noun} `{name}`", field=field, fix=hint + LISTED)
    return found


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps of one side of a convention.

    Attributes:
        side: `hypothesis` or `reference`.
        view: The part of a row that it starts from.
        steps: In order.
    """

    side: str
    view: ListedView
    steps: tuple[ListedStep, ...]

    @property
    def form(self) -> Form:
        """What it ends in."""
        return "tokens" if self.tokenizer else self.view.gives

    @property
    def tokenizer(self) -> str | None:
        """The tokenizer at its end, or None."""
        last = self.steps[-1] if self.steps else None
        return last.name if last is not None and last.kind == "tokens" else None

    @property
    def splits(self) -> bool:
        """Whether it makes a list of a text."""
        return any(item.kind == "split" for item in self.steps)

    @property
    def end(self) -> Field:
        """The field of its last step; that of the side if it has none."""
        return (self.side, len(self.steps) - 1) if self.steps else (self.side,)


def chain(names: Sequence[str], side: str, view: ListedView) -> Chain:
    """The chain of these steps.

    Raises:
        DeclarationError: A step is unknown, or cannot read what the one before it makes.
    """
    steps: list[ListedStep] = []
    for index, name in enumerate(names):
        field = (side, index)
        item = _step(name, field)
        if view.gives == "object":
            what = f"`{name}` reads texts, and the view {view.name} gives an object"
            raise DeclarationError(what, field=field, fix=f"Write `{side}: []`.")
        last = steps[-1] if steps else None
        if last is not None and last.kind == "tokens":
            if item.kind == "tokens":
                what, fix = f"`{name}` is a second tokenizer after `{last.name}`", "Keep one of them."
            else:
                what = f"`{name}` reads texts, but stands after the tokenizer `{last.name}`"
                fix = f"Move `{last.name}` to the end."
            raise DeclarationError(what, field=field, fix=fix)
        steps.append(item)
    return Chain(side, view, tuple(steps))


def _step(name: str, field: Field) -> ListedStep:
    # Names as signatures write them, for a chain that was copied from there.
    same = [one.name for one in STEPS.values() if name in {one.step.name, one.step.signature}]
    if name not in STEPS and same:
        raise DeclarationError(f"`{name}` is the name of a step in signatures", field=field, fix=f"Write `{same[0]}`.")
    return known(name, STEPS, field, "step")


def check_ends(metric: ListedMetric, hypothesis: Chain, reference: Chain) -> None:
    """Check that a metric can read what the two chains end in.

    Raises:
        DeclarationError: It cannot, or the two sides do not fit together.
    """
    for one in (hypothesis, reference) if metric.reads_reference else (hypothesis,):
        _check_end(metric, one)
    if metric.streams and not hypothesis.splits:
        splits = ", ".join(one.name for one in STEPS.values() if one.kind == "split")
        what = f"{metric.name} compares lists, and this chain splits nothing"
        raise DeclarationError(what, field=("hypothesis",), fix=f"Add a step that splits: {splits}.")
    if not metric.streams and (hypothesis.splits or reference.splits):
        side = hypothesis.side if hypothesis.splits else reference.side
        what = f"{metric.name} compares one text with another, and this chain splits it"
        raise DeclarationError(what, field=(side,), fix="Leave out the step that splits.")
    if metric.reads_reference and hypothesis.tokenizer != reference.tokenizer:
        what = f"the output ends in {_ending(hypothesis)} and the reference in {_ending(reference)}"
        raise DeclarationError(what, field=reference.end, fix="End both sides in the same tokenizer.")


def _check_end(metric: ListedMetric, one: Chain) -> None:
    takes = (metric.reference or metric.takes) if one.side == "reference" else metric.takes
    if one.form not in takes:
        if one.form == "text" and takes == ("tokens",):
            what, fix = f"{metric.name} counts tokens, and this chain ends in a text", "End it with a tokenizer"
            raise DeclarationError(
                what, field=(one.side,), fix=f"{fix}: `{(*metric.tokenizers, 'words')[0]}`, for instance."
            )
        what = f"{metric.name} reads {' or '.join(takes)}, and this chain ends in {_ending(one)}"
        fix = "Leave out the tokenizer." if one.tokenizer else "Choose another view, or another metric."
        raise DeclarationError(what, field=one.end, fix=fix)
    if metric.tokenizers and one.tokenizer not in metric.tokenizers:
        what = f"{metric.name} does not count the tokens of `{one.tokenizer}`"
        raise DeclarationError(what, field=one.end, fix=f"Use one of: {', '.join(metric.tokenizers)}.")


def _ending(one: Chain) -> str:
    if one.tokenizer:
        return f"the tokens of `{one.tokenizer}`"
    return "a text" if one.form == "text" else f"the object of the view {one.view.name}"
