"""Recorded values: closed-form intervals in the claim's unit, and why a value can justify nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from audit._util.paths import LITERATURE
from audit.facts import Claim, Grade
from audit.literature.grades import Grading, Support
from audit.literature.reproductions import Recorded
from audit.literature.studies import load_study
from audit.literature.works import Evidence
from audit.schema import Agreement, Bounds, Comparison, Interval, Invalid, Measurement, Rows, Skipped
from audit.verdict.measurements import Measured, Names
from audit.verdict.recorded import recorded

SIZE = 1241
STUDY = load_study(LITERATURE / "studies" / "salmonn.yaml")
VALUE = Recorded("er-iemocap", "accuracy", "0.684", 1241, 1241, 849, None, "iemocap-4way", "rule", None, None, None,
                 "source", "13b", None, "hufs")  # fmt: skip


def claim(name: str = "er-iemocap.accuracy", **changes: Any) -> Claim:
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


# Every field


def record(value: Recorded, of: Claim | None = None, **facts: Any) -> Measured:
    return recorded(value, of or claim(), STUDY, facts.pop("grading", None), Names(), facts.pop("size", SIZE), **facts)


def test_a_recorded_value_has_every_field() -> None:
    """A set of 1,300 units, of which the team had 1,241 and scored 1,200."""
    facts = {"rule": "their rule", "note": "A note.", "source": "README", "conditions": "batch 8", "judge": "tiny"}
    value = replace(VALUE, kept=1200, correct=820, **facts)  # type: ignore[arg-type]
    of = claim(judge="tiny")
    found = record(value, of, size=1300)
    assert found.record == Measurement(
        id="er-iemocap.accuracy/recorded/iemocap-4way",
        claim="er-iemocap.accuracy",
        convention="iemocap-4way",
        origin="recorded",
        value="0.684",
        task="er-iemocap",
        metric="accuracy",
        interval=Interval("0.656464", "0.709032", "95", "wilson"),
        rows=Rows(1300, 1200, (Skipped("recorded", "dropped, see the rule", 41),), 59, 0),
        counts={"correct": 820, "total": 1200},
        rule="their rule",
        agreement=Comparison(Agreement.WITHIN_MARGIN, "-0.006"),
        whole=Agreement.UNDECIDED,
        bounds=Bounds("0.6313846", "0.708308", 100),
        note="A note.",
        source="hufs: README",
        conditions="batch 8",
        judge="tiny",
    )
    assert (found.exact, found.grading, found.drops, found.complete) == (Decimal("0.684"), None, True, False)
    assert (found.decisive, found.outputs) == (None, None)


def test_one_unit_that_was_dropped_is_dropping() -> None:
    found = record(replace(VALUE, kept=1240, correct=None))
    assert (found.drops, found.complete) == (True, True)


def selection(grade: Grade) -> Grading:
    support = Support("a-work", 0, grade, Evidence("code", verified=True, steps=("selection",)))
    return Grading(("selection",), (support,))


@pytest.mark.parametrize(
    ("facts", "drops", "complete", "unscored"),
    [
        ({}, True, True, 41),
        ({"size": 1300}, True, False, 100),
        ({"official": 1200}, False, True, None),
        ({"official": 1200, "size": 1300}, False, False, 59),
        ({"official": 1241}, True, True, 41),
        ({"grading": selection("A")}, False, True, None),
        ({"grading": selection("A"), "size": 1300}, False, False, 59),
        ({"grading": selection("B")}, True, True, 41),
    ],
)
def test_what_was_dropped_and_what_was_never_run(
    facts: dict[str, Any], drops: bool, complete: bool, unscored: int | None
) -> None:
    found = record(replace(VALUE, kept=1200, correct=None), **{"size": None, **facts})
    assert (found.drops, found.complete) == (drops, complete)
    assert (found.record.bounds and found.record.bounds.unscored) == unscored
    assert found.grading == facts.get("grading")
    if unscored is None:
        assert found.record.whole is found.record.agreement.kind is Agreement.WITHIN_MARGIN
    else:
        low = Fraction("0.684") * 1200 / (1200 + unscored)
        assert found.record.bounds is not None
        assert found.record.bounds.low is not None
        assert abs(Fraction(found.record.bounds.low) - low) < Fraction(1, 10**6)


@pytest.mark.parametrize(
    ("value", "total", "kind", "whole", "bounds"),
    [
        ("0.9", 1241, "better", "better", ("0.830769", "0.907692")),  # all others wrong
        ("0.2", 1200, "worse", "worse", ("0.1846154", "0.261538")),  # all others right
        ("0.66", 1200, "worse", "undecided", ("0.609231", "0.686154")),
        ("0.66", 1241, "worse", "worse", ("0.609231", "0.686154")),  # whatever the dropped units give back
        ("0.69", 1241, "exact", "undecided", ("0.636923", "0.713846")),
    ],
)
def test_units_that_were_not_scored_may_be_right_or_wrong(
    value: str, total: int, kind: str, whole: str, bounds: tuple[str, str]
) -> None:
    found = record(replace(VALUE, value=value, kept=1200, total=total, correct=None), size=1300).record
    assert (found.agreement.kind, found.whole) == (Agreement(kind), Agreement(whole))
    assert found.bounds == Bounds(*bounds, 100)


def test_the_bounds_are_those_of_the_family_and_the_metric() -> None:
    value = replace(VALUE, kept=1200, correct=None)
    assert record(value, claim(family="keyphrases")).record.bounds == Bounds("0.000000", "1.000000", 41)
    in_percent = record(replace(value, value="68.4"), claim(family="keyphrases", unit="percent", value="69"))
    assert in_percent.record.bounds == Bounds("0.000000", "100.000000", 41)
    assert record(value, claim("asr-librispeech-clean.wer", variant="13b")).record.bounds == Bounds(
        "0.000000", None, 41
    )


def test_what_the_record_does_not_state_stays_unknown() -> None:
    nothing = record(replace(VALUE, value=None, kept=1200, correct=None))
    assert (nothing.exact, nothing.record.value, nothing.record.interval) == (None, None, None)
    assert (nothing.record.agreement, nothing.record.whole, nothing.record.bounds) == (Comparison(), None, None)
    assert nothing.record.valid
    unknown = record(replace(VALUE, kept=None, total=None, correct=None), size=None)
    assert unknown.record.rows == Rows(None, None, (), None, None)
    assert (unknown.drops, unknown.complete, unknown.record.bounds) == (False, True, None)
    assert unknown.record.whole is Agreement.WITHIN_MARGIN
    assert record(replace(VALUE, kept=None)).record.rows == Rows(1241, None, (), 0, None)
    no_kept = record(replace(VALUE, kept=None))
    assert (no_kept.drops, no_kept.complete, no_kept.record.bounds) == (False, True, None)
    assert record(replace(VALUE, total=None)).record.rows == Rows(1241, 1241, (), None, 0)
    assert (record(replace(VALUE, total=None)).drops, record(replace(VALUE, total=None)).complete) == (False, True)
    whole = record(VALUE)
    assert whole.record.rows == Rows(1241, 1241, (), 0, 0)
    assert (whole.drops, whole.complete, whole.record.bounds, whole.record.whole) == (
        False, True, None, Agreement.WITHIN_MARGIN)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, {"correct": 849, "total": 1241}),
        ({"denominator": 1240}, {"correct": 849, "total": 1240}),
        ({"denominator": 0}, {"correct": 849, "total": 0}),
        ({"kept": None}, None),
        ({"kept": None, "denominator": 1240}, {"correct": 849, "total": 1240}),
        ({"correct": None}, None),
        ({"correct": None, "denominator": 1240}, None),
    ],
)
def test_counts_need_both_numbers(changes: dict[str, Any], counts: dict[str, int] | None) -> None:
    assert record(replace(VALUE, **changes)).record.counts == counts


SHARE = Interval("0.657728", "0.709387", "95", "wilson")


@pytest.mark.parametrize(
    ("value", "of", "wanted"),
    [
        ({}, {}, SHARE),
        ({"value": "68.4"}, {"unit": "percent"}, Interval("65.772770", "70.938732", "95", "wilson")),
        ({"denominator": 1000}, {}, Interval("0.82547504", "0.869854", "95", "wilson")),
        ({}, {"unit": "count"}, SHARE),
        ({"value": None}, {}, None),
        ({"kept": None}, {}, None),
        ({"kept": 0}, {}, None),
        ({"denominator": 0}, {}, None),
        ({"correct": None}, {}, None),
        ({"correct": None, "denominator": 1241}, {}, None),
        ({}, {"metric": "bleu"}, None),
    ],
)
def test_the_interval_of_a_share(value: dict[str, Any], of: dict[str, Any], wanted: Interval | None) -> None:
    study = replace(
        STUDY, facts=replace(STUDY.facts, margins={**STUDY.facts.margins, "bleu": STUDY.facts.margins["wer"]})
    )
    found = recorded(replace(VALUE, **value), claim(**of), study, None, Names(), SIZE).record.interval
    assert found == wanted


@pytest.mark.parametrize(
    ("value", "unit", "denominator", "wanted"),
    [
        ("10", "percent", 100, ("5.522914", "17.436566")),  # 10 of 100
        ("10.4", "percent", 100, ("5.522914", "17.436566")),
        ("0.10", "fraction", 100, ("0.055229", "0.174366")),
        ("250", "percent", 100, ("96.3006502", "100.000000")),  # at most every word
        ("10", "percent", None, None),
        ("10", "percent", 0, None),
    ],
)
def test_the_interval_of_an_error_rate(
    value: str, unit: str, denominator: int | None, wanted: tuple[str, str] | None
) -> None:
    for correct in (None, 3):
        of = replace(VALUE, metric="wer", value=value, correct=correct, denominator=denominator)
        found = record(of, claim("asr-librispeech-clean.wer", unit=unit)).record.interval
        assert found == (None if wanted is None else Interval(*wanted, "95", "binomial-approximate"))


@pytest.mark.parametrize(
    ("value", "of", "wanted"),
    [
        ({}, {}, []),
        ({"invalid": "A constant answer."}, {}, [Invalid("protocol", "A constant answer.")]),
        (
            {"variant": "7b"},
            {},
            [Invalid("other-variant", "The outputs are from variant 7b; the claim is about 13b.")],
        ),
        ({"judge": "tiny"}, {"judge": "tiny"}, []),
        ({"judge": None}, {"judge": "tiny"}, []),
        (
            {"judge": "tiny"},
            {"judge": "large"},
            [Invalid("other-judge", "The judge was tiny; the paper's judge was large.")],
        ),
        (
            {"judge": "tiny"},
            {},
            [Invalid("other-judge", "The judge was tiny; the judge of the paper is not known.")],
        ),
        (
            {"kept": None},
            {},
            [Invalid("coverage-unknown", "The numbers of scored and of all rows are not recorded.")],
        ),
        (
            {"total": None},
            {},
            [Invalid("coverage-unknown", "The numbers of scored and of all rows are not recorded.")],
        ),
        ({"kept": 0}, {}, [Invalid("coverage-none", "The record says that no row was scored.")]),
        ({"kept": 0, "value": None}, {}, []),
        ({"kept": None, "value": None}, {}, []),
        ({"total": None, "value": None}, {}, []),
    ],
)
def test_why_a_recorded_value_justifies_nothing(
    value: dict[str, Any], of: dict[str, Any], wanted: list[Invalid]
) -> None:
    assert list(record(replace(VALUE, correct=None, **value), claim(**of)).record.invalid) == wanted


def test_all_reasons_are_told() -> None:
    value = replace(VALUE, invalid="A constant answer.", variant="7b", judge="tiny", kept=0, correct=None)
    codes = [reason.code for reason in record(value).record.invalid]
    assert codes == ["protocol", "other-variant", "other-judge", "coverage-none"]
