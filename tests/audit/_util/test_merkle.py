from __future__ import annotations

import hashlib
import random

import pytest

from audit._util import merkle

# The test vectors of Certificate Transparency's own implementation: the leaves, and the roots over the first 1 to 8 of them.
LEAVES = [
    b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70)),
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1: split at the largest power of two below the number of leaves."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


def hashed(number: int) -> list[bytes]:
    return [merkle.leaf_hash(b"%d" % n) for n in range(number)]


def test_the_roots_of_certificate_transparency() -> None:
    leaves = [merkle.leaf_hash(data) for data in LEAVES]
    assert [merkle.root(leaves[:n]).hex() for n in range(1, 9)] == ROOTS
    assert merkle.root([]).hex() == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("number", [*range(1, 40), 63, 64, 65, 1000])
def test_every_path_leads_to_the_root(number: int) -> None:
    leaves = hashed(number)
    root = merkle.root(leaves)
    assert root == by_definition(leaves)
    for index in range(number):
        assert merkle.root_of_path(leaves[index], index, number, merkle.path(leaves, index)) == root


@pytest.mark.parametrize("number", [2, 3, 5, 8, 11])
def test_no_path_leads_to_the_root_from_elsewhere(number: int) -> None:
    """Another place, another leaf, another order or another size gives another root, or no path at all."""
    leaves = hashed(number)
    root = merkle.root(leaves)

    def leads(leaf: bytes, index: int, size: int, path: tuple[bytes, ...]) -> bool:
        try:
            return merkle.root_of_path(leaf, index, size, path) == root
        except ValueError:
            return False

    for index in range(number):
        path = merkle.path(leaves, index)
        assert not any(leads(leaves[index], other, number, path) for other in range(-1, number + 1) if other != index)
        assert not any(leads(leaves[other], index, number, path) for other in range(number) if other != index)
        assert not leads(leaves[index], index, number, (*path, leaves[0]))
        assert not leads(leaves[index], index, number, path[:-1])
        assert len(path) < 2 or path == path[::-1] or not leads(leaves[index], index, number, path[::-1])


def test_a_node_is_no_leaf() -> None:
    """The second preimage that a tree without different first bytes would have: two leaves' hashes as one leaf's data."""
    leaves = hashed(4)
    pair = leaves[0] + leaves[1]
    upper = merkle.leaf_hash(pair)
    assert upper != hashlib.sha256(b"\x01" + pair).digest()
    assert merkle.root([upper, merkle.leaf_hash(leaves[2] + leaves[3])]) != merkle.root(leaves)


def test_the_order_and_a_repeated_last_leaf_matter() -> None:
    """Bitcoin's trees repeat the last leaf of an odd level, so two lists have one root; these do not."""
    leaves = hashed(3)
    assert merkle.root([*leaves, leaves[-1]]) != merkle.root(leaves)
    shuffled = random.Random(1).sample(hashed(20), 20)
    assert merkle.root(shuffled) != merkle.root(hashed(20))


@pytest.mark.parametrize("index", [-1, 3])
def test_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(IndexError):
        merkle.path(hashed(3), index)
