"""chrF and chrF++ against sacreBLEU."""

from __future__ import annotations

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.metrics.chrf import RULE, Chrf, chrf_counts, chrf_from_sums
from tasks.step import version_of
from tests.support.strategies import FEW, SOUND_TEXTS, TEXTS, pairs

METRICS = (Chrf(), Chrf(words=2, id="chrfpp"))
LIBRARY = {metric.words: sacrebleu.CHRF(word_order=metric.words) for metric in METRICS}
every_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)


def scores(metric: Chrf, rows: list[tuple[str, ...]]) -> tuple[object, object, float, float]:
    """Counts and value, here and by the library; rows are an output and its references."""
    said, references = [row[0] for row in rows], [list(row[1:]) for row in rows]
    streams = [[row[n] for row in rows] for n in range(1, len(rows[0]))]
    library = LIBRARY[metric.words]
    found = metric.count(said, references)
    value = metric.fold(found)
    assert value is not None
    expected = library._extract_corpus_statistics(said, streams)
    return found.tolist(), expected, value, library.corpus_score(said, streams).score


@every_metric
@given(rows=pairs(st.one_of(SOUND_TEXTS, TEXTS, FEW)))
@settings(max_examples=60)
def test_one_reference(metric: Chrf, rows: list[tuple[str, str]]) -> None:
    found, expected, value, score = scores(metric, [*rows])
    assert found == expected
    assert value == pytest.approx(score, rel=1e-12, abs=1e-12)


@every_metric
@given(rows=st.lists(st.tuples(*[st.one_of(SOUND_TEXTS, st.text("ab ,.", max_size=9))] * 4), min_size=1, max_size=4))
@settings(max_examples=80)
def test_several_references(metric: Chrf, rows: list[tuple[str, ...]]) -> None:
    """Small alphabets make references equally good, of which the first counts."""
    found, expected, value, score = scores(metric, rows)
    assert found == expected
    assert value == pytest.approx(score, rel=1e-12, abs=1e-12)


ONE = ["The cat is on the mat.", "He read the book today.", "Hello world there"]
FIRST = ["The cat sat on the mat.", "He reads a book today.", "Hello there world"]
SECOND = ["A cat was sitting on the mat.", "He is reading a book today.", "Hi there, world!"]
# Printed by sacreBLEU 2.6.0.
KNOWN = [
    (ONE, [FIRST], 63.4585, 63.5194),
    (ONE, [FIRST, SECOND], 63.4585, 63.5194),
    (["the the the cat is on the mat now"], [["the cat is on the mat"]], 88.1343, 88.6506),
    (["a b c d e"], [["a b c d"], ["a b c d e f"]], 91.3677, 92.4855),
    (["a b c d e"], [["a b c d e f"], ["a b c d"]], 91.3677, 92.4855),
    (["The dog runs fast", "I like tea"], [["A dog runs quickly", "I love tea"],
                                           ["The dog runs fast today", "I like green tea"]], 58.6897, 61.8195),
    (["", "good morning to you all"], [["hello world", "good morning to you all"]], 73.6913, 75.1788),
    (["HELLO world my friend"], [["hello world my friend"]], 67.3419, 68.2147),
    (["b c d a"], [["a b c d"]], 54.1667, 63.8889),
    (["hello there my friend"], [["hello there my friends"], [""]], 95.0378, 88.9955),
    (["我 喜欢 你 ，好吗？"], [["我喜欢你，好吗?"]], 79.7024, None),
]  # fmt: skip


@pytest.mark.parametrize(("said", "streams", "chrf", "plus"), KNOWN)
def test_known_values(said: list[str], streams: list[list[str]], chrf: float, plus: float | None) -> None:
    references = [[stream[row] for stream in streams] for row in range(len(said))]
    for metric, expected in zip(METRICS, (chrf, plus), strict=True):
        if expected is not None:
            assert metric.fold(metric.count(said, references)) == pytest.approx(expected, abs=5e-5)


def test_values_at_the_edges() -> None:
    metric = METRICS[0]
    assert metric.fold(metric.count([], [])) is None
    assert metric.fold(metric.count(["a"], ["a"])) == 100
    for said, wanted in (("", "words"), ("words", ""), ("", ""), (" \n", "\t")):
        assert metric.fold(metric.count([said], [wanted])) == 0
    # Outputs against an empty reference add nothing to any order.
    assert chrf_counts(["words"], [""]).tolist() == [[0] * 18]


def test_many_rows_at_once_are_each_as_alone() -> None:
    counts = METRICS[1].count([*ONE, ""], [*FIRST, "x"]).astype(float)
    assert chrf_from_sums(counts).tolist() == [float(chrf_from_sums(row)) for row in counts]


def test_one_reference_need_not_be_a_list() -> None:
    assert np.array_equal(METRICS[0].count(ONE, FIRST), METRICS[0].count(ONE, [[text] for text in FIRST]))


def texts_of(alphabet: int, rows: int, length: int, seed: int) -> list[str]:
    """Made-up texts over so many characters beyond U+4E00, and the same characters beyond the first plane."""
    draw = np.random.default_rng(seed)
    letters = draw.integers(0, alphabet, (rows, length)) + 0x4E00
    return [
        "".join(chr(c + 0x10000 * (c % 7 == 0)) for c in row[: draw.integers(length + 1)]) for row in letters.tolist()
    ]


@pytest.mark.parametrize(
    ("alphabet", "rows", "length"),
    # With five rows of 600 characters, an integer has all of its 63 bits.
    [(3, 2100, 9), (300, 300, 40), (600, 5, 3000), (3000, 1100, 12), (9000, 3, 4000)],
)
def test_many_rows_and_large_alphabets(alphabet: int, rows: int, length: int) -> None:
    """Rows are counted together as far as their characters can be numbered in the bits of an integer."""
    said, wanted = (texts_of(alphabet, rows, length, seed) for seed in (1, 2))
    for metric in METRICS:
        expected = LIBRARY[metric.words]._extract_corpus_statistics(said, [wanted])
        assert metric.count(said, wanted).tolist() == expected
    assert len({c for text in said for c in text}) > min(alphabet, 1000) * 0.9


def test_rows_of_different_numbers_of_references() -> None:
    said = ["a b", "b c.", "x"]
    references = [["b", "a b", "a  b"], ["(b c"], ["y", ""]]
    alone = [METRICS[1].count([one], [those]).tolist()[0] for one, those in zip(said, references, strict=True)]
    assert METRICS[1].count(said, references).tolist() == alone
    assert alone[0] == METRICS[1].count(["a b"], ["a b"]).tolist()[0]
    with pytest.raises(ValueError, match=r"^a row has no reference$"):
        METRICS[0].count(["a", "b"], [["a"], []])


def test_the_signature_names_the_librarys_release() -> None:
    """The rule is written out here: another release of the library must be compared with it first."""
    assert version_of("sacrebleu") == RULE
    assert METRICS[1].signature == f"count:chrf2@{RULE}|nc:6|nw:2|fold:corpus|eff:yes|space:no|ref:best"
    assert METRICS[0].counting != METRICS[1].counting
