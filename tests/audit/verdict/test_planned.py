"""What a planned sample says about a claim, with bounds made by hand: agreement, risk, and every field of the record."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from audit.analysis.sampling.bounds import Reach
from audit.analysis.sampling.plan import SCHEMA, Ordered, Plan, PlannedClaim, PlannedConvention, Seed
from audit.facts import Claim
from audit.literature.known_tasks import known_tasks as tasks
from audit.schema import Agreement, Invalid, Sample, SamplePoint
from audit.scoring.account import Account, Skipped
from audit.scoring.score import Score
from audit.verdict import planned
from audit.verdict.agreement import Target
from audit.verdict.planned import Following, Settled, is_settled, settle
from tasks.convention import Convention
from tasks.row import Row

TASK = tasks()["er-iemocap"]
DROPPING, PLAIN = (TASK.convention("accuracy", name) for name in ("hufs", "diva-eval"))
CLAIM = Claim("er-iemocap.accuracy", TASK.id, "accuracy", "0.70", unit="fraction")
HELD = Target("0.70", "higher", "0.01")
ROWS = {name: Row(name, "Sad", "Sad") for name in "abcd"}
SKIPPED = Skipped("finished", "cut off", 1)
WITHIN, BETTER, WORSE = Agreement.WITHIN_MARGIN, Agreement.BETTER, Agreement.WORSE
UNDECIDED = Agreement.UNDECIDED
ENDS = {WITHIN: (0.69, 0.71), BETTER: (0.8, 0.9), WORSE: (0.1, 0.2), UNDECIDED: (0.5, 0.9)}


def entry(convention: Convention, **facts: Any) -> PlannedConvention:
    return PlannedConvention(**{"id": convention.id, "hash": convention.hash, "kind": "share", "risk": "1/20", **facts})


def claims(*conventions: PlannedConvention) -> tuple[PlannedClaim, ...]:
    """The claim's entry, behind others that differ in one field each."""
    one = PlannedClaim("accuracy", "0.70", "fraction", "higher", "0.01", conventions)
    others = (replace(one, metric="uar"), replace(one, value="0.7"), replace(one, unit="percent"))
    return (*(replace(other, conventions=()) for other in others), one)


def following(
    *conventions: PlannedConvention, sampled: Any = "outputs", of: tuple[PlannedClaim, ...] | None = None, **facts: Any
) -> Following:
    """A run of which the units c and a, the first of c, a, d and b, were drawn."""
    counted = conventions or (entry(PLAIN), entry(DROPPING))
    plan = Plan(SCHEMA, TASK.id, tuple("abcd"), Seed("given", "1"), None, "0.05", claims(*counted) if of is None else of,
                "2026-01-01T00:00:00Z", "test", sampled=sampled)  # fmt: skip
    order = Ordered(plan, (("c",), ("a",), ("d",), ("b",)))
    return Following(**{"plan": order, "path": "plans/x.json", "present": frozenset("ca"), "rows": ROWS, **facts})


def scored(
    convention: Convention = PLAIN, ids: str = "ac", skipped: tuple[Skipped, ...] = (), metric: str = "accuracy"
) -> Score:
    account = Account(2 + len(skipped), 2, skipped, 0, 0, "made")
    return Score(convention, metric, Fraction(7, 10), Decimal("0.7"), None, account, None, tuple(ids))


class Bounds:
    """Stands for the bounds of scores, and notes what was asked."""

    def __init__(self, found: list[tuple[Score, Reach]]) -> None:
        self.found, self.asked = found, []  # type: ignore[var-annotated]

    def reach(self, item: Score, rows: Any, plan: Any, one: Any, *, present: Any, with_path: bool = False) -> Reach:
        self.asked.append((item, rows, plan, one, present, with_path))
        return next(reach for score, reach in self.found if score is item)


@pytest.fixture
def bounded(monkeypatch: pytest.MonkeyPatch) -> Any:
    def use(*found: tuple[Score, Reach | Agreement]) -> Bounds:
        reaches = [(s, r if isinstance(r, Reach) else Reach(2, *ENDS[r], exact=True)) for s, r in found]
        made = Bounds(reaches)
        monkeypatch.setattr(planned.bounds, "reach", made.reach)
        return made

    return use


