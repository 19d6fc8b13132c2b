"""TER against sacreBLEU."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import TooLongError
from tasks.metrics.ter import LONGEST, TERCOM_TOKENS, Ter, ter_counts
from tasks.step import version_of
from tests.support.strategies import SOUND_TEXTS
from tests.tasks.metrics.test_chrf import FIRST, ONE, SECOND

LIBRARY = sacrebleu.TER()


def ours(said: list[str], streams: list[list[str]]) -> Fraction | None:
    references = [[TERCOM_TOKENS(stream[row]) for stream in streams] for row in range(len(said))]
    return Ter().fold(Ter().count([TERCOM_TOKENS(text) for text in said], references))


TEXTS = st.one_of(SOUND_TEXTS, st.lists(st.sampled_from(["a", "b", "c", "A", "d,"]), max_size=9).map(" ".join))


@given(st.integers(1, 3).flatmap(lambda n: st.lists(st.tuples(*[TEXTS] * (n + 1)), min_size=1, max_size=4)))
@settings(max_examples=120)
def test_corpora(rows: list[tuple[str, ...]]) -> None:
    said, streams = [row[0] for row in rows], [[row[n] for row in rows] for n in range(1, len(rows[0]))]
    found = ours(said, streams)
    assert found is not None
    assert float(found) == pytest.approx(LIBRARY.corpus_score(said, streams).score, rel=1e-12, abs=1e-12)


# Printed by sacreBLEU 2.6.0.
KNOWN = [
    (ONE, [FIRST], 28.5714),
    (ONE, [FIRST, SECOND], 26.6667),
    (["the the the cat is on the mat now"], [["the cat is on the mat"]], 50.0),
    (["the the the cat is on the mat now"],
     [["the cat is on the mat"], ["there is a cat on the mat right now at home"]], 35.2941),
    (["a b c d e"], [["a b c d"], ["a b c d e f"]], 20.0),
    (["hello world"], [["hello world"]], 0.0),
    (["", "good morning to you all"], [["hello world", "good morning to you all"]], 28.5714),
    (["HELLO world my friend"], [["hello world my friend"]], 0.0),
    (["b c d a"], [["a b c d"]], 25.0),  # one shift
    (["hello there my friend"], [["hello there my friends"], [""]], 50.0),
    (["我 喜欢 你 ，好吗？"], [["我喜欢你，好吗?"]], 400.0),
]  # fmt: skip


@pytest.mark.parametrize(("said", "streams", "expected"), KNOWN)
def test_known_values(said: list[str], streams: list[list[str]], expected: float) -> None:
    found = ours(said, streams)
    assert found is not None
    assert float(found) == pytest.approx(expected, abs=5e-5)


def test_values_at_the_edges() -> None:
    assert Ter().fold(Ter().count([], [])) is None
    assert ours(["", ""], [["words here", ""]]) == 100
    assert ours(["words", ""], [["", ""]]) == 100
    assert ours([""], [[""]]) == 0


def test_lengths_are_averaged_over_a_rows_references() -> None:
    """Rows may have different numbers of references: 1 edit over 2.5 + 3 words."""
    a, b = ("a", "b", "c"), ("a", "b")
    counts = Ter().count([a, ("x", "y", "z")], [[a, b], ("x", "y", "q")])
    assert counts.tolist() == [[0, 5, 2], [1, 3, 1]]
    assert Ter().fold(counts) == Fraction(100) / Fraction(11, 2)
    sums = Ter().terms(counts).sum(axis=0)
    assert Ter().from_sums(np.array([sums])).tolist() == pytest.approx([100 / 5.5])


def test_nothing_drawn_has_no_value() -> None:
    assert np.isnan(Ter().from_sums(np.zeros((1, 3)))).all()
    assert Ter().from_sums(np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 1.0]])).tolist() == [100, 0]


def test_texts_too_long_for_the_search_are_an_error_of_their_row() -> None:
    long = tuple(map(str, range(LONGEST)))
    with pytest.raises(
        TooLongError, match=r"^250,000 words against 2: too long for TER's search for shifts$"
    ) as caught:
        Ter().count([("a",), long], [("a",), ("b", "c")])
    assert caught.value.item == 1
    assert ter_counts(("a",), [long]) == [LONGEST, LONGEST, 1]


def test_the_signature_names_the_librarys_release() -> None:
    assert version_of("sacrebleu") in Ter().signature
    assert version_of("sacrebleu") in TERCOM_TOKENS.signature
    assert TERCOM_TOKENS("  Hello,  World ") == ("hello,", "world")
