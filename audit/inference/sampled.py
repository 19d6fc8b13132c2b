"""A run in the order of a sampling plan, which stops once it is told that every claim is settled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from audit.errors import InputError
from audit.inference.plan import Batch
from tasks.datasets.manifest import Item
from tasks.row import Row


@dataclass(frozen=True, slots=True)
class SampledRun:
    """What a run needs to know of a sampling plan.

    Attributes:
        plan: The SHA-256 of the plan; a journal continues only with the same.
        order: The ids of all units, in the order of the plan.
        stop: Called with the rows of the first units, in any order, after every batch; true if the run should stop.
    """

    plan: str
    order: tuple[str, ...]
    stop: Callable[[Sequence[Row]], bool]


def make_batches(items: Sequence[Item], sampled: SampledRun, size: int) -> list[Batch]:
    """Batches in the order of the plan: similar lengths would save time, but only this order is random.

    Args:
        items: Those of the test set.
        sampled: The plan.
        size: The batch size.

    Raises:
        InputError: The plan is of another set.
    """
    by_id = {item.id: item for item in items}
    different = sorted(by_id.keys() ^ set(sampled.order))
    if different:
        where = "the plan" if different[0] in by_id else "the test set"
        raise InputError(
            f"the plan is of another set: {len(different)} ids are in one of them alone; {where} lacks {different[0]!r}",
            fix="Plan with the same --data or --manifest, without --limit.",
        )
    return [Batch(n, tuple(by_id[name] for name in names)) for n, names in enumerate(_chunks(sampled.order, size))]


def _chunks(names: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(names[start : start + size]) for start in range(0, len(names), size)]


def first_rows(done: dict[int, Any]) -> list[Row]:
    """The rows of the first batches up to the first one that is missing: workers may finish out of order.

    Args:
        done: The finished batches by number, as a journal has them.
    """
    numbers = takewhile(lambda pair: pair[0] == pair[1], enumerate(sorted(done)))
    return [row for number, _ in numbers for row in done[number].rows]
