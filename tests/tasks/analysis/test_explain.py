from __future__ import annotations

import json
import random
from collections.abc import Callable
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest

from tasks.analysis.explain import explain
from tasks.analysis.multiverse import Outcome, universe
from tasks.errors import ScoringError
from tasks.statistics.odds import odds
from tasks.statistics.printed import prints
from tests.support.multiverse_rows import rows, small_specification

Printer = Callable[[Fraction, int], str]


def rounded(mode: str) -> Printer:
    def printer(value: Fraction, places: int) -> str:
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return f"{exact.quantize(Decimal(1).scaleb(-places), mode):f}"

    return printer


# Programs that print a number, written apart from the code under test.
PRINTERS: tuple[Printer, ...] = (
    lambda value, places: f"{float(value):.{places}f}",
    lambda value, places: f"{round(float(value), places):.{places}f}",
    lambda value, places: f"{100 * float(value / 100):.{places}f}",
    rounded(ROUND_HALF_UP),
    rounded(ROUND_HALF_EVEN),
    rounded(ROUND_HALF_DOWN),
)
CASES, DRAWS, BINS = 1000, 4, 10


def alike(one: Outcome, other: Outcome) -> bool:
    fixed = {"selection", "cleaning", "fold"}
    return all(a == b for a, b in zip(one.pipeline.choices, other.pipeline.choices, strict=True) if a[0] in fixed)


@pytest.mark.slow
def test_the_planted_pipeline_is_always_in_the_set_and_the_odds_are_calibrated() -> None:
    """1,000 sets of rows, each printed by one of 256 pipelines; and values from anywhere in the spread."""
    rng = random.Random(20240507)
    everything = universe(rows(120), small_specification().pipelines())
    assert len(everything.pipelines) == 256
    predicted: list[float] = []
    met: list[bool] = []
    sizes: list[int] = []
    for _ in range(CASES):
        share = rng.uniform(0.2, 1)
        part = np.array([rng.random() < share for _ in range(120)])
        outcomes = [o for o in everything.outcomes(part) if o.value is not None]
        planted = rng.choice(outcomes)
        places = rng.randint(0, 3)
        printed = rng.choice(PRINTERS)(Fraction(planted.value or 0), places)
        found = explain(outcomes, printed)
        assert planted in found.matches
        assert len(found.matches) + sum(not prints(o.value or 0, printed) for o in outcomes) == len(outcomes)
        sizes.append(len(found.matches))
        # All pipelines, or those that differ from the planted one in normaliser and tokenizer alone: wide spreads with
        # low odds, narrow ones with high odds.
        tried = outcomes if rng.random() < 0.4 else [o for o in outcomes if alike(o, planted)]
        answer = odds([o.value for o in tried if o.value is not None], printed)
        if answer.chance is None:
            continue
        for _ in range(DRAWS):
            text = f"{rng.uniform(float(answer.low), float(answer.high)):.{places}f}"
            predicted.append(float(answer.chance))
            met.append(any(prints(o.value, text) for o in tried if o.value is not None))
    bins = np.minimum((np.array(predicted) * BINS).astype(int), BINS - 1)
    error = sum(
        abs(float(np.mean(np.array(predicted)[bins == b]) - np.mean(np.array(met)[bins == b])))
        * float((bins == b).mean())
        for b in range(BINS)
        if (bins == b).any()
    )
    assert error < 0.05
    assert len(set(bins.tolist())) >= 8, "the odds must range over the whole scale for this to say anything"
    assert np.mean(sizes) < 128, "a set of all pipelines would be no answer"


def outcomes(*values: Fraction | float | None) -> list[Outcome]:
    pipelines = small_specification().pipelines()
    return [Outcome(p, v, 10, 10) for p, v in zip(pipelines, values, strict=False)]


def test_matches_misses_and_undefined() -> None:
    found = explain(outcomes(Fraction("2.12"), Fraction("2.3"), None, Fraction("9.9"), 2.0501, Fraction("2.05")), "2.1")
    assert sorted(float(o.value or 0) for o in found.matches) == [2.05, 2.0501, 2.12]
    assert [float(o.value or 0) for o in found.nearest] == [2.3, 9.9]
    assert (found.tried, found.undefined) == (5, 1)
    data = json.loads(json.dumps(found.as_json()))
    assert data["nearest"][0]["gap"] == "+0.200000"
    assert data["odds"]["tried"] == 5


def test_of_several_that_miss_by_the_same_only_the_plainest_is_named() -> None:
    everything = [Outcome(p, Fraction(n % 3), 1, 1) for n, p in enumerate(small_specification().pipelines())]
    found = explain(everything, "2")
    assert [float(o.value or 0) for o in found.nearest] == [1, 0]
    plain = [o for o in everything if o.value == 1]
    assert found.nearest[0].pipeline.departures == min(o.pipeline.departures for o in plain)


def test_what_all_matches_share_is_said_only_where_there_was_a_choice() -> None:
    pipelines = small_specification().pipelines()
    values = [Outcome(p, Fraction(1 if "lower" in p.id.split("/") else 5), 1, 1) for p in pipelines]
    assert explain(values, "1").shared == (("normaliser", "lower"),)
    assert explain(values, "3").shared == ()


def test_plain_pipelines_come_first() -> None:
    same = explain([Outcome(p, Fraction(1), 1, 1) for p in reversed(small_specification().pipelines())], "1.0")
    assert same.matches[0].pipeline.id == "all/special/verbatim/words/corpus"
    assert [o.pipeline.departures for o in same.matches] == sorted(o.pipeline.departures for o in same.matches)
    assert same.odds.chance is None


@pytest.mark.parametrize("text", ["", "abc", "-1", "1,0", "33."])
def test_no_number_is_refused(text: str) -> None:
    with pytest.raises(ScoringError):
        explain(outcomes(Fraction(1), Fraction(2)), text)


def test_no_value_is_refused() -> None:
    with pytest.raises(ScoringError):
        explain(outcomes(None, None), "1.0")
