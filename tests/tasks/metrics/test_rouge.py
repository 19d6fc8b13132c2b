"""ROUGE-L against rouge-score."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from tasks.metrics.rouge import RougeL, rouge_tokens
from tasks.step import version_of
from tests.support.strategies import FEW, TEXTS, pairs

VERSION = version_of("rouge-score")
SENTENCES = st.lists(
    st.sampled_from(("the", "cats", "cat", "running", "run", "a", "flies", "Music", "music,", "2")), max_size=10
).map(" ".join)


@pytest.mark.parametrize("stemmer", [False, True])
@pytest.mark.parametrize("measure", ["f", "recall"])
@given(texts=st.one_of(pairs(SENTENCES, 4), pairs(st.one_of(SENTENCES, TEXTS, FEW), 4)))
def test_the_mean_of_rouge_scores(stemmer: bool, measure: str, texts: list[tuple[str, str]]) -> None:
    scorer = RougeScorer(["rougeL"], use_stemmer=stemmer)
    scores = [scorer.score(reference, hypothesis)["rougeL"] for hypothesis, reference in texts]
    expected = [s.fmeasure if measure == "f" else s.recall for s in scores]
    tokens = rouge_tokens(stemmer)
    metric = RougeL(measure="f" if measure == "f" else "recall")
    found = metric.fold(metric.count([tokens(h) for h, _ in texts], [tokens(r) for _, r in texts]))
    assert found is not None
    assert float(found) == pytest.approx(100 * sum(expected) / len(expected), rel=1e-12, abs=1e-12)


def test_words_of_one_stem_agree_where_they_are_stemmed() -> None:
    plain, stems = rouge_tokens(stemmer=False), rouge_tokens(stemmer=True)
    text = "Cats, RUNNING flies!"
    assert (plain(text), stems(text)) == (("cats", "running", "flies"), ("cat", "run", "fli"))
    for tokens, value in ((plain, 0), (stems, 100)):
        assert RougeL().fold(RougeL().count([tokens("the cats")[1:]], [tokens("cat")])) == value
    assert (plain.signature, stems.signature) == (f"rouge-tokens@{VERSION}", f"rouge-tokens.stem@{VERSION}")
    assert plain.kind == stems.kind == "tokens"
    assert plain.sources == stems.sources
    assert plain.sources == ("module:rouge_score.tokenize", "module:rouge_score.tokenizers", "module:nltk.stem.porter")


def test_the_shortest_texts() -> None:
    metric = RougeL()
    assert metric.fold(metric.count([("a",), ()], [("a",), ("a",)])) == 50
    assert metric.fold(metric.count([(), ("a",)], [(), ()])) == 0
    assert metric.row_value(metric.count([("a",), ()], [(), ()]))[1].tolist() == [1, 1]


def test_texts_without_any_letter() -> None:
    tokens = rouge_tokens(stemmer=True)
    assert tokens("你好。") == ()
    metric = RougeL()
    assert metric.fold(metric.count([()], [()])) == 0
    assert metric.fold(metric.count([], [])) is None
