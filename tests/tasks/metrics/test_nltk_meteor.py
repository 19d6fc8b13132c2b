from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.backends.wordnet import PATH_VARIABLE, wordnet, wordnet_unavailable
from tasks.metrics.nltk_meteor import NLTK_WORDS, NltkMeteor, chunks, nltk_meteor

needs_wordnet = pytest.mark.skipif(wordnet_unavailable() is not None, reason=str(wordnet_unavailable()))
WORDS = ["a", "dog", "dogs", "hound", "barks", "barking", "man", "speaks", "talks", "car", "automobile", "loudly", "."]
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=9).map(tuple)


@needs_wordnet
@settings(max_examples=300, deadline=None)
@given(SENTENCES, SENTENCES)
def test_equals_nltks_score(hypothesis: tuple[str, ...], caption: tuple[str, ...]) -> None:
    from nltk.translate.meteor_score import single_meteor_score

    expected = single_meteor_score(caption, hypothesis, wordnet=wordnet())
    assert float(nltk_meteor(hypothesis, caption)) == pytest.approx(expected, abs=1e-12)


@needs_wordnet
def test_examples_of_the_library() -> None:
    # From the documentation of nltk.translate.meteor_score.
    said = "It is a guide to action which ensures that the military always obeys the commands of the party".split()  # noqa: SIM905
    captions = [
        "It is a guide to action that ensures that the military will forever heed Party commands",
        "It is the guiding principle which guarantees the military forces always being under the command of the Party",
        "It is the practical guide for the army always to heed the directions of the party",
    ]
    counts = NltkMeteor().count([tuple(said)], [[tuple(c.split()) for c in captions]])
    assert float(NltkMeteor().fold(counts) or 0) == pytest.approx(69.44, abs=0.005)
    assert float(nltk_meteor(("non", "matching", "hypothesis"), ("this", "is", "a", "cat"))) == 0


@needs_wordnet
def test_best_and_each() -> None:
    captions = [("a", "hound", "barks"), ("wind",)]
    best = NltkMeteor().count([("a", "dog", "barks")], [captions])
    each = NltkMeteor("each").count([("a", "dog", "barks")], [captions])
    assert best.tolist()[0][1] == 1
    assert each.tolist()[0] == [best.tolist()[0][0], 2]


def test_chunks() -> None:
    assert chunks([]) == 0
    assert chunks([(0, 0), (1, 1), (2, 4), (3, 5), (5, 6)]) == 3


def test_tokens_split_sentences() -> None:
    assert NLTK_WORDS("A dog. It barks... Can't it?") == ("A", "dog", ".", "It", "barks", "...", "Ca", "n't", "it", "?")
    assert NLTK_WORDS("") == ()


def test_empty_texts_need_no_wordnet(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path))
    assert NltkMeteor().count([()], [[("a",)]]).tolist() == [[0, 1]]
    assert "wordnet-unset" in NltkMeteor().signature
