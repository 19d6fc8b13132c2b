"""Keyphrase rules against their definitions and brute force."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.metrics.keyphrases import (
    Keyphrases,
    exact_hits,
    hufs_phrase,
    hufs_points,
    partial_hits,
    predictions,
    split_phrases,
    stemmed,
)

PHRASES = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=3).map(tuple), max_size=4, unique=True
)


def grams(phrase: tuple[str, ...]) -> set[tuple[str, ...]]:
    return {phrase[i : i + n] for n in (1, 2) for i in range(len(phrase) - n + 1)}


def jaccard(left: tuple[str, ...], right: tuple[str, ...]) -> Fraction:
    return Fraction(len(grams(left) & grams(right)), len(grams(left) | grams(right)))


@given(PHRASES, PHRASES)
def test_partial_hits_are_the_best_assignment(predicted: list[tuple[str, ...]], gold: list[tuple[str, ...]]) -> None:
    small, large = sorted((predicted, gold), key=len)
    best = max(
        (sum((jaccard(a, b) for a, b in zip(small, order, strict=False)), Fraction(0))
         for order in itertools.permutations(large, len(small))),
        default=Fraction(0),
    )  # fmt: skip
    assert partial_hits(predicted, gold) == best


@given(PHRASES, PHRASES)
def test_exact_hits_never_exceed_partial_ones(predicted: list[tuple[str, ...]], gold: list[tuple[str, ...]]) -> None:
    assert exact_hits(predicted, gold) <= partial_hits(predicted, gold) <= min(len(predicted), len(gold))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Neural-Networks.", "neural networks"),
        (" and deep  learning ", "deep  learning"),
        ("and   x .", "x"),
        ("-foo", " foo"),
        ("e.g..", "e.g."),
        ("", ""),
    ],
)
def test_the_phrases_of_hufs(text: str, expected: str) -> None:
    assert hufs_phrase(text) == expected


@pytest.mark.parametrize(
    ("output", "gold", "points"),
    [
        ("neural network, svm", ["deep neural networks", "SVM", "x"], (2, 3)),
        ("neural", ["neural network"], (0, 1)),
        ("a b, a b, a b, a b", ["a b", "x a b"], (3, 2)),
        ("", ["x"], (0, 1)),
        ("x, y", [], (0, 0)),
        ("deep\nlearning", ["deep learning"], (0, 1)),
        ("x, and y.", ["y", "x"], (2, 2)),
    ],
)
def test_the_points_of_hufs(output: str, gold: list[str], points: tuple[int, int]) -> None:
    assert hufs_points(output, gold) == points


def test_stems_and_duplicates() -> None:
    assert stemmed("Neural Networks") == stemmed("neural network")
    assert predictions(["networks", " network", "Deep Learning", "<unk> x", ".", "UNK", "a_b", "a b"]) == [
        stemmed("network"),
        stemmed("deep learning"),
        ("unk",),
        ("a_b",),
    ]


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("0.18 micron CMOS, 2.5D graphics, AND gates", ["0.18 micron CMOS", " 2.5D graphics", " AND gates"]),
        ("and gates; nand gates", ["and gates", " nand gates"]),
        ("1. a b\n2) c, d\n\n 3. e", ["a b", "c", " d", "e"]),
        ("1. a, 2. b; 3. c", ["a", "b", "c"]),
        ("- a\n- b, c", ["a", "b", " c"]),
        ("• a", ["a"]),
        ("-foo, 3.x", ["-foo", " 3.x"]),
        ("3D models, 7. z", ["3D models", " 7. z"]),  # no list
        ("- a\nb", ["- a", "b"]),
        ("2. a, 3. b", ["2. a", " 3. b"]),
        ("", []),
    ],
)
def test_only_the_marks_of_a_list_are_removed(text: str, phrases: list[str]) -> None:
    assert split_phrases(text) == phrases


def value(metric: Keyphrases, output: str, gold: list[str]) -> float:
    found = metric.fold(metric.count([split_phrases(output)], [gold]))
    assert found is not None
    return float(found)


F5, F10, P3 = Keyphrases(5, measure="f1"), Keyphrases(10, measure="f1"), Keyphrases(3, partial=True)


def test_gold_phrases_that_repeat_by_stem_all_count() -> None:
    gold = ["neural networks", "neural network", "fuzzy logic", "path planning"]
    for metric in (F5, F10):
        assert value(metric, "neural network, fuzzy logic, robot arm", gold) == pytest.approx(4 / 7, abs=1e-6)
    assert value(P3, "neural network, network design, robot arm", gold[:2]) == pytest.approx(0.4, abs=1e-6)
    # Another pair of the kind: a gold phrase without words counts for recall too.
    assert value(F5, "a", ["a", "..."]) == pytest.approx(2 / 3, abs=1e-6)


@pytest.mark.parametrize("metric", [F5, F10, P3, Keyphrases(3)])
@pytest.mark.parametrize(
    "gold",
    [
        ["0.18 micron CMOS", "2.5D graphics", "AND gates"],
        ["and gates", "1.x", "or gates"],
        ["nor gates", "and gates"],
        ["3D models", "7. z"],
    ],
)
def test_an_output_equal_to_the_gold_phrases_is_right(metric: Keyphrases, gold: list[str]) -> None:
    assert value(metric, ", ".join(gold), gold) == 1


def test_precision_and_f1_at_a_cutoff() -> None:
    output, gold = "a, b, c, d", ["a", "c", "e", "f"]
    assert value(Keyphrases(3), output, gold) == pytest.approx(2 / 3, abs=1e-6)
    # Fewer predictions than the cutoff: divided by the predictions.
    assert value(Keyphrases(3), "a", gold) == 1
    assert value(F5, output, gold) == pytest.approx(0.5, abs=1e-6)
    assert value(P3, "a b", ["a"]) == pytest.approx(1 / 3, abs=1e-6)


def test_a_document_without_gold_phrases_counts_as_nothing_hit() -> None:
    for metric in (Keyphrases(3), F5):
        assert metric.fold(metric.count([["a"], ["a"]], [["a"], []])) == pytest.approx(0.5)
        assert metric.fold(metric.count([], [])) is None


def test_counts_and_f1_where_precision_and_recall_differ() -> None:
    exact, partial = Keyphrases(3, measure="f1"), Keyphrases(3, partial=True, measure="f1")
    output, gold = [["a b", "c", "x", "d"]], [["a", "c", "d", "e"]]
    assert exact.count(output, gold).tolist() == [[10**12, 3, 4]]
    assert partial.count(output, gold).tolist() == [[round(Fraction(4, 3) * 10**12), 3, 4]]
    assert exact.fold(exact.count(output, gold)) == pytest.approx(2 / 7, abs=1e-6)
    assert exact.fold(exact.count([["x"]], gold)) == 0


def test_stems_are_of_lower_case_letters() -> None:
    assert stemmed("Stra\u00dfe") == ("stra\u00dfe",)  # upper case would make two letters of one


def test_an_item_of_hufs_has_three_points_at_most() -> None:
    assert hufs_points("a, b, c, d", ["a", "b", "c", "d"]) == (3, 3)
