"""One convention for several claims: the pipelines whose values print all of them, each on its own rows.

Tasks of one family share the names of their axes. A joint pipeline takes the option of one name in every task; an option that
belongs to a task's language (sacreBLEU's tokenizer for it, outputs in a different one) has one name for all languages. An
option that one task alone has (a rule for a set's tags) is applied to the others too, as one program would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from typing import TypeAlias

from tasks.analysis.multiverse import Option, Outcome, Pipeline, Specification, compose
from tasks.convention import Convention
from tasks.statistics.printed import cells, places_of, prints

Value: TypeAlias = Fraction | float
_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class JointPipeline:
    """A way of counting that every task has.

    Attributes:
        id: Its options joined by slashes, or the id of a registered convention that is no combination of them.
        signatures: Its convention's signature in every task, in the order of the tasks.
        known_as: Ids of registered conventions that it is in every task.
        departures: The number of axes on which it does not take the first option.
    """

    id: str
    signatures: tuple[str, ...]
    known_as: tuple[str, ...] = ()
    departures: int = 0


@dataclass(frozen=True, slots=True)
class JointSpecification:
    """The ways of counting that several tasks share.

    Attributes:
        pipelines: Without two that are the same in every task.
        conventions: For every task, the conventions to compute, by signature.
    """

    pipelines: tuple[JointPipeline, ...]
    conventions: tuple[Mapping[str, Convention], ...]

    def to_count(self, task: int) -> list[Pipeline]:
        """The pipelines to count on one task's rows."""
        return [Pipeline((("convention", c.id),), c) for c in self.conventions[task].values()]


def joint_specification(
    specs: Sequence[Specification], registered: Sequence[Sequence[Convention]]
) -> JointSpecification | None:
    """The ways of counting that several tasks share.

    Args:
        specs: One per task, of one metric.
        registered: The registered conventions of each.

    Returns:
        None if the tasks' axes differ.
    """
    axes = [axis.name for axis in specs[0].axes]
    if any([axis.name for axis in spec.axes] != axes for spec in specs):
        return None
    found: dict[tuple[str, ...], JointPipeline] = {}
    conventions: list[dict[str, Convention]] = [{} for _ in specs]
    shared = [_shared([spec.axes[index].options for spec in specs]) for index in range(len(axes))]
    for names in product(*shared):
        if not all(spec.allowed(frozenset(names)) for spec in specs):
            continue
        made = [
            compose([shared[index][name][task] for index, name in enumerate(names)], "/".join(names))
            for task in range(len(specs))
        ]
        departures = sum(name != next(iter(options)) for name, options in zip(names, shared, strict=True))
        _add(found, conventions, "/".join(names), made, departures)
    by_id = [{c.id: c for c in items} for items in registered]
    for name in by_id[0]:
        if all(name in items for items in by_id):
            _add(found, conventions, name, [items[name] for items in by_id], 0, known=True)
    return JointSpecification(tuple(found.values()), tuple(conventions))


def _add(
    found: dict[tuple[str, ...], JointPipeline],
    conventions: Sequence[dict[str, Convention]],
    name: str,
    made: Sequence[Convention],
    departures: int,
    *,
    known: bool = False,
) -> None:
    if any(convention.unavailable() is not None for convention in made):
        return
    signatures = tuple(convention.signature for convention in made)
    before = found.get(signatures)
    if before is None:
        found[signatures] = JointPipeline(name, signatures, (name,) if known else (), departures)
        for there, signature, convention in zip(conventions, signatures, made, strict=True):
            there.setdefault(signature, convention)
    elif known:
        found[signatures] = JointPipeline(before.id, signatures, (*before.known_as, name), before.departures)


def _shared(options: Sequence[Sequence[Option]]) -> dict[str, list[Option]]:
    """The options of one axis in every task, by name, in the order of the first task that has them."""
    found: dict[str, list[Option]] = {}
    for name in dict.fromkeys(option.role or option.name for items in options for option in items):
        own = [next((o for o in items if name in {o.name, o.role}), None) for items in options]
        known = [option for option in own if option is not None]
        # An option of a language, or one built for a task's labels, means nothing elsewhere.
        alone = any(option.role or option.base for option in known)
        if len(known) == len(own) or not alone:
            found[name] = [option or known[0] for option in own]
    return found


