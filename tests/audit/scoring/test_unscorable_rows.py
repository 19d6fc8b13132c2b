"""A row that cannot be scored is named: by its id, whatever lists of pairs a metric was given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.errors import InputError
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.cache import ScoreCache
from audit.scoring.counting import count
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import score
from audit.scoring.table import unreadable_lines
from tasks.analysis.multiverse import Axis, Specification, counted, universe
from tasks.analysis.prompt_sensitivity import ChainCache, sensitivity
from tasks.analysis.specifications import specification
from tasks.convention import Convention, Selection
from tasks.errors import ScoringError, TooLongError
from tasks.metrics.cider import CiderD
from tasks.metrics.coco_rouge import CocoRougeL
from tasks.metrics.meteor import Meteor
from tasks.metrics.metric import Metric
from tasks.metrics.permutation import MAX_SPEAKERS, PermutationErrorRate
from tasks.row import Row
from tasks.steps.select import FINISHED

GOOD: dict[str, Any] = {"captions": ["a dog"], "streams": [("a",), ("b",)]}
BAD: dict[str, Any] = {"captions": [], "streams": [("a",)] * (MAX_SPEAKERS + 1)}
METRICS: list[tuple[Metric, str]] = [
    (CiderD(), "captions"),
    (CocoRougeL(), "captions"),
    (Meteor(), "captions"),
    (PermutationErrorRate(), "streams"),
    (PermutationErrorRate(pooled_order=True), "streams"),
]


def rows(kind: str) -> list[Row]:
    """Equal pairs, an error and a row that is not kept before the row that is to blame."""
    said: Any = ["a dog"] if kind == "captions" else [("a",), ("b",)]
    said = said[0] if kind == "captions" else said
    good = [Row(f"good{n}", said, GOOD[kind], True, prompt=f"p{n % 2}") for n in range(5)]
    skipped = Row("skipped", said, BAD[kind], False, prompt="p0")
    return [
        *good,
        Row("error", None, GOOD[kind], True),
        skipped,
        Row("bad", said, BAD[kind], True, prompt="p1"),
        *good[:1],
    ]


@pytest.mark.parametrize(("metric", "kind"), METRICS, ids=lambda value: getattr(value, "signature", value))
def test_the_row_is_named(metric: Metric, kind: str) -> None:
    convention = Convention("c", "C.", metric, select=(FINISHED,))
    found = count(rows(kind), [("m", convention)])["m", "c"]
    assert found.failure is not None
    assert found.failure[1] == "bad"
    axis = Axis("metric", (counted("c", metric),))
    pipelines = Specification("t", "m", (axis,)).pipelines([convention])
    with pytest.raises(ScoringError) as raised:
        universe(rows(kind), pipelines[-1:])
    assert raised.value.row == "bad"
    with pytest.raises(ScoringError) as raised:
        sensitivity(ChainCache(rows(kind)), convention, bootstrap=0, permutations=0)
    assert raised.value.row == "bad"


class OfShortTexts(Meteor):
    """METEOR's answer to long texts without its Java: the number of words, of at most three."""

    def count(self, hypotheses: Any, references: Any) -> Any:
        for item, text in enumerate(hypotheses):
            if len(text.split()) > 3:
                raise TooLongError(f"a text of {len(text.split())} words", item=item)
        return np.array([[len(text.split())] * len(self.columns) for text in hypotheses])


def test_a_text_too_long_for_a_metric_costs_its_row_and_not_the_set() -> None:
    texts = ["a dog", "a b c d e", "a cat", "a b c d", "a dog"]
    items = tuple(Row(f"r{n}", text, ["a dog"], n != 4, prompt="p") for n, text in enumerate(texts))
    convention = Convention("c", "C.", OfShortTexts())
    finished = Convention("f", "F.", OfShortTexts(), select=(FINISHED,))
    task = replace(tasks()["aac-audiocaps"], conventions={"meteor": (convention, finished)})
    chosen = PredictionSet(task.id, items, PredictionMeta(task.id, "m", "13b"), Path("x.jsonl"), "0" * 64, "0" * 64)
    every, some = score(chosen, task, replicates=0)
    for found, kept in ((every, ("r0", "r2", "r4")), (some, ("r0", "r2"))):
        assert found.ids == kept
        assert found.account is not None
        assert (found.account.scored, found.account.error) == (len(kept), 2)
        assert found.unreadable == (("r1", "a text of 5 words"), ("r3", "a text of 4 words"))
        assert found.value is not None


