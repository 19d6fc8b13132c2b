from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.errors import ScoringError
from tasks.statistics.feasibility import (
    Certificate,
    Feasibility,
    Kind,
    Power,
    Witness,
    check,
    feasibility,
    reachable,
    rule_of,
)
from tasks.statistics.printed import parse

Array = NDArray[np.int64]


def impossible(value: str, **given: Any) -> Certificate | None:
    answer = feasibility(value, power=False, **given)
    assert answer is not None
    return answer.certificate


def half_even(x: Array, n: int) -> Array:
    whole, rest = np.divmod(x, n)
    up = (2 * rest > n) | ((2 * rest == n) & (whole % 2 == 1))
    return np.asarray(whole + up)


# Written apart from the code under test: what each rule prints for k/n, in units of the last place, vectorised.
RULES: dict[str, Callable[[Array, int], Array]] = {
    "half-up": lambda x, n: (2 * x + n) // (2 * n),
    "half-even": half_even,
    "half-down": lambda x, n: -((n - 2 * x) // (2 * n)),
    "truncated": lambda x, n: x // n,
    "rounded-up": lambda x, n: -(-x // n),
}


def test_no_possible_string_is_called_impossible() -> None:
    """Every n to 3,000, every k (to 2n for error rates), 0 to 3 decimals of percents and fractions, five rules."""
    tried = 0
    for n in range(1, 3001):
        k = np.arange(2 * n + 1, dtype=np.int64)
        for steps in (1, 10, 100, 1000, 10_000, 100_000):  # fractions to 3 decimals, percents to 3 decimals
            scaled = k * steps
            for rule in RULES.values():
                printed = rule(scaled, n)
                # What is reachable as a share is reachable as an error rate; beyond the whole only the latter is.
                assert reachable(printed[: n + 1], n, steps, "share").all(), (n, steps)
                assert reachable(printed[n + 1 :], n, steps, "error-rate").all(), (n, steps)
                tried += len(k)
    assert tried == 5 * 6 * sum(2 * n + 1 for n in range(1, 3001))


@pytest.mark.parametrize("steps", [100, 1000, 10_000])
def test_rules_of_the_test_agree_with_decimal(steps: int) -> None:
    """The vectorised rules above are the decimal module's."""
    names = {
        "half-up": ROUND_HALF_UP,
        "half-down": ROUND_HALF_DOWN,
        "half-even": ROUND_HALF_EVEN,
        "truncated": ROUND_DOWN,
        "rounded-up": ROUND_CEILING,
    }
    for n in (1, 2, 8, 16, 40, 125, 200):  # quotients are finite decimals
        k = np.arange(n + 1, dtype=np.int64)
        for name, rule in RULES.items():
            expected = [int((Decimal(int(i) * steps) / n).quantize(Decimal(1), names[name])) for i in k]
            assert rule(k * steps, n).tolist() == expected


def test_binary_floats_are_never_accused() -> None:
    """Strings as programs print them: formatted, rounded and padded, truncated; products of floats and all."""
    programs: list[Callable[[int, int], str]] = [
        lambda k, n: f"{100 * k / n:.1f}",
        lambda k, n: f"{100 * (k / n):.2f}",
        lambda k, n: f"{k / n:.2f}",
        lambda k, n: f"{round(k / n, 2) * 100:.1f}",
        lambda k, n: f"{round(k / n, 3) * 100:.2f}",
        lambda k, n: f"{int(k / n * 1000) / 10:.1f}",
        lambda k, n: f"{math.floor(k / n * 100 * 10) / 10:.1f}",
        lambda k, n: f"{100 - int((n - k) / n * 1000) / 10:.1f}",
        lambda k, n: f"{100 * round(k / n, 1):.0f}",
    ]
    for n in [*range(1, 60), 97, 128, 500, 633, 1000, 1241]:
        for k in range(n + 1):
            for number, program in enumerate(programs):
                unit = "fraction" if number == 2 else "percent"
                assert impossible(program(k, n), unit=unit, kind="share", n=n) is None, (program(k, n), k, n)


def test_the_known_example() -> None:
    """1,241 items: 93.33 is impossible, and so are most percentages with two decimals; 52,576 words forbid none."""
    answer = feasibility("93.33", unit="percent", kind="share", n=1241)
    assert answer is not None
    assert not answer.possible
    assert answer.certificate
    assert answer.power
    check(answer.certificate.as_json())
    [gap] = answer.certificate.gaps
    assert Fraction(gap.below, 1241) < Fraction(9332, 10**4) < Fraction(9334, 10**4) < Fraction(gap.above or 0, 1241)
    nearest = {int(RULES["half-even"](np.array([k * 10_000]), 1241)[0]) for k in range(1242)}
    assert round(100 - 100 * len(nearest) / 10_001) == 88  # under rounding to nearest alone
    assert 0.65 < answer.power.impossible / answer.power.strings < 0.88  # under every rule
    weak = feasibility("93.33", unit="percent", kind="error-rate", n=52_576)
    assert weak is not None
    assert weak.possible
    assert weak.power
    assert weak.power.impossible == 0
    for kind in ("share", "error-rate"):
        beyond = feasibility("143.00", unit="percent", kind=kind, n=1241)  # type: ignore[arg-type]
        assert beyond is not None
        assert beyond.power is None


def test_power_is_the_number_of_impossible_strings() -> None:
    for n in (1, 3, 7, 12, 30, 48):
        for unit, form in (("percent", "{:.0f}"), ("percent", "{:.1f}"), ("fraction", "{:.2f}")):
            whole, step = (100, 1.0) if form == "{:.0f}" else (100, 0.1) if unit == "percent" else (1, 0.01)
            strings = [form.format(i * step) for i in range(round(whole / step) + 1)]
            answers = [feasibility(s, unit=unit, kind="share", n=n) for s in strings]  # type: ignore[arg-type]
            assert all(a is not None and a.power is not None for a in answers)
            powers = {(a.power.strings, a.power.impossible) for a in answers if a and a.power}
            assert powers == {(len(strings), sum(not a.possible for a in answers if a))}


def test_every_certificate_checks_and_every_witness_prints() -> None:
    random.seed(7)
    cases = [(n, places) for n in range(1, 41) for places in (0, 1, 2)] + [(633, 2), (1241, 2), (2999, 3), (500, 2)]
    certificates = 0
    for n, places in cases:
        every = range(100 * 10**places + 1)
        for units in every if len(every) < 1500 else random.sample(every, 300):
            value = f"{units / 10**places:.{places}f}"
            answer = feasibility(value, unit="percent", kind="share", n=n, power=False)
            assert answer is not None
            if answer.certificate:
                certificates += 1
                check(json.loads(json.dumps(answer.certificate.as_json())))
            else:
                assert answer.witness
                share = Fraction(answer.witness.k, n)
                reach = Fraction(1, 10**places) if answer.witness.rule != "padded" else Fraction(10)
                assert abs(share * 100 - Fraction(value)) <= reach
                if answer.witness.rule.startswith("half"):
                    assert abs(share * 100 - Fraction(value)) <= Fraction(1, 2 * 10**places)
    assert certificates > 10_000


def test_every_answer_is_proved_at_small_sizes() -> None:
    """Also beyond the whole, where no string should come from a share."""
    for n in range(1, 13):
        for units in range(160):
            for value, unit in ((str(units), "percent"), (f"{units / 10:.1f}", "fraction"), (str(units), "fraction")):
                for kind in ("share", "error-rate"):
                    answer = feasibility(value, unit=unit, kind=kind, n=n)  # type: ignore[arg-type]
                    assert answer is not None
                    assert answer.possible == (answer.certificate is None) == (answer.witness is not None)
                    if answer.certificate:
                        check(answer.certificate.as_json())


def test_a_false_certificate_is_refused() -> None:
    good = impossible("93.33", unit="percent", kind="share", n=1241)
    assert good
    data = good.as_json()
    [gap] = data["gaps"]
    assert (gap["n"], gap["below"], gap["above"]) == (1241, 1158, 1159)
    no_number = "certificate with a size or a count that is no whole number"
    unknown = "certificate without a known kind, or without sizes"
    changes: list[tuple[dict[str, Any], str]] = [
        ({"value": "93.31"}, "1158 of 1241 may be printed as 93.31"),
        ({"value": "93.39"}, "1159 of 1241 may be printed as 93.39"),
        ({"gaps": []}, unknown),
        ({"gaps": [{**gap, "above": 1160}]}, "at size 1241, 1158 and 1160 are no neighbouring counts"),
        ({"gaps": [{**gap, "above": None}]}, "at size 1241 nothing is said about counts above 1158"),
        ({"gaps": [{**gap, "below": 1157, "above": 1158}]}, "1158 of 1241 may be printed as 93.33"),
        ({"gaps": [{**gap, "below": 1159, "above": 1160}]}, "1159 of 1241 may be printed as 93.33"),
        ({"gaps": [{**gap, "n": 1243}]}, "1159 of 1243 may be printed as 93.33"),
        ({"gaps": [{**gap, "n": 0}]}, no_number),
        ({"gaps": [{**gap, "n": True}]}, no_number),
        ({"gaps": [{**gap, "below": "1158"}]}, no_number),
        ({"gaps": [{**gap, "above": 1159.0}]}, no_number),
        ({"gaps": [{**gap, "below": -1, "above": 0}]}, "at size 1241, -1 and 0 are no neighbouring counts"),
        ({"gaps": [gap, {**gap, "n": 1243}]}, "certificate leaves out sizes between 1241 and 1243"),
        ({"gaps": [gap, gap]}, "certificate leaves out sizes between 1241 and 1241"),
        (
            {"value": "143.00", "gaps": [{"n": 3, "below": 3, "above": 4}]},
            "at size 3, 3 and 4 are no neighbouring counts",
        ),
        (
            {"kind": "error-rate", "gaps": [{"n": 3, "below": 3, "above": None}]},
            "at size 3 nothing is said about counts above 3",
        ),
        # A count that is exactly 25 or 50 may be a float beside it, cut off or rounded up.
        ({"value": "26", "gaps": [{"n": 4, "below": 1, "above": 2}]}, "1 of 4 may be printed as 26"),
        ({"value": "49", "gaps": [{"n": 4, "below": 1, "above": 2}]}, "2 of 4 may be printed as 49"),
        ({"kind": "something"}, unknown),
        ({"schema": "other"}, "certificate of an unknown schema: 'other'"),
        ({"schema": None}, "certificate of an unknown schema: None"),
        ({"unit": "fraction"}, "1159 of 1241 may be printed as 93.33"),
        ({"gaps": [{"n": 1241}]}, "certificate without its fields ('below')"),
        ({"gaps": [1]}, "certificate without its fields ('int' object is not subscriptable)"),
        ({"value": "x"}, "'x' is not a plain decimal number (digits, and a point with digits after it)"),
    ]
    for change, why in changes:
        with pytest.raises(ScoringError) as caught:
            check({**data, **change})
        assert caught.value.what == why, change
    for value in ("27", "48"):
        check({**data, "value": value, "gaps": [{"n": 4, "below": 1, "above": 2}]})
    check(data)
    for name in data:
        with pytest.raises(ScoringError):
            check({k: v for k, v in data.items() if k != name})
        with pytest.raises(ScoringError):
            check({**data, name: [1]})


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 4000), st.integers(0, 4000), st.integers(0, 3), st.sampled_from(["percent", "fraction"]))
def test_what_is_printed_is_possible(n: int, k: int, places: int, unit: str) -> None:
    value = f"{Decimal(k * (100 if unit == 'percent' else 1)) / n:.{places}f}"
    answer = feasibility(value, unit=unit, kind="error-rate", n=n, power=False)  # type: ignore[arg-type]
    assert answer is not None
    assert answer.witness
    assert answer.witness.rule in {"half-even", "half-up", "half-down"}


