"""Error rates that forgive word boundaries, and those that count an empty reference as a word."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import TooLongError
from tasks.metrics.compounds import LONGEST, CompoundErrorRate, OneWordErrorRate, compound_counts, compound_errors
from tasks.metrics.error_rate import edit_counts
from tasks.metrics.metric import Counts

WORDS = st.lists(st.sampled_from(["a", "b", "ab", "aa", "ba", "abb", "c"]), max_size=6).map(tuple)
# (reference, output): substitutions, deletions, insertions, as kaldialign 0.12.0 counts them.
KNOWN = [
    ("a white paper", "a whitepaper", (0, 0, 0)),
    ("a whitepaper", "a white paper", (0, 0, 0)),
    ("the white paper fell down", "the whitepaper fall down", (1, 0, 0)),
    ("the officer s mess", "the officers mess", (0, 0, 0)),
    ("a b c", "abc", (0, 0, 0)),
    ("abc", "a b c", (0, 0, 0)),
    ("ab c", "a bc", (2, 0, 0)),  # words of both sides cannot be merged into each other
    ("ab c d", "a b d", (0, 1, 0)),
    ("x ab y", "a b", (0, 2, 0)),
]


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@pytest.mark.parametrize(("reference", "said", "expected"), KNOWN)
def test_known_alignments(reference: str, said: str, expected: tuple[int, int, int]) -> None:
    counts = compound_counts([words(said)], [words(reference)])[0].tolist()
    assert tuple(counts[:3]) == expected
    # The reference's own words stay the denominator.
    assert counts[0] + counts[1] + counts[3] == len(words(reference))


def fewest(said: tuple[str, ...], wanted: tuple[str, ...]) -> int:
    """The fewest errors, by trying every way to consume both sides."""

    @cache
    def left(i: int, j: int) -> int:
        if i == len(wanted) or j == len(said):
            return len(wanted) - i + len(said) - j
        ways = [1 + left(i + 1, j), 1 + left(i, j + 1), left(i + 1, j + 1) + (wanted[i] != said[j])]
        ways += [left(k, j + 1) for k in range(i + 2, len(wanted) + 1) if "".join(wanted[i:k]) == said[j]]
        ways += [left(i + 1, k) for k in range(j + 2, len(said) + 1) if "".join(said[j:k]) == wanted[i]]
        return min(ways)

    return left(0, 0)


@given(WORDS, WORDS)
@settings(max_examples=300)
def test_no_alignment_has_fewer_errors(said: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    counts = compound_counts([said], [wanted])[0].tolist()
    assert sum(counts[:3]) == fewest(said, wanted)
    assert counts[0] + counts[1] + counts[3] == len(wanted)
    assert min(counts) >= 0
    errors = compound_errors(said, wanted)
    assert errors is None or tuple(counts[:3]) == errors or said == wanted


@given(WORDS, WORDS)
def test_boundaries_never_cost_more(said: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    def errors(counts: Counts) -> int:
        return int(counts[0, :3].sum())

    assert errors(compound_counts([said], [wanted])) <= errors(edit_counts([said], [wanted]))


def test_rates() -> None:
    metric = CompoundErrorRate()
    pairs = [("the cat sat", "the cat sat"), ("hello world", "hello there world")]
    counts = metric.count([words(said) for _, said in pairs], [words(wanted) for wanted, _ in pairs])
    assert metric.fold(counts) == 20
    assert metric.fold(metric.count([("foo", "bar"), ("hello",)], [(), ("hello",)])) == 200
    assert metric.fold(metric.count([("foo",)], [()])) is None
    with pytest.raises(ValueError, match="zip"):
        metric.count([("a",)], [])


def test_texts_too_long_for_the_table_are_an_error_of_their_row() -> None:
    long = ("ab", *["x"] * 2000)
    many = ("a", "b", *["y"] * (LONGEST // 2001))
    with pytest.raises(TooLongError, match="too long to align") as caught:
        compound_counts([("a",), many], [("a",), long])
    assert caught.value.item == 1
    # Without a possible merge no table is needed.
    assert compound_counts([("y",) * 3000], [("x",) * 3000]).tolist() == [[3000, 0, 0, 0]]


def test_an_empty_reference_counts_as_one_word() -> None:
    metric = OneWordErrorRate()
    counts = metric.count([("foo", "bar", "baz"), ("hello", "world")], [(), ("hello", "world")])
    assert counts.tolist() == [[0, 0, 3, 0, 1], [0, 0, 0, 2, 2]]
    assert metric.fold(counts) == 100
    assert metric.fold(metric.count([()], [()])) == 0
