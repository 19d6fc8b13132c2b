"""From measurements to a decision: recorded values beside rows, the facts behind a verdict, what counts can print."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from audit._util.paths import LITERATURE
from audit.facts import Claim, Margin, StudyFacts
from audit.literature.grades import Grading, Support
from audit.literature.known_tasks import known_tasks as tasks
from audit.literature.studies import Study, load_study
from audit.literature.works import Evidence
from audit.schema import (
    Agreement,
    Bounds,
    Chosen,
    Comparison,
    Decision,
    DecisiveStep,
    Invalid,
    Measurement,
    Odds,
    Refused,
    Rows,
    Verdict,
)
from audit.verdict.decisions import decisions, possibility, supersede
from audit.verdict.measurements import Measured

STUDY = load_study(LITERATURE / "studies" / "salmonn.yaml")
CLAIM = next(c for c in STUDY.claims if c.id == "er-iemocap.accuracy")
WER = next(c for c in STUDY.claims if c.id == "asr-librispeech-clean.wer")
REPLACED = Invalid("superseded", "The whole set was recomputed here under the same convention; that value replaces it.")


def measured(value: str | None = "0.684", *, origin: Any = "recorded", convention: str | None = "c", complete: bool = True,
             claim: str = CLAIM.id, **facts: Any) -> Measured:  # fmt: skip
    record = Measurement(
        f"{claim}/{origin}/{convention}", claim, convention, origin, value, "er-iemocap", "accuracy", **facts
    )
    return Measured(record, None if value is None else Decimal(value), complete=complete)


def rows(low: str | None = "0.7", high: str | None = "0.9", **changes: Any) -> Measured:
    """A part of the set, scored here."""
    given = {"origin": "recomputed", "complete": False, "bounds": Bounds(low, high, 50), **changes}
    return measured("0.8", **given)


def after(*others: Measured, recorded: Measured | None = None) -> tuple[Invalid, ...]:
    item = measured() if recorded is None else recorded
    first, *rest = supersede([item, *others])
    assert rest == list(others)
    return first.record.invalid


def test_the_whole_set_under_the_same_convention_replaces_a_recorded_value() -> None:
    assert after(rows(complete=True)) == (REPLACED,)
    protocol = Invalid("protocol", "A different set.")
    assert after(rows(complete=True), recorded=measured(invalid=(protocol,))) == (protocol, REPLACED)
    assert after(rows(complete=True, convention="d", bounds=None)) == ()


def test_a_part_that_excludes_a_recorded_value_contradicts_it() -> None:
    text = (
        "The rows at hand rule it out: with each of the other 50 units at its best or worst, the set gives 0.7 to 0.9."
    )
    assert after(rows()) == (Invalid("contradicted", text),)
    protocol = Invalid("protocol", "A different set.")
    assert after(rows(), recorded=measured(invalid=(protocol,))) == (protocol, Invalid("contradicted", text))
    (unbounded,) = after(rows(high=None))
    assert unbounded.text.endswith("the set gives 0.7 to any value.")
    (below,) = after(rows(low=None, high="0.6"))
    assert below.text.endswith("the set gives any value to 0.6.")


@pytest.mark.parametrize(
    ("low", "high", "within"),
    [
        ("0.6845", "0.9", True),  # 0.684 is printed for 0.6835 to 0.6845
        ("0.684501", "0.9", False),
        ("0.1", "0.6835", True),
        ("0.1", "0.683499", False),
        (None, "0.6835", True),
        ("0.6845", None, True),
        (None, None, True),
        ("0.684", "0.684", True),
    ],
)
def test_a_number_that_prints_as_the_recorded_value_is_enough(low: str | None, high: str | None, within: bool) -> None:
    assert (after(rows(low, high)) == ()) == within


@pytest.mark.parametrize(
    "other",
    [
        rows(convention="d"),
        rows(claim="er-iemocap.other"),
        rows(invalid=(Invalid("identity", "Not the set."),)),
        rows(bounds=None),
        rows(complete=True, invalid=(Invalid("identity", "Not the set."),)),
        measured("0.9", bounds=Bounds("0.8", "0.9", 3)),
        replace(rows(), exact=None),
    ],
    ids=["convention", "claim", "invalid", "no-bounds", "whole-but-invalid", "recorded", "no-value"],
)
def test_other_rows_say_nothing_about_it(other: Measured) -> None:
    assert after(other) == ()


def test_a_value_without_a_convention_is_held_against_all_rows() -> None:
    unnamed = measured(convention=None)
    assert [i.code for i in after(rows(convention="d"), recorded=unnamed)] == ["contradicted"]
    assert after(rows(convention="d"), rows("0.1", "0.7"), recorded=unnamed) == ()
    assert after(rows(), rows(bounds=None), recorded=unnamed) == ()


def test_only_recorded_values_with_a_number_are_compared() -> None:
    none = measured(None)
    assert supersede([none, rows()]) == [none, rows()]
    part = rows("0.1", "0.2")
    assert supersede([part, rows()]) == [part, rows()]


def decided(*items: Measured) -> Any:
    return next(d for d in decisions(STUDY, items) if d.claim == CLAIM.id)


def test_the_facts_behind_a_verdict_are_data() -> None:
    agreeing = measured(
        "0.69", agreement=Comparison(Agreement.EXACT, "0"), whole=Agreement.EXACT, rows=Rows(1241, 1200, (), 41, 0)
    )
    problem = Invalid("protocol", "A different set.")
    refused = [measured("0.5", convention=name, invalid=(problem,)) for name in ("d", "e")]
    found = decided(agreeing, *refused)
    assert found.verdict is Verdict.UNDOCUMENTED
    assert (found.measurement, found.origin, found.grade) == (agreeing.record.id, "recorded", "E")
    assert found.decisive is None
    chosen, no = found.reasons
    assert chosen == Chosen("deciding", agreeing.record.id, "c", "E", Agreement.EXACT, "0.69", "0", 1200, 1241)
    assert no == Refused("refused", "A different set.", tuple(m.record.id for m in refused))


def test_without_agreement_the_nearest_is_named() -> None:
    far, near = (
        measured(value, convention=name, agreement=Comparison(Agreement.WORSE, "-0.1"), whole=Agreement.WORSE)
        for value, name in (("0.4", "far"), ("0.59", "near"))
    )
    found = decided(far, near)
    assert found.verdict is Verdict.NOT_REPRODUCED
    (chosen,) = found.reasons
    assert (chosen.code, chosen.measurement, chosen.scored, chosen.total) == ("nearest", near.record.id, None, None)
    assert found.odds is not None


def test_a_claim_without_measurements_is_not_run() -> None:
    found = decided()
    assert (found.verdict, found.measurement, found.origin, found.reasons, found.odds) == (
        Verdict.NOT_RUN, None, None, (), None)  # fmt: skip
    only_invalid = decided(measured(invalid=(Invalid("protocol", "A different set."),)))
    assert only_invalid.verdict is Verdict.NOT_COMPARABLE
    assert only_invalid.odds is None


def test_an_impossible_share_is_infeasible_with_its_proof() -> None:
    tight = replace(CLAIM, value="0.3333", expected_rows=10)
    study = replace(STUDY, claims=(tight,))
    item = measured("0.3", agreement=Comparison(Agreement.WORSE, "-0.0333"), whole=Agreement.WORSE)
    (found,) = decisions(study, [item])
    assert found.verdict is Verdict.INFEASIBLE
    assert found.certificate is not None
    assert found.certificate.gaps


def test_counts_decide_what_can_be_printed_where_they_are_known() -> None:
    def wer(hits: int, *, complete: bool = True, invalid: tuple[Invalid, ...] = ()) -> Measured:
        counts = {"substitutions": 1, "deletions": 1, "insertions": 5, "hits": hits}
        item = measured("2.0", origin="recomputed", claim=WER.id, complete=complete, counts=counts, invalid=invalid)
        return replace(item, exact=Fraction(2))

    bad = (Invalid("identity", "Not the set."),)
    possible = possibility(WER, [wer(998)])
    assert possible is not None
    assert possible.possible
    ten = possibility(WER, [wer(8)])
    assert ten is not None
    assert not ten.possible  # 2.1 % of ten words
    assert possibility(WER, [wer(8, complete=False)]) is None
    assert possibility(WER, [wer(8, invalid=bad)]) is None
    assert possibility(WER, [wer(-2)]) is None
    assert possibility(WER, []) is None
    both = possibility(WER, [wer(8), wer(998)])
    assert both is not None
    assert both.possible
    assert possibility(replace(CLAIM, expected_rows=None), []) is None
    assert possibility(replace(CLAIM, unit="count"), []) is None
    assert possibility(replace(CLAIM, family="keyphrases"), []) is None


def test_a_decision_has_every_field() -> None:
    """The second of three measurements decides, with the grade of its one decisive step; two agree, and all have odds."""
    support = Support("a-work", 0, "C", Evidence("code", verified=True, steps=("case",)))
    first = measured("0.4", agreement=Comparison(Agreement.WORSE, "-0.29"), whole=Agreement.WORSE)
    best = measured("0.69", origin="recomputed", agreement=Comparison(Agreement.EXACT, "0"), whole=Agreement.EXACT)
    best = replace(best, grading=Grading(("case", "answer"), (support,)), decisive=(("case", "keep"),))
    within = Comparison(Agreement.WITHIN_MARGIN, "-0.09")
    other = measured("0.6", convention="d", agreement=within, whole=Agreement.WITHIN_MARGIN)
    other = replace(other, grading=Grading(("case",), (support,)))
    (found,) = decisions(replace(STUDY, claims=(replace(CLAIM, expected_rows=None),)), [first, best, other])
    assert found == Decision(
        claim=CLAIM.id,
        verdict=Verdict.JUSTIFIED,
        rule=4,
        measurement=best.record.id,
        origin="recomputed",
        grade="C",
        decisive=(DecisiveStep("case", "keep", "C", "a-work"),),
        supporting=(best.record.id, other.record.id),
        reasons=(Chosen("deciding", best.record.id, "c", "E", Agreement.EXACT, "0.69", "0", None, None),),
        # Within the margin of 0.01 the three meet 0.015, 0.03 and 0.015 of the 0.29 between them.
        odds=Odds(3, 3, "0.400000", "0.690000", "0.21", "0.00"),
        certificate=None,
    )


def left_out(claim: Claim, *names: str) -> Verdict:
    """The verdict on a claim that is exceeded, in a study that leaves conventions of these tasks out."""
    task = tasks()["er-iemocap"]
    assert task.declaration is not None
    declared = {
        name: replace(task, declaration=replace(task.declaration, leave_out=("llaso",) if name in names else ()))
        for name in "ab"
    }
    a, b = (Claim(f"{name}.accuracy", name, "accuracy", "0.5", unit="fraction") for name in "ab")
    study = Study(
        StudyFacts("made", margins={"accuracy": Margin("0.01")}),
        (a, b, claim),
        Path("made.yaml"),
        {**declared, "c": replace(task, declaration=None)},
    )
    support = Support("a-work", 0, "A", Evidence("code", verified=True, steps=("case",)))
    item = measured("0.9", claim=claim.id, agreement=Comparison(Agreement.BETTER), whole=Agreement.BETTER)
    return decisions(study, [replace(item, grading=Grading(("case",), (support,)))])[-1].verdict


def test_where_conventions_are_left_out_nothing_exceeds() -> None:
    exceeds, not_reproduced = Verdict.EXCEEDS, Verdict.NOT_REPRODUCED
    for name in "abc":
        one = Claim(f"{name}.accuracy@x", name, "accuracy", "0.5", unit="fraction")
        assert left_out(one) is exceeds
        assert [left_out(one, "a"), left_out(one, "b")] == [
            not_reproduced if name == other else exceeds for other in "ab"]  # fmt: skip
    of_b = Claim("mean.accuracy@x", "mean", "accuracy", "0.5", unit="fraction", mean_of=("b.accuracy",))
    of_both = replace(of_b, mean_of=("a.accuracy", "b.accuracy"))
    assert [left_out(of_b, "a"), left_out(of_b, "b"), left_out(of_b)] == [exceeds, not_reproduced, exceeds]
    assert [left_out(of_both, "a"), left_out(of_both, "b"), left_out(of_both)] == [
        not_reproduced, not_reproduced, exceeds]  # fmt: skip


@pytest.mark.parametrize(("code", "verdict"), [("not-planned", "not-reproduced"), ("protocol", "exceeds")])
def test_what_a_plan_does_not_count_is_left_out(code: str, verdict: str) -> None:
    support = Support("a-work", 0, "A", Evidence("code", verified=True, steps=("case",)))
    better = measured("0.9", agreement=Comparison(Agreement.BETTER), whole=Agreement.BETTER)
    other = measured("0.9", convention="d", invalid=(Invalid(code, "x"),))
    found = decided(replace(better, grading=Grading(("case",), (support,))), other)
    assert found.verdict is Verdict(verdict)


def test_reference_tokens_are_what_was_said_right_wrong_or_not() -> None:
    def with_counts(counts: dict[str, int] | None) -> Measured:
        return measured("2.0", origin="recomputed", claim=WER.id, counts=counts)

    thousand = with_counts({"substitutions": 3, "deletions": 1, "insertions": 5, "hits": 996})
    others = [with_counts(None), with_counts({}), with_counts({"correct": 7, "total": 9})]
    found = possibility(WER, [*others, thousand])
    assert found is not None
    assert found.witness is not None
    assert found.witness.n == 1000
    assert possibility(WER, others) is None
    one = possibility(WER, [with_counts({"substitutions": 0, "deletions": 0, "insertions": 0, "hits": 1})])
    assert one is not None
    assert not one.possible
    assert possibility(WER, [with_counts({"substitutions": 0, "deletions": 0, "insertions": 0, "hits": 0})]) is None


@pytest.mark.parametrize(
    ("family", "judge", "graded"),
    [
        ("spoken-qa", "gpt-3.5", False),  # right or wrong
        ("spoken-qa", "gpt-4o-mini", False),  # grades, but items of another family
        ("classification", "llama-3-70b", True),  # from 0 to 5, by a longer name
        ("classification", "gpt-3.5", False),
        ("classification", None, False),
    ],
)
def test_a_judge_that_gives_parts_of_the_marks_leaves_every_share_possible(
    family: str, judge: str | None, graded: bool
) -> None:
    tested = possibility(replace(CLAIM, value="0.3333", expected_rows=10, family=family, judge=judge), [])
    assert (tested is None) == graded
    assert tested is None or not tested.possible