def settled(run: Following, score: Score, twin: Score | None = None, **facts: Any) -> Settled | None:
    given = {"free": False, **facts}
    return settle(run, CLAIM, score, HELD, given.pop("factor", Decimal(1)), twin=twin, **given)


# A run that follows a plan


def test_judgements_are_drawn_with_the_rows_that_nobody_judges() -> None:
    silent = {**ROWS, "c": replace(ROWS["c"], hypothesis=None), "d": replace(ROWS["d"], hypothesis=None)}
    run = following(rows=silent, departures=("signed by nobody",))
    one = run.judged(frozenset("a"), 3)
    assert (one.present, one.judges, one.departures) == (frozenset("ac"), 3, ("signed by nobody",))
    assert run.judged(frozenset(), 1).present == frozenset()
    everything = run.judged(frozenset("ab"), 1)
    assert everything.present == frozenset("abcd")
    assert not everything.partial
    assert run.judged(frozenset("c"), 1).present == frozenset("c")
    # A row that is not there at all was not drawn.
    out = following(rows={"a": ROWS["a"]}).judged(frozenset("a"), 1)
    assert out.present == frozenset("a")
    text = (
        "1 units beyond the planned order are there, and 'c' before them is not: units were dropped, or another order was "
        "followed"
    )
    assert out.departures == (text,)
    both = following(departures=("x",)).judged(frozenset("a"), 1)
    assert both.departures == ("x", text)


def test_the_plans_entry_for_a_claim_is_that_of_its_metric_value_and_unit() -> None:
    run = following()
    assert run.claim(CLAIM) == claims(entry(PLAIN), entry(DROPPING))[-1]
    for changed in ({"metric": "wer"}, {"value": "0.71"}, {"unit": "count"}):
        assert run.claim(replace(CLAIM, **changed)) is None  # type: ignore[arg-type]


def test_the_plans_entry_for_a_convention_is_that_of_its_hash() -> None:
    run = following()
    assert run.convention(CLAIM, scored()) == entry(PLAIN, risk="1/20")
    assert run.convention(CLAIM, scored(DROPPING)) == entry(DROPPING)
    assert replace(run, judges=3).convention(CLAIM, scored()) == entry(PLAIN, risk="1/60")
    assert run.convention(replace(CLAIM, value="0.71"), scored()) is None
    assert following(entry(DROPPING)).convention(CLAIM, scored()) is None
    changed = entry(PLAIN, hash="0" * 12)
    assert following(changed).convention(CLAIM, scored()) is None
    # A judge makes another convention of the one that is planned.
    assert following(changed, sampled="judgements").convention(CLAIM, scored()) == changed
    assert following(entry(DROPPING), sampled="judgements").convention(CLAIM, scored()) is None
    # Of another id with the same hash nothing is known.
    assert following(entry(PLAIN, id="other")).convention(CLAIM, scored()) is None


def test_what_the_plan_does_not_count_decides_nothing_before_the_last_unit() -> None:
    run = following(entry(DROPPING))
    text = "The plan of this sample does not count this convention; it counts once all units are scored."
    told = (Invalid("not-planned", text),)
    assert run.uncounted(CLAIM, scored()) == told
    assert run.uncounted(CLAIM, scored(DROPPING)) == ()
    assert run.uncounted(CLAIM, scored(DROPPING), variant=True) == told
    assert run.uncounted(CLAIM, scored(), variant=True) == told
    assert replace(run, departures=("x",)).uncounted(CLAIM, scored()) == ()
    assert replace(run, present=frozenset("abcd")).uncounted(CLAIM, scored()) == ()
    assert run.uncounted(replace(CLAIM, value="0.71"), scored()) == ()


# Settling


def test_the_record_of_a_sample_has_every_field(bounded: Any) -> None:
    score = scored()
    path = ((1, None, 0.875), (2, 0.125, 0.75))
    asked = bounded((score, Reach(2, 0.125, 0.75, exact=True, path=path, problem=None)))
    run = following(entry(PLAIN, cap=30), registered=True, limit=30)
    found = settled(run, score, factor=Decimal(100))
    assert found is not None
    assert found.record == Sample(
        plan="plans/x.json",
        units=2,
        of=4,
        risk="1/20",
        whole_risk="0.05",
        exact=True,
        registered=True,
        low="12.500000",
        high="75.000000",
        cap=30,
        capped=True,
        path=(SamplePoint(1, None, "87.500000"), SamplePoint(2, "12.500000", "75.000000")),
        problem=None,
    )
    assert asked.asked == [(score, ROWS, run.plan, entry(PLAIN, cap=30), frozenset("ca"), True)]
    assert settled(run, score, with_path=False) is not None
    assert asked.asked[1][-1] is False


