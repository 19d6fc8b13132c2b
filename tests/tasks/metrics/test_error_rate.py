"""Error rates against jiwer, rapidfuzz and brute force."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from audit.literature.known_tasks import conventions_of as conventions
from tasks.errors import ScoringError
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate, edit_counts
from tasks.metrics.following import NotTranscribed
from tasks.metrics.permutation import PermutationErrorRate, best_assignment, merge_surplus
from tasks.row import Row
from tasks.step_cache import ChainCache
from tasks.steps.tokenise import SPACE_WORDS
from tests.support.strategies import FEW, SOUND_TEXTS, TEXTS, pairs

KNOWN = conventions()


def hufs_transform() -> jiwer.Compose:
    return jiwer.Compose(
        [
            jiwer.ToLowerCase(),
            jiwer.RemovePunctuation(),
            jiwer.RemoveKaldiNonWords(),
            jiwer.RemoveMultipleSpaces(),
            jiwer.Strip(),
            jiwer.ReduceToListOfListOfWords(),
        ]
    )


@given(pairs(st.one_of(FEW, TEXTS)))
def test_counts_are_jiwers(texts: list[tuple[str, str]]) -> None:
    tidy = jiwer.Compose([jiwer.RemoveMultipleSpaces(), jiwer.Strip()])
    hypotheses, references = ([tidy(t) for t in side] for side in zip(*texts, strict=True))
    ours = edit_counts([SPACE_WORDS(t) for t in hypotheses], [SPACE_WORDS(t) for t in references]).sum(axis=0)
    theirs = jiwer.process_words(references, hypotheses)
    assert ours.tolist() == [theirs.substitutions, theirs.deletions, theirs.insertions, theirs.hits]


@given(pairs(TEXTS))
def test_the_hufs_convention_is_jiwer_with_its_transforms(texts: list[tuple[str, str]]) -> None:
    convention = KNOWN["asr-librispeech-clean", "wer", "hufs"]
    cache = ChainCache([Row(str(i), h, r) for i, (h, r) in enumerate(texts)])
    ours = convention.metric.count(
        cache.values(convention.hypothesis_view, convention.hypothesis),
        cache.values(convention.reference_view, convention.reference),
    ).sum(axis=0)
    theirs = jiwer.process_words(
        [r for _, r in texts],
        [h for h, _ in texts],
        reference_transform=hufs_transform(),
        hypothesis_transform=hufs_transform(),
    )
    assert ours.tolist() == [theirs.substitutions, theirs.deletions, theirs.insertions, theirs.hits]


@given(pairs(st.one_of(FEW, TEXTS)))
def test_errors_are_rapidfuzz_distances(texts: list[tuple[str, str]]) -> None:
    tokens = [(h.split(), r.split()) for h, r in texts]
    found = edit_counts([h for h, _ in tokens], [r for _, r in tokens])
    for row, (hypothesis, reference) in zip(found, tokens, strict=True):
        substitutions, deletions, insertions, hits = (int(c) for c in row)
        assert substitutions + deletions + insertions == Levenshtein.distance(hypothesis, reference)
        assert substitutions + deletions + hits == len(reference)
        assert substitutions + insertions + hits == len(hypothesis)


def plain_distance(left: list[str], right: list[str]) -> int:
    """The textbook's table."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


@given(FEW, FEW)
def test_errors_are_the_textbooks(hypothesis: str, reference: str) -> None:
    found = edit_counts([hypothesis.split()], [reference.split()])[0]
    assert int(found[:3].sum()) == plain_distance(hypothesis.split(), reference.split())


@given(pairs(FEW))
def test_the_mean_of_rates_is_jiwers_mean(texts: list[tuple[str, str]]) -> None:
    metric = MeanErrorRate()
    found = metric.fold(metric.count([h for h, _ in texts], [r for _, r in texts]))
    rates = [jiwer.wer(r, h) for h, r in texts]
    assert found is not None
    assert float(found) == pytest.approx(100 * sum(rates) / len(rates), rel=1e-12, abs=1e-12)


