"""The references axis: all references of a row at once, each alone, or the first only."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sacrebleu

from audit.literature.known_tasks import known_tasks as tasks
from tasks.analysis.attribution import attribute
from tasks.analysis.multiverse import universe, with_references
from tasks.analysis.points import combination, point_of
from tasks.analysis.specifications import specification
from tasks.metrics.bleu import Bleu, MeanSentenceBleu
from tasks.metrics.error_rate import ErrorRate
from tasks.registry import build
from tasks.row import Row
from tasks.task import declare

SAID = ["the cat sat on the mat today", "a dog runs in the park", "it is raining again and again"]
GOLD = [
    ["the cat sat on a mat today", "a cat was sitting on the mat"],
    ["the dog runs in a park", "a dog is running in the park now"],
    ["it rains again and again", "it is raining again"],
]
ROWS = [Row(str(n), said, gold) for n, (said, gold) in enumerate(zip(SAID, GOLD, strict=True))]
TASK = build(declare("two-references", "translation", {"target": "de", "references": 2}))
SPEC = specification(TASK, "bleu")


def value(references: str, fold: str = "corpus") -> float:
    point = combination(SPEC, ["all", references, "special", "verbatim", "13a", fold])
    assert point is not None
    pipelines = [p for p in SPEC.pipelines() if p.convention.signature == point.convention.signature]
    (outcome,) = universe(ROWS, pipelines).outcomes()
    return float(outcome.value or 0)


def test_values_are_those_of_sacrebleu_on_the_same_references() -> None:
    both = [[gold[n] for gold in GOLD] for n in range(2)]
    assert value("all-references") == pytest.approx(sacrebleu.corpus_bleu(SAID, both).score)
    assert value("first") == pytest.approx(sacrebleu.corpus_bleu(SAID, both[:1]).score)
    # Every reference is a row of its own.
    repeated = [said for said in SAID for _ in range(2)]
    apart = [[text for gold in GOLD for text in gold]]
    assert value("each") == pytest.approx(sacrebleu.corpus_bleu(repeated, apart).score)
    assert len({value(name) for name in ("all-references", "first", "each")}) == 3


def test_a_mean_over_sentences_takes_references_together() -> None:
    assert combination(SPEC, ["all", "each", "special", "verbatim", "13a", "mean-of-sentences"]) is None
    assert value("first", "mean-of-sentences") != value("all-references", "mean-of-sentences")
    assert not [p for p in SPEC.pipelines() if {"each", "mean-of-sentences"} <= set(p.id.split("/"))]


def test_tasks_with_one_reference_have_no_such_axis() -> None:
    assert "references" not in [axis.name for axis in specification(tasks()["st-en-de"], "bleu").axes]
    plain = specification(tasks()["st-en-de"], "bleu").pipelines()[0].convention
    assert plain.signature.endswith(
        "|ref:tok.13a@sacrebleu-2.6.0|count:ngrams.4|fold:corpus|smooth:exp|eff:no|len:closest"
    )


def test_conventions_for_several_references_are_points() -> None:
    point = point_of(SPEC, TASK.convention("bleu", "sacrebleu-13a"))
    assert [option.name for option in point.options] == [
        "all", "all-references", "special", "verbatim", "13a", "corpus",
    ]  # fmt: skip
    known = [p for p in SPEC.pipelines(TASK.conventions["bleu"]) if "sacrebleu-13a" in p.known_as]
    assert [p.choices[0][0] for p in known] == ["selection"]


def test_the_number_of_captions_is_a_step_of_its_own() -> None:
    task = tasks()["aac-audiocaps"]
    spec = specification(task, "cider")
    assert [axis.name for axis in spec.axes] == ["selection", "references", "convention"]
    ends = [point_of(spec, task.convention("cider", name)) for name in ("coco", "coco-one")]
    data = [Row(str(n), said, gold) for n, (said, gold) in enumerate(zip(SAID, GOLD, strict=True))]
    if any(convention.convention.unavailable() for convention in ends):
        pytest.skip("needs Java")
    found = attribute(data, *ends)
    assert [(s.change.axes, s.change.before, s.change.after) for s in found.steps] == [
        (("references",), "all-references", "each")
    ]
    assert found.steps[0].part == found.gap != 0


def test_captions_of_nltk_meteor_without_java() -> None:
    task = tasks()["aac-audiocaps"]
    names = ("hufs-nltk", "audiobench-five")
    if any(task.convention("meteor", name).unavailable() for name in names):
        pytest.skip("needs WordNet")
    spec = specification(task, "meteor")
    first, second = (point_of(spec, task.convention("meteor", name)) for name in names)
    found = attribute(ROWS, first, second)
    assert {step.change.axes for step in found.steps} == {("references",), ("convention",)}
    assert sum((step.part for step in found.steps), Fraction(0)) == found.gap


def test_only_metrics_with_such_a_choice_change() -> None:
    assert with_references(Bleu(), "each") == Bleu(references="each")
    assert with_references(Bleu(references="each"), "all") == Bleu()
    assert with_references(ErrorRate(), "each") == ErrorRate()
    assert with_references(MeanSentenceBleu(), "each") == MeanSentenceBleu()
    assert Bleu(references="each").counting != Bleu().counting
    assert "each-reference" in Bleu(references="each").signature
