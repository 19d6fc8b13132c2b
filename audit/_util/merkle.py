"""Merkle trees over SHA-256 as in Certificate Transparency (RFC 6962, section 2.1).

Leaves and nodes are hashed with different first bytes, so that a node cannot be passed off as a leaf. A path proves a leaf
at one place of a tree of one size; whoever checks it must have the root and the size from a source that is trusted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves, in their order; without any, the hash of nothing."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The path of the leaf at an index (from 0): the hashes beside it and beside its nodes, from the leaf to the root.

    Raises:
        IndexError: There is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    found = []
    level, place = list(leaves), index
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            found.append(level[beside])
        level, place = _above(level), place // 2
    return tuple(found)


def root_of_path(leaf: bytes, index: int, size: int, hashes: Sequence[bytes]) -> bytes:
    """The root to which a path leads (RFC 9162, section 2.1.3.2).

    Args:
        leaf: The hash of the leaf.
        index: Its place, from 0.
        size: The number of leaves of the tree.
        hashes: The path.

    Raises:
        ValueError: No tree of this size has such a path at this place.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    place, last, found = index, size - 1, leaf
    for beside in hashes:
        if last == 0:
            raise ValueError("the path is too long")
        if place & 1 or place == last:
            found = _node(beside, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = _node(found, beside)
        place, last = place >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return found


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    """The nodes over a level; a last one without a partner moves up as it is, which is RFC 6962's split."""
    pairs = [_node(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    return pairs + list(level[-1:]) if len(level) % 2 else pairs
