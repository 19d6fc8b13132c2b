"""The plan of a run: the batches of items.

The plan depends only on the manifest and the batch size, not on shards, workers or completed work: an item is always in
the same batch, so its output does not depend on how the work was divided, in any precision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.errors import InputError
from tasks.datasets.manifest import Item


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of items; `number` is its position in the plan."""

    number: int
    items: tuple[Item, ...]


def make_plan(items: Sequence[Item], lengths: Mapping[str, int], size: int) -> list[Batch]:
    """Divide the items into batches of similar length.

    Args:
        items: In any order.
        lengths: Samples by id, 0 if unknown; short clips have short outputs and should not wait for long ones.
        size: The batch size.
    """
    order = sorted(items, key=lambda item: (-lengths.get(item.id, 0), item.id))
    return [Batch(n, tuple(order[i : i + size])) for n, i in enumerate(range(0, len(order), size))]


def take_shard(plan: Sequence[Batch], shard: tuple[int, int]) -> list[Batch]:
    """The k-th (from 1) of n shards: every n-th batch, so that each shard has clips of all lengths."""
    k, n = shard
    return list(plan[k - 1 :: n])


def parse_shard(text: str) -> tuple[int, int]:
    """Parse `3/8` as (3, 8).

    Raises:
        InputError: Malformed, or 3 is not from 1 to 8.
    """
    k, slash, n = text.partition("/")
    if not (slash and k.isdecimal() and n.isdecimal() and 1 <= int(k) <= int(n)):
        raise InputError(f"not a shard: {text!r}", fix="write it like 3/8: the third of eight")
    return int(k), int(n)
