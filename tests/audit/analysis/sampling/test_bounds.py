"""Which sequence fits a convention, and the bounds of samples by kind."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from audit.analysis.sampling.bounds import completed, departure, reach
from audit.analysis.sampling.order import digest, steps
from audit.analysis.sampling.plan import SCHEMA, Ordered, Plan, PlannedClaim, PlannedConvention, Seed
from audit.analysis.sampling.quantities import kind_of, known
from audit.literature.known_tasks import known_tasks
from audit.scoring.rows_in_memory import prediction_set
from audit.scoring.score import Score, score
from tasks.row import Row

TASKS = known_tasks()


@pytest.mark.parametrize(
    ("task", "metric", "convention", "kind"),
    [
        ("asr-librispeech-clean", "wer", "verbatim", "errors"),
        ("asr-librispeech-clean", "wer", "au-harness-mean", "row-errors"),
        ("er-iemocap", "accuracy", None, "share"),
        ("st-en-zh", "bleu", None, "sums"),
    ],
)
def test_every_metric_has_its_sequence(task: str, metric: str, convention: str | None, kind: str) -> None:
    items = TASKS[task].conventions[metric]
    found = [kind_of(item) for item in items if convention in {None, item.id}]
    assert kind in found


def test_metrics_over_the_whole_set_have_no_sequence() -> None:
    found = {kind_of(c) for c in TASKS["aac-audiocaps"].conventions["spider"] if c.metric.whole_set}
    assert found == {None}


def test_reference_tokens_are_known_before_any_output() -> None:
    task = TASKS["asr-librispeech-clean"]
    (verbatim,) = [c for c in task.conventions["wer"] if c.id == "verbatim"]
    found = known(task, "wer", verbatim, [Row("a", None, "one two three"), Row("b", None, "four")])
    assert found is not None
    assert (found.kind, found.largest, found.total, found.tokens) == ("errors", 3, 4, (3, 1))


def run(task: str, metric: str, convention: str, rows: list[dict[str, object]], first: int, **planned: object):
    """The bounds after the first units of an order, and the value over all of them."""
    chosen = TASKS[task]
    (item,) = [c for c in chosen.conventions[metric] if c.id == convention]
    units = tuple(sorted(str(r["id"]) for r in rows))
    facts = known(chosen, metric, item, [Row(str(r["id"]), None, r["reference"]) for r in rows])
    assert facts is not None
    one = PlannedConvention(item.id, item.hash, facts.kind, "1/20", facts.largest, facts.total, None)
    one = replace(one, **planned)  # type: ignore[arg-type]
    claim = PlannedClaim(metric, "1", "percent", "higher", "0", (one,))
    found = steps(units, "7")
    order = digest(name for step in found for name in step)
    plan = Plan(SCHEMA, task, units, Seed("given", "7"), order, "0.05", (claim,), "2026-11-29T12:00:00Z", "test")
    ordered = Ordered(plan, found)
    present = frozenset(ordered.units[:first])

    def scored(names: frozenset[str]) -> tuple[Score, dict[str, Row]]:
        part = prediction_set(chosen, [json.loads(json.dumps(r)) for r in rows if r["id"] in names])
        (made,) = score(part, chosen, metrics=[metric], conventions=[convention], replicates=0)
        return made, {row.id: row for row in part.rows}

    made, by_id = scored(present)
    whole, _ = scored(frozenset(units))
    return reach(made, by_id, ordered, one, present=present, with_path=True), whole


def labels(units: int = 100) -> list[dict[str, object]]:
    chance = random.Random(3)
    kinds = ("neutral", "sad", "angry", "happy")
    return [
        {
            "id": f"e{n:03}",
            "hypothesis": kinds[n % 4] if chance.random() < 0.7 else kinds[(n + 1) % 4],
            "reference": kinds[n % 4],
        }
        for n in range(units)
    ]


@pytest.mark.parametrize("first", [5, 40, 99, 100])
def test_a_share_lies_within_its_bounds(first: int) -> None:
    convention = TASKS["er-iemocap"].conventions["accuracy"][0].id
    found, whole = run("er-iemocap", "accuracy", convention, labels(), first)
    assert found.exact
    assert found.low is not None
    assert found.high is not None
    assert whole.exact is not None
    assert found.low - 1e-9 <= float(whole.exact) <= found.high + 1e-9
    assert found.path[-1] == (first, found.low, found.high)
    if first == 100:
        assert found.low == pytest.approx(found.high)


def translations(units: int = 120) -> list[dict[str, object]]:
    chance = random.Random(4)
    signs = "天气很好今晚早上大家你我他们去来看书学校"
    found = []
    for n in range(units):
        text = "".join(chance.choice(signs) for _ in range(14))
        said = "".join(chance.choice(signs) if chance.random() < 0.15 else sign for sign in text)
        found.append({"id": f"t{n:03}", "hypothesis": said, "reference": text})
    return found


def test_bleu_has_approximate_bounds_from_fifty_units_on() -> None:
    convention = next(c.id for c in TASKS["st-en-zh"].conventions["bleu"] if kind_of(c) == "sums" and not c.select)
    few, _ = run("st-en-zh", "bleu", convention, translations(), 49)
    assert few.problem is not None
    some, whole = run("st-en-zh", "bleu", convention, translations(), 80)
    assert not some.exact
    assert some.low is not None
    assert some.high is not None
    assert some.low < float(whole.exact or 0) < some.high
    every, whole = run("st-en-zh", "bleu", convention, translations(), 120)
    assert every.low == pytest.approx(float(whole.exact or 0))
    assert every.high == pytest.approx(float(whole.exact or 0))


def test_an_error_rate_without_a_cap_has_no_upper_bound() -> None:
    rows: list[dict[str, object]] = [{"id": f"u{n:02}", "hypothesis": "a b c", "reference": "a b d"} for n in range(30)]
    found, _ = run("asr-librispeech-clean", "wer", "verbatim", rows, 20)
    assert found.high is None
    capped, _ = run("asr-librispeech-clean", "wer", "verbatim", rows, 20, cap=10)
    assert capped.high is not None


def test_steps_are_complete_up_to_the_first_missing_unit() -> None:
    plan = Ordered(None, (("a",), ("b", "c"), ("d", "e")))  # type: ignore[arg-type]
    assert completed(plan, frozenset("abc")) == (("a",), ("b", "c"))
    assert completed(plan, frozenset("ab")) == (("a",),)
    assert departure(plan, frozenset("ab")) is None
    assert departure(plan, frozenset("abcd")) is None
    assert "'c'" in (departure(plan, frozenset("abd")) or "")
    assert departure(plan, frozenset()) is None