@dataclass(frozen=True, slots=True)
class JointOutcome:
    """A way of counting with its value for every claim; None where it counts no rows."""

    pipeline: JointPipeline
    values: tuple[Value | None, ...]
    met: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class JointExplanation:
    """The ways of counting that print several claims at once.

    Attributes:
        printed: The strings.
        matches: Those that print all of them: registered conventions first, then the plainest.
        best: If none does, those that print the most, the nearest first; of equal values only the plainest.
        registered: Conventions that all tasks have, by id.
        tried: Ways of counting with a value for every claim.
        chance: That some way of counting prints values anywhere in the spreads, one per claim; None without a spread.
    """

    printed: tuple[str, ...]
    matches: tuple[JointOutcome, ...]
    best: tuple[JointOutcome, ...]
    registered: tuple[JointOutcome, ...]
    tried: int
    chance: Fraction | None


def explain_jointly(
    spec: JointSpecification,
    outcomes: Sequence[Sequence[Outcome]],
    printed: Sequence[str],
    *,
    claims: Sequence[int] | None = None,
    most: int = 10,
) -> JointExplanation:
    """Find the ways of counting that print all values.

    Args:
        spec: The ways of counting.
        outcomes: For every claim, the outcomes of its task's conventions on its rows, in the unit of its value.
        printed: For every claim, the string.
        claims: For every claim, the number of its task in `spec`; None if they are the same.
        most: The maximum number of those that come closest.
    """
    tasks = claims or range(len(printed))
    values = [{o.pipeline.convention.signature: o.value for o in items} for items in outcomes]
    met = [
        {v: prints(v, text) for v in set(items.values()) if v is not None}
        for items, text in zip(values, printed, strict=True)
    ]
    found = []
    for pipeline in spec.pipelines:
        own = tuple(items[pipeline.signatures[task]] for items, task in zip(values, tasks, strict=True))
        found.append(JointOutcome(pipeline, own, tuple(v is not None and met[n][v] for n, v in enumerate(own))))
    known = [outcome for outcome in found if None not in outcome.values]
    matches = [outcome for outcome in known if all(outcome.met)]
    plainest: dict[tuple[Value | None, ...], JointOutcome] = {}
    for outcome in () if matches else sorted(known, key=_plain_first):
        plainest.setdefault(outcome.values, outcome)
    best = sorted(plainest.values(), key=lambda o: (-sum(o.met), _distance(o, printed), *_plain_first(o)))[:most]
    return JointExplanation(
        tuple(printed),
        tuple(sorted(matches, key=_plain_first)),
        tuple(best),
        tuple(outcome for outcome in found if outcome.pipeline.known_as),
        len(known),
        joint_chance([[v for v in o.values if v is not None] for o in known], printed),
    )


def _plain_first(outcome: JointOutcome) -> tuple[bool, int, str]:
    return (not outcome.pipeline.known_as, outcome.pipeline.departures, outcome.pipeline.id)


def _distance(outcome: JointOutcome, printed: Sequence[str]) -> float:
    """The largest distance from a printed value, relative to it."""
    pairs = zip(outcome.values, printed, strict=True)
    return max(abs(float(v or 0) - float(text)) / (abs(float(text)) or 1.0) for v, text in pairs)


def joint_chance(values: Sequence[Sequence[Value]], printed: Sequence[str]) -> Fraction | None:
    """The look-elsewhere odds of a joint match: as `tasks.statistics.odds`, in one dimension per claim.

    Every way of counting meets a box, the product of the cells of the strings that its values print as. The chance is the
    volume of the boxes' union inside the product of the spreads, as a share of it. Cells lie on a grid, so the union is a sum
    over different boxes. A claim on which all values are equal has no spread and is left out.

    Args:
        values: For every way of counting, its value for every claim, in the unit of the printed values.
        printed: The strings, for their decimals alone.
    """
    if not values:
        return None
    exact = [[Fraction(value) for value in line] for line in values]
    columns = list(zip(*exact, strict=True))
    spread = [n for n, column in enumerate(columns) if max(column) > min(column)]
    if not spread:
        return None
    ends = {n: (min(columns[n]), max(columns[n])) for n in spread}
    boxes: set[tuple[int, ...]] = set()
    for line in exact:
        spans = [cells(line[n], line[n], places_of(printed[n])) for n in spread]
        boxes.update(product(*(range(first, last + 1) for first, last in spans)))
    width: dict[tuple[int, int], Fraction] = {}
    for box in boxes:
        for n, cell in zip(spread, box, strict=True):
            if (n, cell) not in width:
                scale = 10 ** places_of(printed[n])
                low, high = ends[n]
                inside = min(high, (cell + _HALF) / scale) - max(low, (cell - _HALF) / scale)
                width[n, cell] = max(Fraction(0), inside) / (high - low)
    return sum((prod((width[n, cell] for n, cell in zip(spread, box, strict=True)), start=Fraction(1)) for box in boxes),
               Fraction(0))  # fmt: skip
