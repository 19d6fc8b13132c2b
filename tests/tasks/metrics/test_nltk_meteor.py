from __future__ import annotations

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.backends.wordnet import FILES, PATH_VARIABLE, wordnet, wordnet_folder, wordnet_unavailable
from tasks.metrics import nltk_meteor as module
from tasks.metrics.captions import fixed
from tasks.metrics.nltk_meteor import NLTK_WORDS, NltkMeteor, align, chunks, nltk_meteor

needs_wordnet = pytest.mark.skipif(wordnet_unavailable() is not None, reason=str(wordnet_unavailable()))
WORDS = ["a", "dog", "dogs", "hound", "barks", "barking", "man", "speaks", "talks", "car", "automobile", "loudly", "."]
# `nox -s long` compares more pairs.
PAIRS = int(os.environ.get("REPRO_AUDIT_METEOR_PAIRS", "2000"))
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=9).map(tuple)


@needs_wordnet
@settings(max_examples=300, deadline=None)
@given(SENTENCES, SENTENCES)
def test_equals_nltks_score(hypothesis: tuple[str, ...], caption: tuple[str, ...]) -> None:
    from nltk.translate.meteor_score import single_meteor_score

    expected = single_meteor_score(caption, hypothesis, wordnet=wordnet())
    assert float(nltk_meteor(hypothesis, caption)) == pytest.approx(expected, abs=1e-12)


def drawn_words(draw: random.Random) -> list[list[str]]:
    """Groups of words that match each other: inflections, synonyms, other cases, and words that nothing matches."""
    net = wordnet()
    known = [
        line.split(" ", 1)[0]
        for name in FILES
        if name.startswith("index.")
        for line in (wordnet_folder() / name).read_text(encoding="ascii").splitlines()
        if not line.startswith(" ")
    ]
    groups = [["a", "the", "of", "is"], [".", ",", "'s", "n't", "42", "", "\u00e9t\u00e9", "\u4e2d", "qzx", "\u0130s"]]
    for word in draw.sample(known, 400):
        group = [word, *draw.sample(sorted(net.synonyms(word)), min(3, len(net.synonyms(word))))]
        group += [f"{one}{end}" for one in group for end in ("s", "ed", "ing")]
        groups.append([*group, word.upper(), word.title()])
    return groups


@needs_wordnet
def test_alignments_and_scores_equal_nltks_on_random_pairs() -> None:
    from nltk.translate.meteor_score import align_words, single_meteor_score

    draw = random.Random(24)
    groups = drawn_words(draw)
    net = wordnet()
    kinds = [0, 0, 0]
    for number in range(PAIRS):
        few = [draw.choice(groups) for _ in range(draw.randrange(1, 7))]
        longest = 60 if number % 50 == 0 else 12
        hypothesis, caption = (
            tuple(draw.choice(draw.choice(few)) for _ in range(draw.randrange(longest))) for _ in range(2)
        )
        expected, _, _ = align_words(hypothesis, caption, wordnet=net)
        assert align(hypothesis, caption) == expected, (hypothesis, caption)
        score = single_meteor_score(caption, hypothesis, wordnet=net) if hypothesis and caption else 0.0
        assert float(nltk_meteor(hypothesis, caption)) == pytest.approx(score, abs=1e-12)
        assert module._fixed_meteor(hypothesis, caption) == fixed(nltk_meteor(hypothesis, caption))
        for one, other in expected:
            said, wanted = hypothesis[one].lower(), caption[other].lower()
            kinds[0 if said == wanted else 1 if module._stem(said) == module._stem(wanted) else 2] += 1
    assert min(kinds) > PAIRS / 10


@needs_wordnet
def test_words_are_looked_up_once_and_long_texts_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    class Counted(frozenset[str]):
        def __and__(self, other: object) -> frozenset[str]:
            assert isinstance(other, set)
            looked.append(min(len(self), len(other)))
            return frozenset(self) & other

    stems: list[str] = []

    def stem(word: str) -> str:
        stems.append(word)
        return word

    monkeypatch.setattr(module, "_stemmer", lambda: stem)
    module._stem.cache_clear()
    monkeypatch.setattr(module, "_synonyms", lambda word: Counted((word, f"{word}-like", f"{word}-ish")))
    for size in (500, 1000):
        looked.clear()
        assert align(tuple(f"a{n}" for n in range(size)), tuple(f"b{n}" for n in range(size))) == []
        assert sum(looked) == 3 * size
    assert len(stems) == len(set(stems)) == 2000
    module._stem.cache_clear()


TEXT = st.lists(
    st.sampled_from(
        ["a", "Dog", "barks", "barks. ", "dog, ", "3", "I. ", "7. ", "9,", ".", " etc. ",
         " ", " ", " ", "  ", "cannot", "Gonna", "gimme", "wannabe", "x.", "...", "'s", ",",
         "n't", "\n", "\t", "\u00a0", "(", "\u2019", "gotta", "lemme", "wanna", "Mr", "p.m", "e.g", "!", "?", "-", "\u00e9"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@settings(max_examples=1000, deadline=None)
@given(TEXT)
def test_tokens_are_nltks(text: str) -> None:
    assert NLTK_WORDS(text) == module._library()(text)


def test_plain_texts_need_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_library", None)
    assert NLTK_WORDS(" A dog barks  loudly 3 times.") == ("A", "dog", "barks", "loudly", "3", "times", ".")
    assert NLTK_WORDS("rain on a roof") == ("rain", "on", "a", "roof")
    assert NLTK_WORDS("wannabes") == ("wannabes",)
    assert NLTK_WORDS("A dog, a cat. birds sing, It") == ("A", "dog", ",", "a", "cat", ".", "birds", "sing", ",", "It")
    assert NLTK_WORDS("number 5.") == ("number", "5", ".")
    for text in ("it cannot bark", "a dog .", "a dog..", "5 p.m.", "a,b", "a,, b", "I. am", "5. is", "a dog,.", ", a"):
        with pytest.raises(TypeError):
            NLTK_WORDS(text)


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
