"""Translation with several references, and classification scored by class: built from declarations."""

from __future__ import annotations

import pytest
import sacrebleu

from tasks.convention import Convention, first_failed
from tasks.errors import DeclarationError, ScoringError
from tasks.families.translation import references
from tasks.registry import build
from tasks.row import ReferenceType, Row
from tasks.step_cache import ChainCache
from tasks.task import Task, declare

TRANSLATION = build(declare("t", "translation", {"target": "de", "references": 2}))
EMOTION = build(
    declare(
        "e", "classification", {"labels": {"Neutral": ["neu"], "Happy": ["hap", "exc"], "Sad": []}, "outside": ["xxx"]}
    )
)
SAID = ["the cat is on the mat.</s>", "He read the book today.", "<s> Hello world there</s>"]
FIRST = ["The cat sat on the mat.", "He reads a book today.", "Hello there world"]
SECOND = ["A cat was sitting on the mat.", "He is reading a book today.", "Hi there, world!"]
CLEAN = ["the cat is on the mat.", "He read the book today.", "Hello world there"]


def value(convention: Convention, rows: list[Row]) -> float:
    cache = ChainCache(
        [row for row, rule in zip(rows, first_failed(rows, convention.select), strict=True) if rule is None]
    )
    found = convention.metric.fold(
        convention.metric.count(
            cache.values(convention.hypothesis_view, convention.hypothesis),
            cache.values(convention.reference_view, convention.reference),
        )
    )
    assert found is not None
    return float(found)


def rows(task: Task) -> list[Row]:
    found = [Row(str(n), SAID[n], [FIRST[n], SECOND[n]]) for n in range(3)]
    assert [task.reference_type.problem(row.reference) for row in found] == [None] * 3
    return found


def test_every_metric_is_sacrebleus() -> None:
    streams = [FIRST, SECOND]
    expected = {
        ("bleu", "sacrebleu-13a"): sacrebleu.BLEU().corpus_score(CLEAN, streams).score,
        ("bleu", "slam-llm"): sacrebleu.BLEU(lowercase=True).corpus_score(CLEAN, streams).score,
        ("chrf", "sacrebleu"): sacrebleu.CHRF().corpus_score(CLEAN, streams).score,
        ("chrfpp", "sacrebleu"): sacrebleu.CHRF(word_order=2).corpus_score(CLEAN, streams).score,
        ("ter", "sacrebleu"): sacrebleu.TER().corpus_score(CLEAN, streams).score,
    }
    assert len({round(score, 3) for score in expected.values()}) == 5
    for (metric, name), score in expected.items():
        assert value(TRANSLATION.convention(metric, name), rows(TRANSLATION)) == pytest.approx(score), metric


def test_every_convention_takes_several_references() -> None:
    for metric, conventions in TRANSLATION.conventions.items():
        for convention in conventions:
            assert "ref:references.2" in convention.signature
            if convention.unavailable() is None:
                assert value(convention, rows(TRANSLATION)) >= 0, (metric, convention.id)
    one = build(declare("t", "translation", {"target": "de"}))
    assert one.reference_type is ReferenceType.TEXT
    assert one.convention("chrf", "sacrebleu").signature.startswith("chrf|sel:all|hyp:special|ref:raw|count:chrf2@")


def test_rows_with_another_number_of_references_cannot_be_read() -> None:
    assert TRANSLATION.reference_type is ReferenceType.TEXTS
    assert TRANSLATION.reference_type.problem("a text") == "must be a non-empty list of texts (strings), not a string"
    assert TRANSLATION.reference_type.problem([]) == "must be a non-empty list of texts (strings), not a list of 0"
    view = references(3)
    assert view is references(3)
    assert view.take(Row("1", "", ["a", "", "c"])) == ["a", "", "c"]
    for reference, number in ((["a"], 1), ("a", 1), (["a"] * 4, 4)):
        with pytest.raises(ScoringError, match=f"^row 7: the row has {number} of 3 references$"):
            view.take(Row("7", "", reference))
    with pytest.raises(DeclarationError, match="`references`"):
        build(declare("t", "translation", {"target": "de", "references": 0}))


def test_scores_by_class_read_outputs_as_the_accuracy_does() -> None:
    given = [("Happy</s>", "exc"), ("happy", "hap"), ("Sad", "Sad"), ("sadly", "Sad"), ("Sad", "neu"), ("Happy", "xxx")]
    found = [Row(str(n), said, gold) for n, (said, gold) in enumerate(given)]
    assert set(EMOTION.conventions) == {"accuracy", "macro-f1", "weighted-f1", "uar", "abstention-rate"}
    exact = "iemocap-4way"
    assert value(EMOTION.convention("accuracy", exact), found) == pytest.approx(2 / 5)
    # Happy: 1 hit, 2 gold, 1 answer; Sad: 1, 2, 2; Neutral: 0, 1, 0; two outputs are no labels.
    happy, sad = 2 / 3, 2 / 4
    assert value(EMOTION.convention("macro-f1", exact), found) == pytest.approx((happy + sad) / 3)
    assert value(EMOTION.convention("macro-f1", f"{exact}-seen"), found) == pytest.approx((happy + sad) / 4)
    assert value(EMOTION.convention("weighted-f1", exact), found) == pytest.approx((2 * happy + 2 * sad) / 5)
    assert value(EMOTION.convention("uar", exact), found) == pytest.approx((0.5 + 0.5 + 0) / 3)
    # FairMLLM reads `sadly` as sad, and ignores case.
    assert value(EMOTION.convention("accuracy", "fairmllm"), found) == pytest.approx(4 / 5)
    assert value(EMOTION.convention("uar", "fairmllm"), found) == pytest.approx((1 + 1 + 0) / 3)


def test_what_a_macro_f1_averages_over_is_said() -> None:
    macro = {c.id: c for c in EMOTION.conventions["macro-f1"]}
    assert set(macro) == {"fairmllm", "fairmllm-labels", "iemocap-4way", "iemocap-4way-seen"}
    assert "|classes:seen" in macro["fairmllm"].signature
    assert "|classes:labels" in macro["fairmllm-labels"].signature
    for convention in macro.values():
        assert "over all labels" in convention.summary or "over the labels that occur" in convention.summary
        assert "An output that is no label is a miss" in convention.notes
    assert len({c.signature for c in macro.values()}) == len(macro)