def test_the_message_names_file_and_row() -> None:
    task = tasks()["osr-librimix"]
    texts = [["a", "b"], ["a", "b"], ["c", "d"], ["a"] * (MAX_SPEAKERS + 1)]
    items = tuple(Row(f"r{n}", "a. b.", text, True) for n, text in enumerate(texts))
    chosen = PredictionSet(task.id, items, PredictionMeta(task.id, "m", "13b"), Path("x.jsonl"), "0" * 64, "0" * 64)
    with pytest.raises(InputError, match="more than 6 reference streams") as raised:
        score(chosen, task, conventions=["cpwer"], replicates=0)
    assert raised.value.where == "x.jsonl: row r3"


def options_rows(number: int, bad: set[int]) -> tuple[Row, ...]:
    """Rows of SAKURA; the answers of the bad ones are not among their options."""
    return tuple(
        Row(f"r{n:04}", "cat", "cow" if n in bad else "cat", prompt=f"p{n % 2}", extra={"choices": ["dog", "cat"]})
        for n in range(number)
    )


def sakura(items: tuple[Row, ...]) -> PredictionSet:
    meta = PredictionMeta("sakura-animal-single", "m", "13b")
    return PredictionSet(meta.task, items, meta, Path("x.jsonl"), "1" * 64, "0" * 64)


WHY = "the answer 'cow' is not among the choices"


def test_ids_that_a_terminal_would_obey_are_escaped() -> None:
    _, plain, *rest = unreadable_lines([("a\x1b[31m", "no"), ("\u202eb", "no"), ("clip 7 \u8a9e", "no")])
    assert [plain, *rest] == [r"  row a\u001b[31m: no", "  row clip 7 \u8a9e: no", r"  row \u202eb: no"]


def test_rows_that_cannot_be_read_are_errors_and_the_others_are_scored(tmp_path: Path) -> None:
    task, bad = tasks()["sakura-animal-single"], {0, 7, 19}
    cache = ScoreCache(tmp_path)
    runs = [score(sakura(options_rows(20, bad)), task, replicates=50, cache=cache) for _ in range(2)]
    for first, second in zip(*runs, strict=True):
        assert (first.exact, first.interval, first.account) == (second.exact, second.interval, second.account)
        assert first.unreadable == second.unreadable
    for found in runs[1]:
        if found.unavailable is None:
            assert found.unreadable == tuple((f"r{n:04}", WHY) for n in sorted(bad)), found.convention.id
            assert found.account is not None
            assert (found.account.scored, found.account.error) == (17, 3)


def test_unreadable_rows_of_every_shard_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.scoring.score.SHARD_ROWS", 6)
    task, bad = tasks()["sakura-animal-single"], {1, 6, 13}
    for found in score(sakura(options_rows(20, bad)), task, replicates=0, conventions=["string-match", "mmau-v1"]):
        assert [row for row, _ in found.unreadable] == ["r0001", "r0006", "r0013"]
        assert found.account is not None
        assert (found.account.scored, found.account.error, found.exact) == (17, 3, 1)


def test_prompts_and_pipelines_leave_them_out() -> None:
    task, bad = tasks()["sakura-animal-single"], {1, 6}
    items = options_rows(20, bad)
    found = sensitivity(ChainCache(items), task.convention("accuracy", "string-match"), bootstrap=0, permutations=9)
    assert found is not None
    assert found.rows == 18
    pipelines = specification(task, "accuracy").pipelines(task.conventions["accuracy"])
    everything = universe(items, pipelines)
    assert everything.unreadable == (("r0001", WHY), ("r0006", WHY))
    every_row = [o for o in everything.outcomes() if o.pipeline.id.startswith("all/")]
    assert {(outcome.scored, outcome.of) for outcome in every_row} == {(18, 20)}


def test_a_rule_that_cannot_be_applied_names_its_row() -> None:
    def keep(row: Row) -> bool:
        if row.id == "r0003":
            raise ScoringError("no such rule", row=row.id)
        return True

    task = tasks()["sakura-animal-single"]
    convention = replace(task.convention("accuracy", "string-match"), select=(Selection("odd", keep, "odd"),))
    odd = replace(task, conventions={"accuracy": (convention,)})
    with pytest.raises(InputError, match="no such rule") as raised:
        score(sakura(options_rows(5, set())), odd, replicates=0)
    assert raised.value.where == "x.jsonl: row r0003"
