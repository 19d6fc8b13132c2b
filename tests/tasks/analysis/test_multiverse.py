from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from audit.literature.known_tasks import known_tasks as tasks
from tasks.analysis.multiverse import Axis, Option, Pipeline, Specification, both, counted, output, rows_with, universe
from tasks.analysis.specifications import specification
from tasks.errors import ScoringError
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.row import Row
from tasks.step_cache import ChainCache
from tasks.steps.clean import STRIP_SPECIAL
from tasks.steps.normalise.simple import LOWER
from tasks.steps.select import FINISHED
from tasks.steps.tokenise import WORDS
from tests.support.multiverse_rows import rows, small_specification

TASKS = tasks()


def scored_alone(pipeline: Pipeline, data: list[Row]) -> tuple[Fraction | float | None, int]:
    """Without any sharing: one pipeline, a cache of its own."""
    convention = pipeline.convention
    kept = [r for r in data if r.hypothesis is not None and all(s.keep(r) for s in convention.select)]
    cache = ChainCache(kept)
    counts = convention.metric.count(
        cache.values(convention.hypothesis_view, convention.hypothesis),
        cache.values(convention.reference_view, convention.reference),
    )
    return convention.metric.fold(counts), len(kept)


def test_shared_work_gives_what_each_pipeline_gives_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.analysis.multiverse.SHARD", 17)  # the work is cut into shards, which must not show
    data = [*rows(60), Row("9999", None, "lost", extra={"error": "x"})]
    pipelines = small_specification().pipelines(TASKS["asr-librispeech-clean"].conventions["wer"])
    outcomes = universe(data, pipelines).outcomes()
    assert len(outcomes) == len(pipelines) > 256
    for outcome in random.Random(1).sample(outcomes, 60):
        assert (outcome.value, outcome.scored) == scored_alone(outcome.pipeline, data)
        assert outcome.of == 61