def test_a_range_of_sizes_needs_every_size() -> None:
    assert impossible("93.33", unit="percent", kind="share", n=1241)
    assert impossible("93.33", unit="percent", kind="share", n=(1241, 1241))
    # 1245 items have 1162/1245 = 93.33 %.
    assert impossible("93.33", unit="percent", kind="share", n=(1241, 1245)) is None
    certificate = impossible("93.33", unit="percent", kind="share", n=(1241, 1242))
    assert certificate
    assert [g.n for g in certificate.gaps] == [1241, 1242]
    check(certificate.as_json())
    assert feasibility("93.33", unit="percent", kind="share", n=(1, 50_000)) is None


def test_beyond_the_whole() -> None:
    over = impossible("104.2", unit="percent", kind="share", n=40)
    assert over
    assert over == Certificate("104.2", "percent", "share", over.gaps)
    assert over.gaps[0].above is None
    check(over.as_json())
    assert impossible("105.0", unit="percent", kind="error-rate", n=40) is None
    assert impossible("816.06", unit="percent", kind="error-rate", n=12) is not None


@pytest.mark.parametrize("text", ["", "-1.0", "1e3", ".5", "5.", "01.5", "NaN", "1,5", " 1", "１.5"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ScoringError):
        parse(text, "percent")


def test_other_questions_are_refused() -> None:
    with pytest.raises(ScoringError):
        feasibility("1.0", unit="percent", kind="share", n=0)
    with pytest.raises(ScoringError):
        feasibility("1.0", unit="count", kind="share", n=3)  # type: ignore[arg-type]
    with pytest.raises(ScoringError):
        feasibility("1.0", unit="percent", kind="bleu", n=3)  # type: ignore[arg-type]


def test_what_stands_in_the_audit() -> None:
    answer = feasibility("33.3", unit="percent", kind="share", n=3)
    assert answer is not None
    assert answer.witness is not None
    assert answer.witness.as_json() == {"k": 1, "n": 3, "rule": "half-even"}
    beyond = impossible("143.0", unit="percent", kind="share", n=(7, 8))
    assert beyond is not None
    assert beyond.as_json() == {
        "schema": "repro-audit/infeasible/1", "value": "143.0", "unit": "percent", "kind": "share",
        "gaps": [{"n": 7, "below": 7, "above": None}, {"n": 8, "below": 8, "above": None}],
    }  # fmt: skip
    check(beyond.as_json())


@pytest.mark.parametrize(
    ("k", "n", "units", "steps", "rule"),
    [
        (1, 3, 33, 100, "half-even"),
        (2, 3, 67, 100, "half-even"),
        (2, 3, 66, 100, "truncated"),
        (1, 3, 34, 100, "rounded-up"),
        (1, 8, 12, 100, "half-even"),
        (1, 8, 13, 100, "half-up"),
        (3, 8, 38, 100, "half-even"),
        (3, 8, 37, 100, "half-down"),
        (1, 40, 2, 100, "half-even"),
        (1, 40, 3, 100, "half-up"),
        (19, 200, 10, 100, "half-even"),
        (19, 200, 9, 100, "half-down"),
        (1, 2, 50, 100, "half-even"),
        (1, 2, 49, 100, "beside"),
        (1, 2, 51, 100, "beside"),
        (1, 2, 52, 100, None),
        (1, 2, 48, 100, None),
        (1, 3, 32, 100, None),
        (1, 3, 35, 100, None),
        (1, 8, 11, 100, None),
        (1, 8, 14, 100, None),
        (2, 3, 65, 100, None),
    ],
)
def test_the_most_usual_rule_that_prints_a_count(k: int, n: int, units: int, steps: int, rule: str | None) -> None:
    assert rule_of(k, n, units, steps) == rule


def test_the_most_usual_rule_over_all_sizes_and_readings_is_told() -> None:
    def witness(value: str, n: int | tuple[int, int], kind: Kind = "share") -> Witness | None:
        answer = feasibility(value, unit="percent", kind=kind, n=n)
        assert answer is not None
        return answer.witness

    assert witness("66.6", 3) == Witness(2, 3, "truncated")
    assert witness("66.6", (3, 6)) == Witness(2, 3, "truncated")
    printed = Fraction("66.6")
    first = next(
        n for n in range(3, 500) if any(abs(Fraction(100 * k, n) - printed) < Fraction(1, 20) for k in range(n))
    )
    assert witness("66.6", (3, 500)) == Witness(191, first, "half-even")
    assert witness("93.0", 14) == Witness(13, 14, "padded")
    assert witness("101", 1) == Witness(1, 1, "beside")
    assert witness("101", 100) == Witness(100, 100, "beside")
    assert witness("101", 1, "error-rate") == Witness(1, 1, "beside")
    assert witness("150", 2, "error-rate") == Witness(3, 2, "half-even")
    assert witness("0", 5) == Witness(0, 5, "half-even")


def test_power_over_several_sizes() -> None:
    for sizes in ((3, 5), (7, 8), (11, 11)):
        strings = [f"{i / 10:.1f}" for i in range(1001)]
        answers = [feasibility(s, unit="percent", kind="share", n=sizes) for s in strings]
        assert {a.power for a in answers if a} == {Power(1001, sum(not a.possible for a in answers if a))}


def test_power_is_none_only_where_counting_it_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    def power(n: tuple[int, int]) -> Power | None:
        answer = feasibility("33.100", unit="percent", kind="share", n=n)
        assert answer is not None
        return answer.power

    # Ten thousand sizes times 100,001 strings. With one size of 50,000 every string is near a value, uncounted.
    assert power((40_000, 49_999)) is None
    assert power((39_999, 49_998)) is None
    assert power((40_001, 50_000)) == power((50_000, 59_999)) == Power(100_001, 0)
    monkeypatch.setattr("tasks.statistics.feasibility._POWER_LIMIT", 3 * 100_001)
    assert power((100, 102)) is not None
    assert power((100, 103)) is None
    assert feasibility("33.1", unit="percent", kind="share", n=7, power=False) == Feasibility(
        False, None, impossible("33.1", unit="percent", kind="share", n=7), None
    )


def test_sizes_and_kinds_that_are_not_tested() -> None:
    for n, why in ((0, "0 to 0"), (-1, "-1 to -1"), ((3, 2), "3 to 2"), ((0, 2), "0 to 2")):
        with pytest.raises(ScoringError) as caught:
            feasibility("1.0", unit="percent", kind="share", n=n)  # type: ignore[arg-type]
        assert caught.value.what == f"no set has {why} items"
    kind: Any = "counts"
    with pytest.raises(ScoringError) as caught:
        feasibility("1.0", unit="percent", kind=kind, n=3)
    assert caught.value.what == "'counts' is not tested: share or error-rate"
    assert feasibility("1.0", unit="percent", kind="share", n=(1, 10_000), power=False) is not None
    assert feasibility("1.0", unit="percent", kind="share", n=(1, 10_001), power=False) is None
