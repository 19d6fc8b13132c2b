"""Conventions as points of a multiverse: one option per axis, so that two of them differ in a list of steps.

Most conventions are combinations of a specification's options. Another one is still a point: it takes the options of the axes
that it shares, and on the shortest run of neighbouring axes that leaves its own steps over, these steps as one option of its
own. In the worst case that run is everything but the selection of rows, and the convention is one step as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from tasks.analysis.multiverse import Axis, Option, Specification, compose
from tasks.convention import Convention
from tasks.step import Step

SELECTION = "selection"


@dataclass(frozen=True, slots=True)
class Point:
    """One option per axis.

    Attributes:
        name: The convention's id, or the options joined by slashes.
        axes: The names of the axes.
        options: The option on each axis.
        own: The axes, as (first, last + 1), on which its own steps stand for options; they change only together. None for a
            combination of the axes' options.
    """

    name: str
    axes: tuple[str, ...]
    options: tuple[Option, ...]
    own: tuple[int, int] | None = None

    @property
    def convention(self) -> Convention:
        """The convention at this point."""
        return compose(self.options, self.name)


@dataclass(frozen=True, slots=True)
class Change:
    """A step in which two points differ.

    Attributes:
        where: Indices of the axes; several if one of the points has its own steps for them.
        axes: Their names.
        before: The first point's options. after: The second point's.
    """

    where: tuple[int, ...]
    axes: tuple[str, ...]
    before: str
    after: str


def changes(first: Point, second: Point) -> tuple[Change, ...]:
    """The steps in which two points of one specification differ, in the order of the axes."""
    groups = [{index} for index in range(len(first.axes))]
    for joined in (
        *(set(range(*own)) for own in (first.own, second.own) if own is not None),
        _structure(first, second),
    ):
        if joined:
            meeting = [g for g in groups if g & joined]
            groups = sorted([g for g in groups if not g & joined] + [set().union(*meeting)], key=min)
    found = []
    for group in groups:
        where = tuple(sorted(group))
        before, after = ([point.options[index] for index in where] for point in (first, second))
        if before != after:
            axes = tuple(first.axes[index] for index in where)
            found.append(Change(where, axes, _names(before), _names(after)))
    return tuple(found)


def _structure(first: Point, second: Point) -> set[int]:
    """The differing axes that only change together, because they decide whether texts are split and what the metric is given.

    A metric of phrases counts lists, another one texts; and a text is split once, on whichever axis a point does it.
    """
    differing = [
        index for index, pair in enumerate(zip(first.options, second.options, strict=True)) if pair[0] != pair[1]
    ]
    splitting = {i for i in differing if any(_kinds(point.options[i : i + 1]) for point in (first, second))}
    metrics = {i for i in differing if any(point.options[i].metric is not None for point in (first, second))}
    if _kinds(first.options) != _kinds(second.options):
        return splitting | metrics
    return splitting if len(splitting) > 1 else set()


def _kinds(options: Sequence[Option]) -> list[str]:
    """The kinds of the steps that make something else than a text."""
    return [item.kind for option in options for item in (*option.hypothesis, *option.reference) if item.kind != "text"]


def _names(options: Sequence[Option]) -> str:
    return ", ".join(option.name for option in options if option.name)


def mixture(first: Point, second: Point, changed: Sequence[Change]) -> Convention:
    """The first point's convention with some steps of the second's."""
    options = list(first.options)
    for change in changed:
        for index in change.where:
            options[index] = second.options[index]
    return compose(options, "/".join(option.name for option in options if option.name))


def combination(spec: Specification, names: Sequence[str]) -> Point | None:
    """The point with these options, one per axis; None if an axis has no such option, or they do not go together."""
    if len(names) != len(spec.axes) or not spec.allowed(frozenset(names)):
        return None
    chosen = [next((o for o in a.options if o.name == name), None) for a, name in zip(spec.axes, names, strict=True)]
    options = tuple(option for option in chosen if option is not None)
    return Point("/".join(names), _axes(spec), options) if len(options) == len(chosen) else None


def with_own(spec: Specification, point: Point) -> Specification:
    """The specification with a point's own steps as one more option of their axis, where they belong to a single axis."""
    axes = list(spec.axes)
    for index, option in enumerate(point.options):
        alone = point.own is None or index not in range(*point.own) or point.own[1] - point.own[0] == 1
        if alone and option not in axes[index].options and option.base is None:
            axes[index] = replace(axes[index], options=(*axes[index].options, option))
    return replace(spec, axes=tuple(axes))


