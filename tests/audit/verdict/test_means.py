"""Means over runs and over claims, from measurements made by hand: the value, the bounds, the evidence, every field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from audit.facts import Claim, Grade, Margin, StudyFacts
from audit.literature.grades import Grading, Support
from audit.literature.studies import Study
from audit.literature.works import Evidence
from audit.schema import Agreement, Bounds, Comparison, IdentityState, Invalid, Measurement
from audit.verdict.means import with_means, with_runs
from audit.verdict.measurements import Measured, Names

EXACT, WITHIN, BETTER, WORSE = Agreement.EXACT, Agreement.WITHIN_MARGIN, Agreement.BETTER, Agreement.WORSE
UNDECIDED = Agreement.UNDECIDED
PROBLEM = Invalid("protocol", "A different set.")
A = Claim("a.wer", "a", "wer", "2.1", direction="lower")
B = Claim("b.wer", "b", "wer", "4.9", direction="lower")
MEAN = Claim("mean.wer@both", "mean", "wer", "3.5", direction="lower", mean_of=("a.wer", "b.wer"), subset="clean")
THREE = replace(A, runs=3, deviation="0.4", subset="clean")


def study(*claims: Claim) -> Study:
    return Study(StudyFacts("made", margins={"wer": Margin("0.2")}), claims, Path("made.yaml"))


def graded(grade: Grade) -> Grading:
    return Grading(("case",), (Support("a-work", 0, grade, Evidence("code", verified=True, steps=("case",))),))


def item(
    value: str | None,
    claim: str = "a.wer",
    *,
    origin: Any = "recomputed",
    name: str = "c",
    run: str | None = None,
    grading: Grading | None = None,
    drops: bool = False,
    complete: bool = True,
    outputs: str | None = None,
    exact: Fraction | Decimal | None = None,
    **fields: Any,
) -> Measured:
    record = Measurement(f"{claim}/{origin}@{run}/{name}", claim, name, origin, value, "a", "wer", run=run, **fields)
    known = exact if exact is not None or value is None else Fraction(value)
    return Measured(record, known, grading, drops=drops, complete=complete, outputs=outputs)


def mean(*parts: Measured, claim: Claim = MEAN) -> Measured:
    """The mean of the parts, of which one belongs to each of two claims."""
    found = with_means(parts, study(A, B, claim), Names())
    assert found[:-1] == list(parts)
    return found[-1]


def runs(*parts: Measured, claim: Claim = THREE) -> list[Measured]:
    return with_runs(parts, study(claim), Names())


def average(*parts: Measured, claim: Claim = THREE) -> Measured:
    *single, last = runs(*parts, claim=claim)
    assert [m.record.id for m in single] == [m.record.id for m in parts]
    return last


def ends(part: Measured) -> tuple[str | None, str | None]:
    """The bounds of the mean of this part and of one that is known to be 5."""
    found = mean(part, item("5", "b.wer", drops=True, without_dropping="5"))
    assert found.record.bounds is not None
    return found.record.bounds.low, found.record.bounds.high


# Over the claims of a declared mean


def test_a_mean_of_claims_has_every_field() -> None:
    facts: dict[str, Any] = {"judge": "a judge", "conditions": "batch 8"}
    first = item("2.1", name="c", source="a page", identity=IdentityState.CONSISTENT, **facts)
    second = item("5", "b.wer", source="elsewhere", identity=IdentityState.VERIFIED, **facts)
    found = mean(first, second)
    assert found.record == Measurement(
        id="mean.wer@both/recomputed/c",
        claim="mean.wer@both",
        convention="c",
        origin="recomputed",
        value="3.550000",
        task="mean",
        metric="wer",
        agreement=Comparison(EXACT, "+0.05"),
        whole=EXACT,
        bounds=None,
        identity=IdentityState.CONSISTENT,
        note="Mean of 2 claims' values.",
        source="a page",
        conditions="batch 8",
        judge="a judge",
        subset="clean",
        parts=(first.record.id, second.record.id),
    )
    assert (found.exact, found.drops, found.complete, found.decisive, found.outputs) == (
        Fraction(71, 20), False, True, None, None)  # fmt: skip
    recorded = mean(item("2", origin="recorded"), item("5", "b.wer", origin="recorded"))
    assert (recorded.record.id, recorded.record.origin) == ("mean.wer@both/recorded/c", "recorded")


def test_the_parts_are_in_the_order_of_the_claim() -> None:
    second, first = item("5", "b.wer", source="elsewhere"), item("2", source="a page")
    found = mean(second, first).record
    assert (found.parts, found.source) == ((first.record.id, second.record.id), "a page")


def test_decimals_are_as_exact_as_fractions() -> None:
    found = mean(item("2", exact=Decimal("2.1")), item("5", "b.wer", exact=Fraction(1, 3)))
    assert found.exact == (Fraction(21, 10) + Fraction(1, 3)) / 2


@pytest.mark.parametrize(
    "changed",
    [{"name": "d"}, {"origin": "recorded"}, {"judge": "someone"}, {"conditions": "batch 8"}],
    ids=["convention", "origin", "judge", "conditions"],
)
def test_different_rules_have_no_common_mean(changed: dict[str, Any]) -> None:
    parts = [item("2"), item("5", "b.wer", **changed)]
    assert with_means(parts, study(A, B, MEAN), Names()) == parts


@pytest.mark.parametrize(
    "missing",
    [
        (),
        (item(None, "b.wer"),),
        (item("5", "b.wer", invalid=(PROBLEM,)),),
        (item("5", "b.wer"), item("6", "b.wer", run="again")),
        (item("5", "other.wer"),),
    ],
    ids=["none", "without-value", "invalid", "two", "of-another-claim"],
)
def test_a_mean_needs_one_usable_value_of_each_claim(missing: tuple[Measured, ...]) -> None:
    parts = [item("2"), *missing]
    assert with_means(parts, study(A, B, MEAN), Names()) == parts


def test_what_is_unusable_does_not_stand_in_the_way() -> None:
    parts = [
        item("2"), item("5", "b.wer"), item("9", invalid=(PROBLEM,), run="x"), item(None, "b.wer", run="x"),
        item("9", "other.wer"), item("8", name="d"), item("6", "b.wer", name="d"),
    ]  # fmt: skip
    values = [m.record.value for m in with_means(parts, study(A, B, MEAN), Names())[len(parts) :]]
    assert values == ["3.500000", "7.000000"]


def test_a_mean_can_rest_on_means() -> None:
    above = Claim("mean.wer@all", "mean", "wer", "4.0", direction="lower", mean_of=("mean.wer@both", "c.wer"))
    parts = [item("2"), item("5", "b.wer"), item("4.5", "c.wer")]
    both, everything = with_means(parts, study(A, MEAN, B, above), Names())[3:]
    assert (both.exact, everything.exact) == (Fraction(7, 2), Fraction(4))
    assert everything.record.parts == (both.record.id, parts[2].record.id)


def test_the_worst_evidence_of_the_parts_counts() -> None:
    strong, weak = graded("B"), graded("D")
    for first, second, grade in ((strong, weak, "D"), (weak, strong, "D"), (strong, strong, "B"), (strong, None, "E")):
        found = mean(item("2", grading=first), item("5", "b.wer", grading=second))
        assert found.overall == grade
        assert found.steps is None


@pytest.mark.parametrize(
    ("states", "weakest"),
    [
        (("verified", "part"), "part"),
        (("unknown", "verified"), "unknown"),
        (("verified", "verified"), "verified"),
        (("verified", None), None),
        ((None, "verified"), None),
        ((None, None), None),
    ],
)
def test_the_rows_are_as_certain_as_the_least_certain(states: Sequence[str | None], weakest: str | None) -> None:
    one, other = (None if state is None else IdentityState(state) for state in states)
    found = mean(item("2", identity=one), item("5", "b.wer", identity=other)).record.identity
    assert found == (None if weakest is None else IdentityState(weakest))


# Bounds


def test_parts_of_sets_are_bounded_by_the_mean_of_their_bounds() -> None:
    found = mean(
        item("2", complete=False, bounds=Bounds("1.5", "2.5", 7)),
        item("5", "b.wer", complete=False, bounds=Bounds("4.7", "5.1", 4)),
    )
    assert found.record.bounds == Bounds("3.100000", "3.800000", 11)
    assert (found.record.agreement.kind, found.record.whole) == (EXACT, UNDECIDED)
    assert (found.complete, found.drops) == (False, False)


def test_a_part_and_a_whole_set_are_bounded_together() -> None:
    found = mean(item("2", complete=False, bounds=Bounds("1.9", "2.1", 7)), item("5", "b.wer"))
    assert found.record.bounds == Bounds("3.450000", "3.550000", 7)
    assert (found.record.whole, found.complete) == (WITHIN, False)
    assert not mean(item("2"), item("5", "b.wer", complete=False, bounds=Bounds("5", "5", 1))).complete


@pytest.mark.parametrize(
    ("low", "high", "whole"),
    [("0", "1.9", UNDECIDED), ("0", "0.1", BETTER), ("3", "9", WORSE), ("2", None, UNDECIDED), ("4", None, WORSE)],
)
def test_the_bounds_of_a_mean_decide(low: str, high: str | None, whole: Agreement) -> None:
    found = mean(item("2", complete=False, bounds=Bounds(low, high, 7)), item("5", "b.wer"))
    assert found.record.whole is whole
    assert found.record.bounds is not None
    assert (found.record.bounds.high is None) == (high is None)


@pytest.mark.parametrize(
    ("part", "low", "high"),
    [
        (item("2", complete=False, bounds=Bounds("1", "3", 1)), "3.000000", "4.000000"),
        (item("2", complete=False, bounds=Bounds(None, "3", 1)), None, "4.000000"),
        (item("2", complete=False, bounds=Bounds("1", None, 1)), "3.000000", None),
        (item("2"), "3.500000", "3.500000"),
        (item("2", complete=False), "2.500000", None),
        (item("2", drops=True), "2.500000", None),
        (item("2", drops=True, without_dropping="2.4"), "3.700000", "3.700000"),
        (item("2", drops=True, complete=False, without_dropping="2.4"), "3.700000", "3.700000"),
    ],
)
def test_what_a_part_can_be_on_its_whole_set(part: Measured, low: str | None, high: str | None) -> None:
    assert ends(part) == (low, high)


def test_bounds_of_a_value_that_is_worse_leave_the_dropped_units_out() -> None:
    facts: dict[str, Any] = {"bounds": Bounds("1", "3", 1), "complete": False}
    worse, better = Comparison(WORSE), Comparison(BETTER)
    assert ends(item("2", drops=True, agreement=worse, **facts)) == ("2.500000", None)
    assert ends(item("2", drops=True, agreement=better, **facts)) == ("3.000000", "4.000000")
    assert ends(item("2", agreement=worse, **facts)) == ("3.000000", "4.000000")
    # A recorded value's bounds count the dropped units as unscored.
    both = [
        item(value, claim, origin="recorded", drops=True, agreement=worse, complete=False, bounds=Bounds("1", "3", 1))
        for value, claim in (("2", "a.wer"), ("5", "b.wer"))
    ]
    assert mean(*both).record.bounds == Bounds("1.000000", "3.000000", 2)


def test_one_part_without_an_end_leaves_the_mean_without_it() -> None:
    open_above = item("2", complete=False, bounds=Bounds("1", None, 1))
    open_below = item("5", "b.wer", complete=False, bounds=Bounds(None, "6", 2))
    assert mean(open_above, open_below).record.bounds == Bounds(None, None, 3)


def test_where_units_are_dropped_the_mean_without_dropping_counts() -> None:
    dropping = item("2", drops=True, without_dropping="2.1")
    found = mean(dropping, item("5", "b.wer"))
    assert (found.drops, found.complete) == (True, True)
    assert found.record.bounds == Bounds("3.550000", "3.550000", 0)
    assert (found.record.agreement, found.record.whole) == (Comparison(EXACT, "0"), WITHIN)
    away = mean(replace(dropping, record=replace(dropping.record, without_dropping="4")), item("5", "b.wer"))
    assert (away.record.agreement.kind, away.record.whole) == (EXACT, WORSE)


def test_a_mean_that_is_worse_after_dropping_is_worse() -> None:
    low = {"drops": True, "without_dropping": "1"}
    worse, better = mean(item("9", **low), item("5", "b.wer")), mean(item("0", **low), item("5", "b.wer"))  # type: ignore[arg-type]
    assert (worse.record.agreement.kind, worse.record.whole) == (WORSE, WORSE)
    assert worse.record.bounds == Bounds("3.000000", "3.000000", 0)
    assert (better.record.agreement.kind, better.record.whole) == (BETTER, BETTER)
    # A part of the set without dropping is what its bounds say.
    part = mean(item("9", complete=False, bounds=Bounds("0", "9", 1)), item("5", "b.wer"))
    assert (part.record.agreement.kind, part.record.whole) == (WORSE, UNDECIDED)


# Over the runs of one claim


def test_a_mean_over_runs_has_every_field() -> None:
    facts: dict[str, Any] = {"judge": "a judge", "conditions": "batch 8", "identity": IdentityState.PART}
    parts = [item(value, run=run, outputs=run, **facts) for value, run in (("2.00", "a"), ("2.50", "b"), ("2.1", "c"))]
    found = average(*parts)
    assert found.record == Measurement(
        id="a.wer/recomputed/c",
        claim="a.wer",
        convention="c",
        origin="recomputed",
        value="2.200000",
        task="a",
        metric="wer",
        agreement=Comparison(WITHIN, "+0.1"),
        whole=WITHIN,
        identity=IdentityState.PART,
        note="Mean over 3 runs: 2, 2.5, 2.1.",
        conditions="batch 8",
        judge="a judge",
        subset="clean",
        parts=tuple(p.record.id for p in parts),
    )
    assert found.exact == Fraction("2.2")


def test_one_run_alone_decides_nothing() -> None:
    one = Invalid("one-run", "One run; the printed value is the mean over 3 runs.")
    parts = [item("2", run="a", outputs="1"), item("3", run="b", outputs="2", invalid=(PROBLEM,))]
    first, second, found = runs(*parts)
    assert (first, second) == (
        replace(parts[0], record=replace(parts[0].record, invalid=(one,))),
        replace(parts[1], record=replace(parts[1].record, invalid=(PROBLEM, one))),
    )
    few = Invalid("too-few-runs", "2 of 3 runs are at hand, which decides nothing; they give 2, 3.")
    assert found.record.invalid == (few, PROBLEM)
    assert found.record.note == "Mean over 2 runs: 2, 3."


def test_reasons_that_several_runs_share_are_told_once() -> None:
    other = Invalid("identity", "Not the set.")
    parts = [
        item("2", run=run, outputs=run, invalid=reasons)
        for run, reasons in (("a", (PROBLEM,)), ("b", (other, PROBLEM)), ("c", ()))
    ]
    assert average(*parts).record.invalid == (PROBLEM, other)


def test_copies_of_a_run_count_once() -> None:
    parts = [
        item("2", run="a", outputs="1"), item("3", run="b", outputs="2"), item("2", run="c", outputs="1"),
        item("2", run="d", outputs="1"),
    ]  # fmt: skip
    found = average(*parts)
    assert found.record.parts == (parts[0].record.id, parts[1].record.id)
    assert found.exact == Fraction(5, 2)
    text = "2 of 3 runs are at hand (the outputs of 2 more are copies), which decides nothing; they give 2, 3."
    assert found.record.invalid == (Invalid("too-few-runs", text),)


@pytest.mark.parametrize(
    ("deviation", "counted"), [("0", 3), ("0.0", 3), ("0.1", 1), (None, 1)], ids=["0", "0.0", "0.1", "none"]
)
def test_runs_may_be_equal_where_the_paper_prints_no_deviation(deviation: str | None, counted: int) -> None:
    parts = [item("2", run=run, outputs="1") for run in "abc"]
    found = average(*parts, claim=replace(THREE, deviation=deviation))
    assert len(found.record.parts) == counted
    assert found.record.valid == (counted == 3)


def test_more_runs_than_printed_are_all_in_the_mean() -> None:
    parts = [item(value, run=value, outputs=value) for value in ("1", "2", "3", "4")]
    found = average(*parts)
    assert (found.record.note, found.record.valid) == ("Mean over 4 runs: 1, 2, 3, 4.", True)


def test_a_run_without_a_value_leaves_no_mean() -> None:
    parts = [item("2", run="a", outputs="1"), item(None, run="b", outputs="2"), item("20", run="c", outputs="3")]
    found = runs(*parts)
    assert [m.record.id for m in found] == [m.record.id for m in parts]
    assert all([i.code for i in m.record.invalid] == ["one-run"] for m in found)


def test_values_are_told_without_trailing_zeros() -> None:
    parts = [item(value, run=value, outputs=value) for value in ("20", "100.0", "3.050")]
    assert average(*parts).record.note == "Mean over 3 runs: 20, 100, 3.05."
    # The value that is told is the record's; a value that no record tells is `none`.
    untold = replace(parts[0], record=replace(parts[0].record, value=None))
    assert average(untold, *parts[1:]).record.note == "Mean over 3 runs: none, 100, 3.05."


def test_every_rule_has_a_mean_of_its_own() -> None:
    first = [item("2", run=run, outputs=run) for run in "abc"]
    second = [item("4", run=run, outputs=run, name="d") for run in "abc"]
    *_, one, other = runs(*first, *second)
    assert (one.record.convention, one.exact, other.record.convention, other.exact) == ("c", 2, "d", 4)


def test_a_recorded_mean_stays_what_it_is() -> None:
    told = item("2", origin="recorded")
    assert runs(told) == [told]
    found = runs(told, *(item("2", run=run, outputs=run) for run in "abc"))
    assert found[0] == told
    assert [m.record.origin for m in found] == ["recorded", *["recomputed"] * 4]


# Runs besides the one that decides


@pytest.mark.parametrize(
    ("names", "deciding", "shown"),
    [
        ((None, "a", "b"), None, "the run without a name"),
        (("1", None), None, "the run without a name"),
        (("b", "a", "c"), "a", "the run a"),
        (("b", None), None, "the run without a name"),
    ],
)
def test_one_run_decides_and_the_others_say_so(names: Sequence[str | None], deciding: str | None, shown: str) -> None:
    parts = [item("2", run=name, invalid=(PROBLEM,)) for name in names]
    text = f"A further run of the same claim, shown beside {shown}, which decides."
    marked = (PROBLEM, Invalid("further-run", text))
    found = with_runs(parts, study(A, B), Names())
    assert found == [
        m if m.record.run == deciding else replace(m, record=replace(m.record, invalid=marked)) for m in parts
    ]


def test_recorded_values_are_no_runs() -> None:
    parts = [item("2", run="b"), item("3", origin="recorded", run="a"), item("4", run="b", name="d")]
    assert with_runs(parts, study(A), Names()) == parts


def test_runs_belong_to_their_claim() -> None:
    """Of two claims each has its own runs, and what belongs to none stays."""
    unclaimed = item("7", run="z")
    unclaimed = replace(unclaimed, record=replace(unclaimed.record, claim=None))
    parts = [
        item("2", run="a"),
        item("5", "b.wer", run="b"),
        item("2", run="c"),
        item("5", "b.wer", run="d"),
        unclaimed,
    ]
    found = with_runs(parts, study(A, B), Names())
    assert [bool(m.record.invalid) for m in found] == [False, False, True, True, False]
    several = with_runs(parts, study(replace(A, runs=2), B), Names())
    assert [m.record.id for m in several] == [
        *(parts[n].record.id for n in (1, 3, 4, 0, 2)), "a.wer/recomputed/c"]  # fmt: skip
    assert [m.record.valid for m in several] == [True, False, True, False, False, False]
    both = with_runs(parts, study(replace(A, runs=2), replace(B, runs=2)), Names())
    assert [m.record.parts for m in both if m.record.parts] == [
        (parts[0].record.id,), (parts[1].record.id,)]  # fmt: skip
