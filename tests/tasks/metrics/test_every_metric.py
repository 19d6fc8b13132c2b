"""What every metric keeps to: counts in 64 bits of the named columns, pairs of rows, and replicates that are folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tasks.errors import ScoringError
from tasks.metrics import cider, meteor, spice
from tasks.metrics.accuracy import Accuracy, Share
from tasks.metrics.bleu import Bleu, MeanSentenceBleu, NltkCharacterBleu
from tasks.metrics.chrf import Chrf
from tasks.metrics.cider import CiderD
from tasks.metrics.class_scores import ClassScore
from tasks.metrics.coco_rouge import CocoRougeL
from tasks.metrics.compounds import CompoundErrorRate, OneWordErrorRate
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.metrics.following import NotTranscribed
from tasks.metrics.keyphrases import Keyphrases
from tasks.metrics.meteor import Meteor
from tasks.metrics.metric import Metric, as_counts, divide
from tasks.metrics.nltk_meteor import NltkMeteor
from tasks.metrics.permutation import PermutationErrorRate
from tasks.metrics.rouge import RougeL
from tasks.metrics.slu_f1 import SluF1
from tasks.metrics.spice import Spice, Spider
from tasks.metrics.story import Diversity, StoryFollowing
from tasks.metrics.ter import Ter
from tasks.metrics.triggered import Triggered

TOKENS = [tuple("abcde"), tuple("abce"), tuple("xbcde"), ()]
WANTED = [tuple("abcde"), tuple("abcde"), tuple("abcde"), tuple("ab")]
TEXTS = ["a dog barks", "rain on a roof", "a", "wind"]
CAPTIONS = [["a dog barks", "dogs bark"], ["rain"], ["a man"], ["wind blows", "wind"]]
STREAMS = [[("a", "b"), ("c",)], [("c",), ("a", "x")], [("a",)], [("b",)]]
SPEAKERS = [[("a", "b"), ("c",)], [("a", "b"), ("c",)], [("a",)], [("a",)]]
TWO_STREAMS = [STREAMS[0], STREAMS[1], [(), ("a",)], [("b",), ("c",)]]
TWO_SPEAKERS = [SPEAKERS[0], SPEAKERS[1], [("a",), ()], [("a",), ("c",)]]
STORY = tuple(str(number) for number in range(40)) + ("end",) * 10


@dataclass
class Case:
    """A metric and four rows for it; `millionths` if every row's value is a whole number of millionths."""

    metric: Metric
    hypotheses: list[Any]
    references: list[Any]
    millionths: bool = True


CASES = [
    Case(Accuracy(), list("abca"), list("abbb")),
    Case(Share("equal", lambda h, r: (int(h == r), 2)), list("abca"), list("abbb")),
    Case(Bleu(), TOKENS, WANTED),
    Case(Bleu(smoothing="none"), TOKENS, WANTED),
    Case(MeanSentenceBleu(), TOKENS, WANTED, millionths=False),
    Case(NltkCharacterBleu(), ["abcde", "abcx", "x", ""], ["abcde", "abcde", "a", "a"], millionths=False),
    Case(NltkCharacterBleu(only_fourth=True), ["abcde"] * 4, ["abcde", "abcdef", "x", "abcde"], millionths=False),
    Case(CiderD(), TEXTS, CAPTIONS, millionths=False),
    Case(CocoRougeL(), TEXTS, CAPTIONS, millionths=False),
    Case(ErrorRate(), TEXTS, ["a dog barked", "rain on the roof", "a", ""]),
    Case(CompoundErrorRate(), TOKENS, [("ab", *"cde"), *WANTED[1:]]),
    Case(OneWordErrorRate(), TOKENS, [*WANTED[:3], ()]),
    Case(Chrf(), TEXTS, CAPTIONS),
    Case(Chrf(words=2, id="chrfpp"), TEXTS, ["a dog barked", "rain on the roof", "a", ""]),
    Case(Ter(), TOKENS, [[TOKENS[1], TOKENS[2]], *WANTED[1:3], [("x",), ("a", "b", "c")]]),
    *(Case(ClassScore(("a", "b", "c"), measure, classes), list("abcx"), list("abbc"))
      for measure in ("macro-f1", "weighted-f1", "uar") for classes in ("labels", "seen")),
    Case(MeanErrorRate(), TEXTS, ["a dog barked too", "rain on the roof", "a", ""]),
    Case(NotTranscribed(), TEXTS, [*TEXTS[:2], "b", ["c", "d"]]),
    Case(Keyphrases(5), [["a", "b"], list("abcd"), ["x"], []], [["a"], ["a", "d"], ["x"], ["y"]]),
    Case(Keyphrases(5, measure="f1"), [list("abx"), list("abc"), ["x"], []], [["a"], list("adefg"), ["x"], []]),
    Case(Meteor(), TEXTS, CAPTIONS),
    Case(NltkMeteor(), TEXTS, CAPTIONS, millionths=False),
    Case(PermutationErrorRate(), STREAMS, SPEAKERS),
    Case(PermutationErrorRate(merge=True), STREAMS, SPEAKERS),
    Case(PermutationErrorRate(pooled_order=True), TWO_STREAMS, TWO_SPEAKERS),
    Case(RougeL(), TOKENS, [tuple("abcde"), tuple("abcd"), tuple("abcde"), tuple("ab")]),
    Case(RougeL(measure="recall"), TOKENS, WANTED),
    Case(SluF1(), ["five", "at six", "", "bob"],
         [("p", "time", "five"), ("q", "time", "six am"), ("q", "date", "monday"), ("q", "person", "bob")]),
    Case(Spice(), TEXTS, CAPTIONS),
    Case(Spider(), TEXTS, CAPTIONS, millionths=False),
    Case(Diversity(), [STORY, STORY[:49], STORY, ()], [None] * 4),
    Case(StoryFollowing(), [STORY, STORY[:49], STORY, ()], [None] * 4),
    Case(Triggered("precision"), [[0.5, 0.2], [0.3], [0.0], [0.2, 0.3]], [[1, 0], [0], [1], [1, 0]]),
    Case(Triggered("recall"), [[0.5, 0.2], [0.3], [0.0], [0.2, 0.3]], [[1, 0], [0], [1], [1, 0]]),
    Case(Triggered("f1"), [[0.5, 0.2], [0.3], [0.0], [0.2, 0.3]], [[1, 0], [0], [1], [1, 0]]),
]  # fmt: skip
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.metric.signature)
# Hypothesis and reference share one list in these: there is one list to be short.
WITHOUT_REFERENCES = (Diversity, StoryFollowing)