def test_limits_are_rounded_outwards(bounded: Any) -> None:
    score = scored()
    bounded((score, Reach(2, 0.12345678, 0.87654321, exact=False, path=((2, 0.12345678, 0.87654321),))))
    found = settled(following(), score)
    assert found is not None
    assert (found.record.low, found.record.high) == ("0.123456", "0.876544")
    assert found.record.path == (SamplePoint(2, "0.123456", "0.876544"),)
    assert (found.record.exact, found.record.registered, found.record.cap) == (False, False, None)
    bounded((score, Reach(2, 0.5, 2.5, exact=True)))
    whole = settled(following(), score)
    assert whole is not None
    assert (whole.record.low, whole.record.high, whole.record.path) == ("0.500000", "2.500000", ())


@pytest.mark.parametrize(
    ("cap", "limit", "capped"), [(30, 30, True), (30, 29, True), (30, 31, False), (30, None, False), (None, 30, False)]
)
def test_a_cap_is_kept_where_the_decoder_allows_no_more(
    bounded: Any, cap: int | None, limit: int | None, capped: bool
) -> None:
    score = scored()
    bounded((score, WITHIN))
    found = settled(following(entry(PLAIN, cap=cap), limit=limit), score)
    assert found is not None
    assert (found.record.cap, found.record.capped) == (cap, capped)


@pytest.mark.parametrize(
    ("low", "high", "problem", "whole"),
    [
        (0.69, 0.71, None, WITHIN),
        (0.8, None, None, BETTER),
        (None, 0.2, None, WORSE),
        (0.2, None, None, UNDECIDED),
        (None, 0.9, None, UNDECIDED),
        (None, None, None, UNDECIDED),
        (0.6851, 0.7149, None, WITHIN),
        (0.68499999, 0.71, None, UNDECIDED),  # limits are rounded outwards
        (0.69, 0.71500001, None, UNDECIDED),
        (None, None, "too few units", None),
        (0.8, 0.9, "too few units", None),
    ],
)
def test_the_agreement_is_that_of_all_values_within_the_bounds(
    bounded: Any, low: float | None, high: float | None, problem: str | None, whole: Agreement | None
) -> None:
    score = scored()
    bounded((score, Reach(2, low, high, exact=True, problem=problem)))
    found = settled(following(), score)
    assert found is not None
    assert (found.whole, found.record.problem) == (whole, problem)
    # In percent the same bounds are far above.
    percent = settled(following(), score, factor=Decimal(100))
    assert percent is not None
    if low == 0.69:
        assert percent.whole is BETTER


def test_what_gives_no_sample(bounded: Any) -> None:
    score = scored()
    bounded((score, WITHIN))
    assert settled(following(), score) is not None
    assert settled(following(entry(DROPPING)), score) is None
    assert settled(following(departures=("x",)), score) is None
    assert settled(following(), replace(score, account=None)) is None


@pytest.mark.parametrize(
    ("convention", "free", "risk"),
    [(PLAIN, False, "1/20"), (DROPPING, False, "1/40"), (DROPPING, True, "1/20"), (PLAIN, True, "1/20")],
)
def test_two_intervals_share_the_risk(bounded: Any, convention: Convention, free: bool, risk: str) -> None:
    score = scored(convention)
    asked = bounded((score, WITHIN))
    found = settled(following(), score, free=free)
    assert found is not None
    assert (found.record.risk, [one[3].risk for one in asked.asked]) == (risk, [risk])
    assert found.whole is WITHIN