def test_no_words_at_all() -> None:
    metric = ErrorRate()
    assert metric.fold(metric.count([], [])) is None
    assert metric.fold(metric.count(["a"], [""])) is None
    assert metric.fold(metric.count(["", "b"], ["a", "b"])) == Fraction(100, 2)


STREAMS = st.lists(FEW.map(lambda t: tuple(t.split())), max_size=4)


def cheapest(hypotheses: list[tuple[str, ...]], references: list[tuple[str, ...]]) -> int:
    """cpWER by its definition: pad the shorter side with empty streams and try every order."""
    size = max(len(hypotheses), len(references))
    left = hypotheses + [()] * (size - len(hypotheses))
    right = references + [()] * (size - len(references))
    return min(
        sum(plain_distance(list(h), list(r)) for h, r in zip(order, right, strict=True))
        for order in itertools.permutations(left)
    )


@given(STREAMS, STREAMS.filter(bool))
def test_the_assignment_is_the_best_of_all_orders(
    hypotheses: list[tuple[str, ...]], references: list[tuple[str, ...]]
) -> None:
    substitutions, deletions, insertions, hits = best_assignment(hypotheses, references)
    assert substitutions + deletions + insertions == cheapest(hypotheses, references)
    assert substitutions + deletions + hits == sum(map(len, references))
    assert substitutions + insertions + hits == sum(map(len, hypotheses))


@given(STREAMS, st.lists(FEW.map(lambda t: tuple(t.split())), min_size=2, max_size=2))
def test_merging_surplus_keeps_every_word(hypotheses: list[tuple[str, ...]], references: list[tuple[str, ...]]) -> None:
    merged = merge_surplus(hypotheses, references)
    assert len(merged) == len(references)
    assert sorted(w for s in merged for w in s) == sorted(w for s in hypotheses for w in s)


@given(st.lists(FEW.map(lambda t: tuple(t.split())), min_size=2, max_size=2), STREAMS.filter(lambda s: len(s) == 2))
def test_the_order_of_two_is_the_better_one(
    hypotheses: list[tuple[str, ...]], references: list[tuple[str, ...]]
) -> None:
    found = PermutationErrorRate(pooled_order=True).count([hypotheses], [references])[0]
    assert int(found[:3].sum()) == min(
        sum(plain_distance(list(h), list(r)) for h, r in zip(order, references, strict=True))
        for order in (hypotheses, hypotheses[::-1])
    )


def test_numbers_of_speakers_that_cannot_be_scored() -> None:
    good = [("a",)]
    assert PermutationErrorRate().count([good], [good * 6]).tolist() == [[0, 5, 0, 1]]
    with pytest.raises(ScoringError, match="more than 6 reference streams") as caught:
        PermutationErrorRate().count([good, good], [good, good * 7])
    assert caught.value.item == 1
    with pytest.raises(ScoringError, match="more than 6 reference streams"):
        best_assignment(good, good * 7)
    with pytest.raises(ScoringError, match="2 sentences for 3 speakers: exactly one each is needed") as caught:
        PermutationErrorRate(pooled_order=True).count([good, good * 2], [good, good * 3])
    assert caught.value.item == 1


def test_the_assignment_has_the_fewest_errors_not_the_fewest_insertions() -> None:
    # The other way round, without a partner for `z`: three substitutions, and one deletion and one insertion.
    assert best_assignment([("z", "w", "w"), ("a",)], [("z",), ("a", "b", "c")]) == [0, 2, 2, 2]


def test_a_surplus_sentence_goes_where_all_cost_least_and_else_to_the_earlier_speaker() -> None:
    references = [("a", "b"), ("c", "d")]
    assert merge_surplus([("a",), ("c",), ("b",)], references) == [("a", "b"), ("c",)]
    assert merge_surplus([("a",), ("c",), ("d",)], references) == [("a",), ("c", "d")]
    assert merge_surplus([("x",)], references) == [("x",), ()]
    # One by one, the second sentence would go to the second speaker.
    assert merge_surplus([("1", "2"), ("3", "4"), ("5",)], [("1", "2", "3", "4"), ("5",)]) == [
        ("1", "2", "3", "4"),
        ("5",),
    ]


