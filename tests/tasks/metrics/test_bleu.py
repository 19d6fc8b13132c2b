"""BLEU against sacreBLEU and nltk."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.metrics.bleu import Bleu, MeanSentenceBleu, NltkCharacterBleu, bleu_counts, bleu_from_sums
from tasks.metrics.ngrams import matches
from tasks.steps.tokenise import sacrebleu_tokens
from tests.support.strategies import SOUND_TEXTS, TEXTS, pairs

TOKENIZERS = ("13a", "zh", "char", "ja-mecab", "intl", "none")
LIBRARY = {name: sacrebleu.BLEU(tokenize=name, force=True) for name in TOKENIZERS}


def ours(name: str, texts: list[tuple[str, str]]) -> np.ndarray:
    tokens = sacrebleu_tokens(name)
    return Bleu().count([tokens(h) for h, _ in texts], [tokens(r) for _, r in texts])


@pytest.mark.parametrize("name", TOKENIZERS)
@given(texts=pairs(st.one_of(SOUND_TEXTS, TEXTS)))
@settings(max_examples=60)
def test_statistics_are_sacrebleus(name: str, texts: list[tuple[str, str]]) -> None:
    found = ours(name, texts)
    try:
        expected = LIBRARY[name]._extract_corpus_statistics([h for h, _ in texts], [[r for _, r in texts]])
    except TypeError:
        # MeCab's binding takes no lone surrogates, so the library stops; here they are scored as unknown characters.
        assert name == "ja-mecab"
        assert any("\ud800" <= c <= "\udfff" for pair in texts for text in pair for c in text)
        assert found.shape == (len(texts), 10)
        return
    assert found.tolist() == expected
    score = LIBRARY[name].corpus_score([h for h, _ in texts], [[r for _, r in texts]]).score
    assert Bleu().fold(found) == pytest.approx(score, rel=1e-12, abs=1e-12)


def test_where_the_library_stops_at_a_lone_surrogate() -> None:
    """Only MeCab does; every tokenizer here gives tokens."""
    for name in TOKENIZERS:
        assert sacrebleu_tokens(name)("a \ud800 b")
        stops = False
        try:
            LIBRARY[name].corpus_score(["a \ud800 b"], [["a b"]])
        except TypeError:
            stops = True
        assert stops == (name == "ja-mecab")


@given(st.lists(st.tuples(SOUND_TEXTS, SOUND_TEXTS, SOUND_TEXTS), min_size=1, max_size=4))
@settings(max_examples=60)
def test_several_references(texts: list[tuple[str, str, str]]) -> None:
    tokens = sacrebleu_tokens("13a")
    found = Bleu().count([tokens(t[0]) for t in texts], [[tokens(r) for r in t[1:]] for t in texts])
    columns = [[t[k] for t in texts] for k in (1, 2)]
    assert found.tolist() == LIBRARY["13a"]._extract_corpus_statistics([t[0] for t in texts], columns)


@given(pairs(SOUND_TEXTS))
@settings(max_examples=60)
def test_no_smoothing_is_sacrebleus(texts: list[tuple[str, str]]) -> None:
    score = sacrebleu.BLEU(tokenize="13a", smooth_method="none", force=True).corpus_score(
        [h for h, _ in texts], [[r for _, r in texts]]
    )
    assert Bleu(smoothing="none").fold(ours("13a", texts)) == pytest.approx(score.score, rel=1e-12, abs=1e-12)


@given(pairs(SOUND_TEXTS))
@settings(max_examples=40)
def test_the_mean_of_sentences_is_sacrebleus(texts: list[tuple[str, str]]) -> None:
    scores = [LIBRARY["zh"].corpus_score([h], [[r]]).score for h, r in texts]
    found = MeanSentenceBleu().fold(ours("zh", texts))
    assert found == pytest.approx(sum(scores) / len(scores), abs=1e-6)


@given(pairs(st.text("abc", max_size=12), 4))
def test_small_alphabets_reach_every_order(texts: list[tuple[str, str]]) -> None:
    expected = LIBRARY["char"]._extract_corpus_statistics([h for h, _ in texts], [[r for _, r in texts]])
    assert ours("char", texts).tolist() == expected
    score = LIBRARY["char"].corpus_score([h for h, _ in texts], [[r for _, r in texts]]).score
    assert Bleu().fold(ours("char", texts)) == pytest.approx(score, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("only_fourth", [False, True])
@given(pair=st.one_of(st.tuples(TEXTS, TEXTS), st.tuples(st.text("abc", max_size=12), st.text("abc", max_size=12))))
def test_character_bleu_is_nltks(only_fourth: bool, pair: tuple[str, str]) -> None:
    from nltk.translate.bleu_score import sentence_bleu

    hypothesis, reference = pair
    weights = (0, 0, 0, 1) if only_fourth else (0.25, 0.25, 0.25, 0.25)
    with warnings.catch_warnings():
        # nltk warns of every order without a match, and then takes the smallest float for it.
        warnings.simplefilter("ignore", UserWarning)
        expected = sentence_bleu([reference], hypothesis, weights=weights)
    metric = NltkCharacterBleu(only_fourth=only_fourth)
    found = metric.fold(metric.count([hypothesis], [reference]))
    assert found == pytest.approx(100 * float(expected), abs=1e-9)


def test_the_closest_reference_and_the_shorter_of_two_as_close() -> None:
    assert bleu_counts(("a",) * 5, [("a",) * 7, ("a",) * 3])[1] == 3
    assert bleu_counts(("a",) * 5, [("a",) * 9, ("a",) * 6])[1] == 6


def test_values_at_the_edges() -> None:
    assert Bleu().fold(Bleu().count([], [])) is None
    tokens = tuple("abcd")
    assert Bleu().fold(Bleu().count([tokens], [tokens])) == pytest.approx(100)
    # Three tokens have no 4-gram, and without one sacreBLEU gives 0.
    assert Bleu().fold(Bleu().count([tokens[:3]], [tokens[:3]])) == 0
    assert Bleu().fold(Bleu().count([()], [tokens])) == 0
    assert not math.isnan(float(bleu_from_sums(np.zeros(10))))


def test_many_rows_at_once_are_each_as_alone() -> None:
    rng = np.random.default_rng(1)
    totals = rng.integers(0, 9, (50, 4))
    sums = np.hstack([rng.integers(0, 9, (50, 2)), rng.integers(0, totals + 1), totals]).astype(float)
    together = bleu_from_sums(sums)
    assert together.tolist() == [float(bleu_from_sums(line)) for line in sums]


def test_one_reference_need_not_be_a_list() -> None:
    one, two = tuple("abcd"), tuple("abce")
    assert Bleu().count([one, one], [[one, two], two]).tolist() == [
        bleu_counts(one, [one, two]),
        bleu_counts(one, [two]),
    ]


def test_rows_of_thousands_of_different_tokens_are_counted_alike() -> None:
    """More tokens than are numbered together: the rows are counted in parts, and one alone with dictionaries."""
    many = tuple(str(n) for n in range(9000))
    rows = [(many, (*many[:5000], "x", *many[:40])), (many, many), (("a", "b"), ("a", "b")), (("a", "a", "x"), many)]
    hypotheses, references = [h for h, _ in rows], [r for _, r in rows]
    assert Bleu().count(hypotheses, references).tolist() == [bleu_counts(h, [r]) for h, r in rows]
    assert Bleu().count(hypotheses, references).dtype == np.int64


def test_the_smallest_scores_of_characters() -> None:
    def count(hypothesis: str, reference: str, *, only_fourth: bool = False) -> int:
        return int(NltkCharacterBleu(only_fourth=only_fourth).count([hypothesis], [reference])[0, 0])

    assert count("x", "a") == count("", "a") == 0
    assert count("abcd", "abcd") == count("abcd", "abcd", only_fourth=True) == 10**12
    assert count("abcd", "abcde", only_fourth=True) == round(math.exp(-1 / 4) * 10**12)
    assert count("abcda", "abcd", only_fourth=True) == 10**12 // 2  # longer: no penalty
    # One letter in common, and no pair: every order without a match counts as the smallest float.
    assert count("axyz", "apqr") == count("abc", "abc", only_fourth=True) == 0


def test_values_of_sums_in_millionths() -> None:
    assert NltkCharacterBleu().from_sums(np.array([[3e6, 3.0], [1e6, 4.0]])).tolist() == [100, 25]
    assert MeanSentenceBleu().from_sums(np.array([[3e8, 3.0]])).tolist() == [100]


def test_orders_that_are_counted() -> None:
    pair = [tuple("abcab")], [tuple("abcb")]
    assert matches(*pair, 1)[0].tolist() == [[4]]
    assert matches(*pair, 4)[0].tolist() == [[4, 2, 1, 0]]
    assert matches(*pair, 70)[0].tolist() == [[4, 2, 1, *[0] * 67]]
    with pytest.raises(ValueError, match=r"^n-grams of order 0 are not supported$"):
        matches(*pair, 0)


def test_more_rows_than_are_counted_together() -> None:
    rng = np.random.default_rng(4)
    rows = [tuple(rng.choice(list("abcd"), size=rng.integers(0, 9))) for _ in range(2200)]
    wanted = [tuple(rng.choice(list("abcd"), size=rng.integers(1, 9))) for _ in rows]
    found = Bleu().count(rows, wanted)
    assert found.tolist() == [bleu_counts(h, [r]) for h, r in zip(rows, wanted, strict=True)]


def test_rows_of_several_references_need_their_partners() -> None:
    one, two = tuple("abcd"), tuple("abce")
    assert Bleu().count([one, one], [[two], two]).tolist() == [bleu_counts(one, [two])] * 2
    for hypotheses, references in (([one], [[one, two]] * 2), ([one] * 2, [[one, two]])):
        with pytest.raises(ValueError, match="zip"):
            Bleu().count(hypotheses, references)