def test_counts_of_rows_that_need_more_bytes_than_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are compact, and widened when a later shard needs it; what is folded is not."""
    monkeypatch.setattr("tasks.analysis.multiverse.SHARD", 2)
    axes = (Axis("fold", (counted("corpus", ErrorRate(), WORDS), counted("mean", MeanErrorRate(), WORDS))),)
    data = [Row(f"{n}", "a " * size + "b", "a " * size + "c") for n, size in enumerate((3, 4, 300, 5, 70_000, 2))]
    everything = universe(data, Specification("t", "wer", axes).pipelines())
    for outcome in everything.outcomes():
        assert everything.counts(outcome.pipeline).dtype == np.int64
        assert (outcome.value, outcome.scored) == scored_alone(outcome.pipeline, data)
    assert {table.dtype for table in everything.tables.values()} == {np.dtype(np.uint32)}
    early = universe(data[:2], everything.pipelines)
    assert {table.dtype for table in early.tables.values()} == {np.dtype(np.uint8)}


@pytest.mark.parametrize(
    ("task", "metric", "references"),
    [
        ("osr-librimix", "wer", ["one two three", "four five"]),
        ("ke-inspec", "accuracy", ["neural nets", "speech"]),
        ("mc-musiccaps", "bleu", "A slow song. With a loud guitar."),
        ("mc-musiccaps", "rouge-l", "A slow song. With a loud guitar."),
        ("er-iemocap", "accuracy", "Happy"),
        ("sv-voxceleb1", "accuracy", "Yes"),
        ("st-en-ja", "bleu", "これは文です。"),
        ("pr-librispeech", "per", "DH AH0 K AE1 T sil"),
        ("story-audiocaps", "diversity", None),
        ("aac-audiocaps", "spider", ["a dog barks", "a dog is barking loudly"]),
    ],
)
def test_every_family_has_pipelines_that_score(task: str, metric: str, references: object) -> None:
    if task not in TASKS:
        pytest.skip(f"{task} is not in the registry")
    texts = ["One two. Four five.</s>", "Happy.</s>", "A slow song with a guitar, neural nets", "これは文。</s>", "Yes"]
    data = [Row(str(n), text, references) for n, text in enumerate(texts)]
    known = TASKS[task].conventions[metric]
    pipelines = specification(TASKS[task], metric).pipelines(known)
    outcomes = universe(data, pipelines).outcomes()
    assert {c.signature for c in known if c.unavailable() is None} <= {p.convention.signature for p in pipelines}
    assert {n for p in pipelines for n in p.known_as} == {c.id for c in known if c.unavailable() is None}
    for outcome in random.Random(2).sample(outcomes, min(12, len(outcomes))):
        assert (outcome.value, outcome.scored) == scored_alone(outcome.pipeline, data)


def test_every_metric_of_every_task_has_a_specification() -> None:
    for task in TASKS.values():
        for metric, known in task.conventions.items():
            found = specification(task, metric).pipelines(known)
            assert len({p.convention.signature for p in found}) == len(found)
            ids = [p.id for p in found]
            assert len(set(ids)) == len(ids)
    assert len(specification(TASKS["asr-librispeech-clean"], "wer").pipelines()) > 1000
    with pytest.raises(KeyError):
        specification(TASKS["asr-librispeech-clean"], "bleu")


def test_axes_multiply_and_choices_are_named() -> None:
    spec = Specification(
        "t",
        "wer",
        (
            Axis("selection", (rows_with("all"), rows_with("finished", FINISHED))),
            Axis("cleaning", (output("special", STRIP_SPECIAL),)),
            Axis("normaliser", (both("verbatim"), both("lower", LOWER))),
            Axis("fold", (counted("corpus", ErrorRate(), WORDS), counted("mean", MeanErrorRate(), WORDS))),
        ),
    )
    found = spec.pipelines()
    assert len(found) == 8
    assert found[0].id == "all/special/verbatim/corpus"
    assert found[-1].choices == (
        ("selection", "finished"), ("cleaning", "special"), ("normaliser", "lower"), ("fold", "mean"),
    )  # fmt: skip
    assert [p.departures for p in found] == [0, 1, 1, 2, 1, 2, 2, 3]
    assert found[-1].convention.signature == (
        "wer|sel:finished|hyp:special,lower,words|ref:lower,words|count:levenshtein|fold:mean-of-rows"
    )
    with pytest.raises(ValueError, match="no metric"):
        Specification("t", "wer", (Axis("selection", (rows_with("all"),)),)).pipelines()


def test_options_that_make_the_same_pipeline_are_one() -> None:
    axes = (Axis("a", (both("x", LOWER), both("y", LOWER))), Axis("fold", (counted("corpus", ErrorRate()),)))
    assert [p.id for p in Specification("t", "wer", axes).pipelines()] == ["x/corpus"]


def test_unavailable_conventions_are_left_out() -> None:
    from tasks.convention import Convention

    out = Convention("judge", "", ErrorRate(), unavailable=lambda: "needs a judge")
    axes = (Axis("fold", (counted("corpus", ErrorRate(), WORDS), Option("judged", base=out))),)
    assert [p.id for p in Specification("t", "wer", axes).pipelines([out])] == ["corpus"]


def test_intervals_are_paired_and_hold_the_value() -> None:
    data = [Row(r.id, r.hypothesis, r.reference, extra={"cluster": str(n % 9)}) for n, r in enumerate(rows(60))]
    spec = small_specification()
    everything = universe(data, [p for p in spec.pipelines() if "lower" in p.id.split("/")])
    outcomes = everything.outcomes()
    found = everything.with_intervals(outcomes, 60)
    assert found == everything.with_intervals(outcomes, 60)
    assert all(o.interval and o.interval[0] <= o.interval[1] for o in found)
    assert np.mean([o.interval[0] <= float(o.value or 0) <= o.interval[1] for o in found if o.interval]) > 0.9


def test_a_part_of_the_rows() -> None:
    data = rows(40)
    pipelines = small_specification().pipelines()[::37]
    part = np.arange(40) % 3 == 0
    some = universe(data, pipelines).outcomes(part)
    alone = universe([r for r, taken in zip(data, part, strict=True) if taken], pipelines).outcomes()
    assert [(o.value, o.scored, o.of) for o in some] == [(o.value, o.scored, o.of) for o in alone]


def test_nothing_left_is_no_value() -> None:
    pipelines = small_specification().pipelines()
    outcomes = universe([Row("1", "words without an end", "words")], pipelines).outcomes()
    assert {o.value for o in outcomes if "finished" in o.pipeline.id} == {None}
    assert universe([], pipelines).outcomes()[0].value is None


def test_a_part_of_a_metric_of_the_whole_set_is_refused() -> None:
    class Whole(ErrorRate):
        whole_set = True

        def count(self, hypotheses, references):  # type: ignore[no-untyped-def]
            assert len(hypotheses) == 2, "counted over the kept rows, at once"
            return super().count(hypotheses, references)

    axes = (
        Axis("selection", (rows_with("finished", FINISHED),)),
        Axis("fold", (counted("corpus", Whole(), WORDS),)),
    )
    found = universe(
        [Row("1", "a b</s>", "a c"), Row("2", "a", "a"), Row("3", "a</s>", "a")],
        Specification("t", "wer", axes).pipelines(),
    )
    assert found.outcomes()[0].scored == 2
    with pytest.raises(ScoringError):
        found.outcomes(np.array([True, True, False]))