def point_of(spec: Specification, convention: Convention) -> Point:
    """The point of a convention: with as few axes as possible on which its own steps stand for an option."""
    first = 1 if spec.axes[0].name == SELECTION else 0
    chain = spec.axes[first:]
    counting = _with_metric(chain, convention)
    for length in range(len(chain) + 1):
        found = [
            (*weight, start, options)
            for start in range(len(chain) - length + 1 if length else 1)
            # Its own metric is an option beside the others where an option makes the units that they count.
            for axes in ((counting,) if start + length < len(chain) - 1 else (chain,))
            for weight, options in _readings(axes, convention, start, length)
        ]
        # As many steps as possible are those of options before the own ones; then as few as possible are its own.
        for *_, start, options in sorted(found, key=lambda reading: reading[:3]):
            rules = _selection(spec.axes[0], convention, options) if first else ()
            own = (first + start, first + start + length) if length else None
            point = Point(convention.id, _axes(spec), (*rules, *options), own)
            if _same(point, convention):
                return point
    raise ValueError(f"{convention.id} is no point of {spec.task}: {spec.metric}")


def _with_metric(chain: Sequence[Axis], convention: Convention) -> Sequence[Axis]:
    """The axes, with a convention's metric as one more option of the last one, if it sets the metric and lacks this one."""
    *axes, last = chain
    if not all(option.metric for option in last.options) or any(o.metric == convention.metric for o in last.options):
        return chain
    name = ", ".join(part.partition(":")[2] for part in convention.metric.signature.split("|")[:2])
    steps = dict.fromkeys((option.hypothesis, option.reference) for option in last.options)
    own = tuple(Option(name, *both, metric=convention.metric) for both in steps)
    return (*axes, replace(last, options=(*last.options, *own)))


def _axes(spec: Specification) -> tuple[str, ...]:
    return tuple(axis.name for axis in spec.axes)


def _same(point: Point, convention: Convention) -> bool:
    try:
        made = point.convention
    except ValueError:  # without a metric
        return False
    # The order of rules for rows changes which of them is named as the reason, never which rows are kept.
    return set(made.select) == set(convention.select) and replace(made, select=()).signature == (
        replace(convention, select=()).signature
    )


def _readings(
    chain: Sequence[Axis], convention: Convention, start: int, length: int
) -> Iterator[tuple[tuple[int, int], tuple[Option, ...]]]:
    """Every way to read a convention with its own steps on `length` axes from `start`.

    Yields:
        Less the number of steps before its own ones, and the number of its own; the options.
    """
    end = start + length
    for before in product(*(axis.options for axis in chain[:start])):
        for after in product(*(axis.options for axis in chain[end:])):
            base = next((o.base for o in (*before, *after) if o.base), None)
            hypothesis = _middle(convention.hypothesis, base.hypothesis if base else (),
                                 [o.hypothesis for o in before], [o.hypothesis for o in after])  # fmt: skip
            reference = _middle(convention.reference, base.reference if base else (),
                                [o.reference for o in before], [o.reference for o in after])  # fmt: skip
            if hypothesis is None or reference is None:
                continue
            if not length:
                if not hypothesis and not reference:
                    yield (0, 0), (*before, *after)
                continue
            metric = next((o.metric for o in (*before, *after) if o.metric), None)
            inside = chain[start:end]
            whole = length == len(chain) or any(option.base for axis in inside for option in axis.options)
            own = Option(
                _own_name(convention, hypothesis, reference, whole=length == len(chain)),
                hypothesis,
                reference,
                metric=convention.metric if metric is None and not (base and base.metric == convention.metric) else None,
                base=Convention("", "", convention.metric, hypothesis_view=convention.hypothesis_view,
                                reference_view=convention.reference_view) if whole and base is None else None,
            )  # fmt: skip
            ahead = sum(len(o.hypothesis) for o in before)
            yield (-ahead, len(hypothesis) + len(reference)), (*before, own, *[Option("")] * (length - 1), *after)


def _own_name(convention: Convention, hypothesis: Sequence[Step], reference: Sequence[Step], *, whole: bool) -> str:
    if whole:
        return convention.id
    return "+".join(step.name for step in hypothesis or reference) or "none"


def _middle(
    steps: tuple[Step, ...],
    base: tuple[Step, ...],
    before: Sequence[tuple[Step, ...]],
    after: Sequence[tuple[Step, ...]],
) -> tuple[Step, ...] | None:
    """The steps between those of the options before and after; None if these do not begin and end the chain."""
    head = (*base, *(step for part in before for step in part))
    tail = tuple(step for part in after for step in part)
    if len(head) + len(tail) > len(steps):
        return None
    fits = steps[: len(head)] == head and steps[len(steps) - len(tail) :] == tail
    return steps[len(head) : len(steps) - len(tail)] if fits else None


def _selection(axis: Axis, convention: Convention, options: Sequence[Option]) -> tuple[Option]:
    """The option of the selection axis with the convention's rules, or one of its own."""
    given = {rule for option in options if option.base for rule in option.base.select}
    rules = tuple(rule for rule in convention.select if rule not in given)
    found = next((o for o in axis.options if set(o.select) == set(rules)), None)
    return (found or Option("+".join(rule.name for rule in rules), select=rules),)
