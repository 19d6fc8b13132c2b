"""Recorded values: closed-form intervals in the claim's unit, and why a value can justify nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from audit._util.paths import LITERATURE
from audit.literature.reproductions import Recorded
from audit.literature.studies import load_study
from audit.schema import Agreement, Interval
from audit.verdict.measurements import Names
from audit.verdict.recorded import recorded

SIZE = 1241
STUDY = load_study(LITERATURE / "studies" / "salmonn.yaml")
VALUE = Recorded("er-iemocap", "accuracy", "0.684", 1241, 1241, 849, None, "iemocap-4way", "rule", None, None, None,
                 "source", "13b", None, "hufs")  # fmt: skip


def claim(name: str = "er-iemocap.accuracy", **changes: object):  # type: ignore[no-untyped-def]
    return replace(next(c for c in STUDY.claims if c.id == name), **changes)


def interval(of: Recorded, name: str = "er-iemocap.accuracy", **changes: object) -> Interval:
    found = recorded(of, claim(name, **changes), STUDY, None, Names(), SIZE).record.interval
    assert found is not None
    return found


def test_a_share_has_a_wilson_interval_in_the_unit_of_its_claim() -> None:
    in_percent = replace(VALUE, value="68.4")
    fraction, percent = interval(VALUE), interval(in_percent, value="69", unit="percent")
    assert fraction.method == percent.method == "wilson"
    for one, other in ((fraction.low, percent.low), (fraction.high, percent.high)):
        assert Decimal(other) / 100 == pytest.approx(Decimal(one), abs=Decimal("1e-6"))
    found = recorded(in_percent, claim(value="69", unit="percent"), STUDY, None, Names(), SIZE)
    assert found.record.agreement.kind is Agreement.WORSE


def test_an_error_rate_with_a_known_denominator_is_marked_approximate() -> None:
    value = replace(VALUE, task="asr-librispeech-clean", metric="wer", value="2.24", kept=2620, total=2620, correct=None,
                    denominator=52576, convention="hufs")  # fmt: skip
    found = interval(value, "asr-librispeech-clean.wer")
    assert found.method == "binomial-approximate"
    assert Decimal("2.1") < Decimal(found.low) < Decimal("2.24") < Decimal(found.high) < Decimal("2.4")


def test_without_counts_there_is_no_interval() -> None:
    assert recorded(replace(VALUE, correct=None), claim(), STUDY, None, Names(), SIZE).record.interval is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"invalid": "A constant answer scores 1."}, "protocol"),
        ({"variant": "7b"}, "other-variant"),
        ({"judge": "Qwen3-8B"}, "other-judge"),
        ({"kept": None, "correct": None}, "coverage-unknown"),
    ],
)
def test_what_makes_a_recorded_value_unusable(changes: dict[str, object], code: str) -> None:
    found = recorded(replace(VALUE, **changes), claim(), STUDY, None, Names(), SIZE)  # type: ignore[arg-type]
    assert [i.code for i in found.record.invalid] == [code]
    assert not found.record.valid


def test_rows_that_are_missing_from_the_record_count_against_it() -> None:
    found = recorded(replace(VALUE, kept=1200, total=1200, correct=None), claim(), STUDY, None, Names(), SIZE)
    assert found.record.coverage == Fraction(1200, 1241)
    assert found.record.rows is not None
    assert found.record.rows.missing == 41


def test_names_are_unique() -> None:
    names = Names()
    assert [names.name("a.wer", "recorded", "x") for _ in range(3)] == [
        "a.wer/recorded/x",
        "a.wer/recorded/x~2",
        "a.wer/recorded/x~3",
    ]