@pytest.mark.parametrize(
    ("own", "without", "whole"),
    [
        (WITHIN, WITHIN, WITHIN),
        (WITHIN, WORSE, WORSE),
        (WORSE, WITHIN, WORSE),
        (WORSE, BETTER, WORSE),
        (WORSE, None, WORSE),
        (BETTER, BETTER, BETTER),
        (UNDECIDED, BETTER, UNDECIDED),
        (WITHIN, BETTER, UNDECIDED),
        (BETTER, WORSE, WORSE),
        (UNDECIDED, UNDECIDED, UNDECIDED),
        (WITHIN, None, None),
        (BETTER, None, None),
    ],
)
def test_a_convention_that_drops_units_is_bounded_with_and_without(
    bounded: Any, own: Agreement, without: Agreement | None, whole: Agreement | None
) -> None:
    score, twin = scored(DROPPING, skipped=(SKIPPED,)), scored(DROPPING, ids="abc")
    asked = bounded((score, own), *([(twin, without)] if without else []))
    found = settled(following(), score, twin if without else None)
    assert found is not None
    assert found.whole is whole
    assert [(one[0] is score, one[-1]) for one in asked.asked] == [(True, False), (without is None, True)]
    assert found.record.low == f"{ENDS[without or own][0]:.6f}" or without is None or without is WITHIN


def test_documented_dropping_needs_one_interval(bounded: Any) -> None:
    score, twin = scored(DROPPING, skipped=(SKIPPED,)), scored(DROPPING, ids="abc")
    asked = bounded((score, BETTER), (twin, WORSE))
    found = settled(following(), score, twin, free=True)
    assert found is not None
    assert (found.whole, len(asked.asked)) == (BETTER, 1)


def test_judgements_that_a_rule_drops_leave_no_bounds(bounded: Any) -> None:
    score = scored(DROPPING)
    path = ((2, 0.1, 0.2),)
    asked = bounded((score, Reach(2, 0.1, 0.2, exact=True, path=path)))
    run = following(sampled="judgements")
    found = settled(run, score)
    assert found is not None
    assert (found.whole, found.record.low, found.record.path, found.record.problem) == (
        WORSE, "0.100000", (SamplePoint(2, "0.100000", "0.200001"),), None)  # fmt: skip
    # The whole risk belongs to the one interval.
    assert found.record.risk == "1/20"
    assert asked.asked[0] == (score, ROWS, run.plan, entry(DROPPING), frozenset("ca"), True)
    assert settled(run, score, with_path=False) is not None
    assert asked.asked[1][-1] is False
    more = replace(run, present=frozenset("cadb"))
    lost = settled(more, score, factor=Decimal(100))
    assert lost is not None
    text = "2 judgements are dropped by the convention's own rules, such as that of b"
    assert (lost.whole, lost.record.low, lost.record.high, lost.record.path, lost.record.problem) == (
        None, None, None, (), text)  # fmt: skip
    silent = replace(
        more, rows={**ROWS, "b": replace(ROWS["b"], hypothesis=None), "d": replace(ROWS["d"], hypothesis=None)}
    )
    kept = settled(silent, score)
    assert kept is not None
    assert kept.record.problem is None


# What it is worth


@pytest.mark.parametrize(
    ("changes", "sure"),
    [
        ({}, True),
        ({"exact": False}, False),
        ({"registered": False}, False),
        ({"whole_risk": "0.051"}, False),
        ({"whole_risk": "0.01"}, True),
        ({"cap": 30}, False),
        ({"cap": 30, "capped": True}, True),
    ],
)
def test_a_sample_is_sure_by_exact_bounds_of_a_registered_plan_with_a_small_risk(
    changes: dict[str, Any], sure: bool
) -> None:
    record = Sample("plans/x.json", 2, 4, "1/20", "0.05", exact=True, registered=True, low=None, high=None)
    assert Settled(WITHIN, replace(record, **changes)).sure is sure


@pytest.mark.parametrize(
    ("found", "done"),
    [
        ({"a": WITHIN, "b": UNDECIDED}, True),
        ({"a": Agreement.EXACT, "b": None}, True),
        ({"a": WORSE, "b": BETTER}, True),
        ({"a": WORSE, "b": UNDECIDED}, False),
        ({"a": WORSE, "b": None}, False),
        ({"a": None}, False),
        ({}, True),
    ],
)
def test_a_claim_is_settled_once_one_convention_agrees_or_none_can(
    found: dict[str, Agreement | None], done: bool
) -> None:
    assert is_settled(found) is done