def fewest(hypotheses: list[tuple[str, ...]], references: list[tuple[str, ...]]) -> int:
    found = []
    for choice in itertools.product(range(len(references)), repeat=len(hypotheses)):
        streams = [
            tuple(w for s, k in zip(hypotheses, choice, strict=True) if k == n for w in s)
            for n in range(len(references))
        ]
        found.append(int(edit_counts(streams, references)[:, :3].sum()))
    return min(found)


@pytest.mark.parametrize("seed", range(40))
def test_merging_has_the_fewest_errors_of_all_ways(seed: int) -> None:
    pick = random.Random(seed)
    references = [tuple(pick.choices("abc", k=pick.randint(0, 5))) for _ in range(pick.randint(1, 3))]
    hypotheses = [tuple(pick.choices("abc", k=pick.randint(0, 3))) for _ in range(pick.randint(1, 5))]
    streams = merge_surplus(hypotheses, references)
    assert int(edit_counts(streams, references)[:, :3].sum()) == fewest(hypotheses, references)


def test_texts_too_long_to_merge_exactly_are_an_error_of_their_row() -> None:
    long = [tuple("abcdefghij" * 20)] * 4
    with pytest.raises(ScoringError, match="use cpwer") as caught:
        PermutationErrorRate(merge=True).count([[("a",)], [("a",)] * 5], [long, long])
    assert caught.value.item == 1


def test_streams_are_joined_only_where_they_are_to_be() -> None:
    pieces, whole = [[("a",), ("b",)]], [[("a", "b")]]
    assert PermutationErrorRate().count(pieces, whole).tolist() == [[0, 1, 1, 1]]
    assert PermutationErrorRate(merge=True).count(pieces, whole).tolist() == [[0, 0, 0, 2]]


def test_missing_and_surplus_sentences_are_errors() -> None:
    reference = [("a", "b"), ("c",)]
    metric = PermutationErrorRate()
    assert metric.count([[("c",)]], [reference]).tolist() == [[0, 2, 0, 1]]
    assert metric.count([[("c",), ("a", "b"), ("d", "e")]], [reference]).tolist() == [[0, 0, 2, 3]]
    assert PermutationErrorRate(merge=True).count([[("c",), ("a",), ("b",)]], [reference]).tolist() == [[0, 0, 0, 3]]


@pytest.mark.parametrize(("errors", "followed"), [(2, 0), (3, 1), (4, 1)])
def test_thirty_percent_is_far_enough(errors: int, followed: int) -> None:
    words = [str(n) for n in range(10)]
    said = ["x"] * errors + words[errors:]
    assert NotTranscribed().count([" ".join(said)], [" ".join(words)]).tolist() == [[followed, 1]]


def test_just_under_thirty_percent_is_a_transcript() -> None:
    words = tuple(str(n) for n in range(97))
    said = ("x",) * 29 + words[29:]  # 29.9 %
    assert NotTranscribed().count([said, " ".join(said)], [" ".join(words), words]).tolist() == [[0, 1], [0, 1]]


def test_following_needs_all_or_any_text_far_away() -> None:
    assert NotTranscribed().count(["a b"], [["a b", "c d"]]).tolist() == [[0, 1]]
    assert NotTranscribed(need="any").count(["a b"], [["a b", "c d"]]).tolist() == [[1, 1]]
    assert NotTranscribed().count(["", "a"], ["", ""]).tolist() == [[0, 1], [1, 1]]


@given(pairs(SOUND_TEXTS, 3))
def test_counts_are_whole_and_never_negative(texts: list[tuple[str, str]]) -> None:
    found = ErrorRate().count([h for h, _ in texts], [r for _, r in texts])
    assert found.dtype == np.int64
    assert (found >= 0).all()