class Jar:
    """Stands for METEOR's child: two words in common per shared word, whatever the order."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def result(self) -> list[str]:
        answers = []
        for line in self.lines:
            _, *captions, said = (part.split() for part in line.split(" ||| "))
            best = max(captions, key=lambda caption: len(set(caption) & set(said)))
            common = len(set(best) & set(said))
            numbers = [len(said), len(best), 0, 0, common, common, *[0] * 14, max(common, 2), common, common]
            answers.append(" ".join(f"{number}.0" for number in numbers))
        return answers


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meteor, "Answers", Jar)
    monkeypatch.setattr(meteor, "_known", {})
    monkeypatch.setattr(spice, "spice_scores", lambda texts: [10**11 * len(said.split()) for said, _ in texts])


def needed(metric: Metric) -> None:
    from tasks.backends.wordnet import wordnet_unavailable

    if isinstance(metric, NltkMeteor) and (reason := wordnet_unavailable()):
        pytest.skip(reason)


@every_case
def test_counts_are_64_bits_of_the_named_columns(case: Case) -> None:
    needed(case.metric)
    for rows in (4, 0):
        counts = case.metric.count(case.hypotheses[:rows], case.references[:rows])
        assert (counts.shape, counts.dtype) == ((rows, len(case.metric.columns)), np.int64)
    assert case.metric.fold(counts) is None


@every_case
def test_a_row_without_its_partner_is_an_error(case: Case) -> None:
    needed(case.metric)
    if isinstance(case.metric, WITHOUT_REFERENCES):
        assert len(case.metric.count(case.hypotheses, [])) == 4
        return
    for hypotheses, references in ((3, 4), (4, 3)):
        with pytest.raises((ValueError, ScoringError)):
            case.metric.count(case.hypotheses[:hypotheses], case.references[:references])


@every_case
def test_a_replicate_is_the_fold_of_its_rows(case: Case) -> None:
    needed(case.metric)
    counts = case.metric.count(case.hypotheses, case.references)
    drawn = [[0, 1, 2, 3], [0, 0, 0, 1], [3, 3, 2, 0], [1, 1, 1, 1]]
    weights = np.array([np.bincount(rows, minlength=4) for rows in drawn], dtype=np.float64)
    folds = [case.metric.fold(counts[rows]) for rows in drawn]
    expected = [float("nan") if value is None else float(value) for value in folds]
    found = case.metric.replicate(counts, weights)
    assert found.dtype == np.float64
    # Values of rows are summed in millionths.
    exact = {"rel": 1e-12, "abs": 1e-12} if case.millionths else {"rel": 0, "abs": 1e-6 * case.metric.scale}
    assert found.tolist() == pytest.approx(expected, nan_ok=True, **exact)
    assert len(set(expected)) > 1


@every_case
def test_nothing_drawn_is_not_a_number(case: Case) -> None:
    needed(case.metric)
    if isinstance(case.metric, (Bleu, Chrf, Meteor)):
        return  # no match, which is 0
    counts = case.metric.count(case.hypotheses, case.references)
    assert np.isnan(case.metric.replicate(counts, np.zeros((1, 4)))).tolist() == [True]


def test_a_quotient_of_whole_numbers() -> None:
    found = divide(np.array([3, 1, 0]), np.array([2, 0, 4]))
    assert found.dtype == np.float64
    assert found.tolist() == pytest.approx([1.5, float("nan"), 0], nan_ok=True)


def test_rows_as_an_array() -> None:
    assert as_counts([], 3).shape == (0, 3)
    assert as_counts([(1, 2), (3, 4)], 2).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="reshape"):
        as_counts([(1, 2)], 3)


def test_a_program_that_answers_too_little_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Jar, "result", lambda self: [" ".join(["1"] * 23)] * (len(self.lines) - 1))
    with pytest.raises(ValueError, match="zip"):
        meteor.meteor_statistics(["a", "b"])
    monkeypatch.setattr(meteor, "meteor_statistics", lambda lines: [(1,) * 23] * (len(lines) - 1))
    monkeypatch.setattr(spice, "spice_scores", lambda texts: [1] * (len(texts) - 1))
    monkeypatch.setattr(cider, "cider_scores", lambda said, captions: [1.0] * (len(said) - 1))
    for metric in (Meteor(), Spice(), CiderD()):
        with pytest.raises(ValueError, match="zip"):
            metric.count(TEXTS, CAPTIONS)


def test_scores_need_captions_for_every_output() -> None:
    with pytest.raises(ValueError, match="zip"):
        cider.cider_scores([("a",), ("b",)], [[("a",)]])
