"""Recorded values: closed-form intervals in the claim's unit, and why a value can justify nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from audit._util.paths import LITERATURE
from audit.literature.studies import Recorded, load_study
from audit.verdict.agreement import Agreement
from audit.verdict.measurements import Names, recorded

STUDY = load_study(LITERATURE / "studies" / "salmonn.yaml")
VALUE = Recorded("er-iemocap", "accuracy", "0.684", 1241, 1241, 849, None, "iemocap-4way", "rule", None, None, None,
                 "source", "13b", None, "hufs")  # fmt: skip


def claim(name: str = "er-iemocap.accuracy", **changes: object):  # type: ignore[no-untyped-def]
    return replace(next(c for c in STUDY.claims if c.id == name), **changes)


def test_a_share_has_a_wilson_interval_in_the_unit_of_its_claim() -> None:
    fraction = recorded(VALUE, claim(), STUDY, "B", Names()).data["interval"]
    percent = recorded(replace(VALUE, value="68.4"), claim(value="69", unit="percent"), STUDY, "B", Names())
    assert fraction["method"] == percent.data["interval"]["method"] == "wilson"
    for end in ("low", "high"):
        assert Decimal(percent.data["interval"][end]) / 100 == pytest.approx(
            Decimal(fraction[end]), abs=Decimal("1e-6")
        )
    assert percent.agreement is Agreement.WITHIN_NOISE


def test_an_error_rate_with_a_known_denominator_is_marked_approximate() -> None:
    value = replace(VALUE, task="asr-librispeech-clean", metric="wer", value="2.24", kept=2620, total=2620, correct=None,
                    denominator=52576, convention="hufs")  # fmt: skip
    found = recorded(value, claim("asr-librispeech-clean.wer"), STUDY, "E", Names()).data["interval"]
    assert found["method"] == "binomial-approximate"
    assert Decimal("2.1") < Decimal(found["low"]) < Decimal("2.24") < Decimal(found["high"]) < Decimal("2.4")


def test_without_counts_there_is_no_interval() -> None:
    assert recorded(replace(VALUE, correct=None), claim(), STUDY, "B", Names()).data["interval"] is None


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
    found = recorded(replace(VALUE, **changes), claim(), STUDY, "B", Names())  # type: ignore[arg-type]
    assert [i["code"] for i in found.data["invalid"]] == [code]
    assert not found.valid


def test_rows_that_are_missing_from_the_record_count_against_it() -> None:
    found = recorded(replace(VALUE, kept=1200, total=1200, correct=None), claim(), STUDY, "B", Names())
    assert found.coverage == Fraction(1200, 1241)
    assert found.data["rows"]["missing"] == 41


def test_names_are_unique() -> None:
    names = Names()
    assert [names.name("a.wer", "recorded", "x") for _ in range(3)] == [
        "a.wer/recorded/x",
        "a.wer/recorded/x~2",
        "a.wer/recorded/x~3",
    ]
