"""Runs that follow a sampling plan: their verdicts, and what makes a run another one than was planned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.analysis.sampling.plan_files import plan_path
from audit.errors import InputError
from audit.pipeline.plan_registration import register
from audit.provenance.signing import keys
from audit.schema import Agreement
from tests.support.made_audit import Made, codes, decision, measurements, verdict
from tests.support.planned import CLAIM, TASK, edit, follow, plan, planned, prepare, sentences

ROWS = sentences()


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Half of the words are wrong; the claim says 2.1 %."""
    return prepare(tmp_path, ROWS, "2.1")


def _register(made: Made) -> None:
    register(plan_path(made.predictions, TASK), keys.ephemeral())


def test_a_false_claim_is_settled_after_a_few_units(made: Made) -> None:
    follow(made, ROWS, planned(made, ROWS), 12)
    found = made.audit()
    assert verdict(found, CLAIM) == "not-reproduced"
    (best,) = [m for m in found.document.measurements if m.id == decision(found, CLAIM).measurement]
    assert best.whole is Agreement.WORSE
    assert best.sample is not None
    assert (best.sample.units, best.sample.of, best.sample.risk, best.sample.exact) == (12, 200, "1/40", True)
    assert best.sample.low is not None
    assert float(best.sample.low) > 2.45
    assert best.sample.path[-1].units == 12
    # The worst case is still there, and has no upper bound.
    assert best.bounds is not None
    assert best.bounds.high is None


def test_without_a_plan_the_same_rows_settle_nothing(made: Made) -> None:
    order = planned(made, ROWS)
    follow(made, ROWS, order, 12)
    plan_path(made.predictions, TASK).unlink()
    found = made.audit()
    assert verdict(found, CLAIM) == "undecided"
    assert found.document.plans is None
    assert all(m.sample is None for m in found.document.measurements)


def test_conventions_that_the_plan_does_not_count_decide_nothing_before_the_last_unit(made: Made) -> None:
    order = planned(made, ROWS)
    follow(made, ROWS, order, 12)
    others = [m for m in measurements(made.audit(), CLAIM) if m.convention not in {"verbatim", "audiobench"}]
    assert codes(others) == {"not-planned"}
    follow(made, ROWS, order, 200)
    assert "not-planned" not in codes(measurements(made.audit(), CLAIM))


def test_all_units_give_what_the_audit_without_a_plan_gives(made: Made) -> None:
    follow(made, ROWS, planned(made, ROWS), 200)
    with_plan = made.audit()
    plan_path(made.predictions, TASK).unlink()
    without = made.audit()
    assert with_plan.document.verdicts == without.document.verdicts
    for one, other in zip(with_plan.document.measurements, without.document.measurements, strict=True):
        assert (one.id, one.value, one.whole, one.bounds, one.invalid) == (
            other.id,
            other.value,
            other.whole,
            other.bounds,
            other.invalid,
        )
        if one.sample is not None and one.value is not None:
            assert float(one.sample.low or 0) == pytest.approx(float(one.value), abs=2e-6)
            assert float(one.sample.high or 0) == pytest.approx(float(one.value), abs=2e-6)


@pytest.mark.parametrize("registered", [True, False])
def test_a_true_claim_is_reproduced_by_a_registered_sample_alone(tmp_path: Path, registered: bool) -> None:
    """Four words in ten thousand are wrong, and the margin is wide: nearly the whole set settles that it holds."""
    rows = sentences(wrong=0.0)
    made = prepare(tmp_path, rows, "0.0", margin="9.0")
    order = planned(made, rows)
    if registered:
        _register(made)
    follow(made, rows, order, 195)
    found = made.audit()
    best = next(m for m in found.document.measurements if m.id == decision(found, CLAIM).measurement)
    assert best.whole is Agreement.WITHIN_MARGIN
    # `verbatim` is of grade E here; what it deserves on the whole set is the most that a sample gives it.
    follow(made, rows, order, 200)
    whole = verdict(made.audit(), CLAIM)
    assert whole == "reproduced"
    sampled = verdict(found, CLAIM)
    assert sampled != "reproduced" if not registered else sampled in {"reproduced", "justified", "undocumented"}


def test_a_dropped_unit_is_a_departure_and_only_the_worst_case_holds(made: Made) -> None:
    order = planned(made, ROWS)
    follow(made, ROWS, order, 30, order.units[7])
    found = made.audit()
    (run,) = found.document.plans or ()
    assert "units were dropped" in run.departures[0]
    assert verdict(found, CLAIM) == "undecided"
    assert all(m.sample is None for m in found.document.measurements)


def test_another_order_is_a_departure(made: Made) -> None:
    planned(made, ROWS)
    made.write_rows(TASK, ROWS[:30])
    (run,) = made.audit().document.plans or ()
    assert run.departures


def test_a_block_of_strata_that_was_begun_is_no_departure(made: Made) -> None:
    order = planned(made, ROWS, strata=4)
    follow(made, ROWS, order, 14)
    found = made.audit()
    (run,) = found.document.plans or ()
    assert not run.departures
    sample = next(m.sample for m in found.document.measurements if m.sample is not None)
    assert sample.units == 12
    assert verdict(found, CLAIM) == "not-reproduced"


def test_another_margin_than_the_plan_has_is_a_departure(made: Made) -> None:
    follow(made, ROWS, planned(made, ROWS), 12)
    made.margins["wer"] = "5"
    made.write_study(made.claim(CLAIM, "2.1"))
    (run,) = made.audit().document.plans or ()
    assert run.departures == ("the margin of wer is 5; the plan has 0.3",)


def test_a_changed_convention_is_a_departure(made: Made) -> None:
    planned(made, ROWS)
    path = plan_path(made.predictions, TASK)
    data = json.loads(path.read_bytes())
    data["claims"][0]["conventions"][0]["hash"] = "0" * 64
    edit(path, claims=data["claims"])
    follow(made, ROWS, planned_order(path), 12)
    (run,) = made.audit().document.plans or ()
    assert "was changed after the plan" in run.departures[0]


def planned_order(path: Path):
    from audit.analysis.sampling.plan_files import load_plan

    return load_plan(path).ordered


def test_ids_that_the_plan_does_not_have_are_refused(made: Made) -> None:
    planned(made, ROWS)
    made.write_rows(TASK, [{**ROWS[0], "id": "zzz"}])
    with pytest.raises(InputError, match="ids that the plan does not have, such as 'zzz'"):
        made.audit()


def test_the_plan_of_another_run_is_refused(made: Made) -> None:
    order = planned(made, ROWS)
    follow(made, ROWS, order, 12)
    edit(plan_path(made.predictions, TASK), run="second")
    with pytest.raises(InputError, match=f"the plan is of {TASK}@second, not of {TASK}"):
        made.audit()


def test_two_plans_for_one_run_are_refused(made: Made) -> None:
    order = planned(made, ROWS)
    follow(made, ROWS, order, 12)
    first = plan_path(made.predictions, TASK)
    (made.predictions / f"{TASK}.second.plan.json").write_bytes(first.read_bytes())
    with pytest.raises(InputError, match="two plans for one run"):
        made.audit()


def test_a_plan_for_another_set_is_refused(made: Made) -> None:
    with pytest.raises(InputError, match="200"):
        plan(made, ROWS[:150])
    others = [{**item, "reference": "something else"} for item in ROWS]
    with pytest.raises(InputError, match="these units are not the set"):
        plan(made, others)


def test_a_plan_that_was_changed_after_its_registration_is_refused(made: Made) -> None:
    order = planned(made, ROWS)
    _register(made)
    follow(made, ROWS, order, 12)
    edit(plan_path(made.predictions, TASK), risk="0.2")
    with pytest.raises(InputError, match="the plan was changed after it"):
        made.audit()


def test_an_output_longer_than_the_cap_leaves_the_worst_case(made: Made) -> None:
    order = planned(made, ROWS, cap=12)
    long = {item["id"]: item for item in ROWS}[order.units[3]]
    rows = [{**item, "hypothesis": "la " * 60} if item is long else item for item in ROWS]
    follow(made, rows, order, 12)
    found = made.audit()
    sample = next(m.sample for m in found.document.measurements if m.sample is not None)
    assert sample.problem is not None
    assert order.units[3] in sample.problem
    assert verdict(found, CLAIM) == "undecided"


def test_a_drawn_unit_without_an_output_counts_at_its_best_and_its_worst(made: Made) -> None:
    order = planned(made, ROWS)
    lost = order.units[2]
    rows = [
        {**item, "hypothesis": None, "extra": {"error": "unreadable"}} if item["id"] == lost else item for item in ROWS
    ]
    follow(made, rows, order, 199)
    sample = next(m.sample for m in made.audit().document.measurements if m.sample is not None)
    assert sample.low is not None
    assert sample.high is not None
    assert float(sample.high) - float(sample.low) > 1.5


@pytest.mark.parametrize(("limit", "enforced"), [(40, True), (41, False), (None, False)])
def test_a_cap_stands_for_reproduced_only_if_the_decoding_enforces_it(
    made: Made, limit: int | None, enforced: bool
) -> None:
    """The upper bound rests on it, and a plan could assume anything."""
    order = planned(made, ROWS)
    follow(made, ROWS, order, 12, decoding=None if limit is None else {"max_new_tokens": limit})
    samples = [m.sample for m in made.audit().document.measurements if m.sample is not None]
    assert {(sample.cap, sample.capped) for sample in samples} == {(40, enforced)}


def test_the_total_of_a_plan_bounds_nothing(made: Made) -> None:
    """Nobody can check it on units that were not drawn: a hundred times as many words would make every rate small."""
    order = planned(made, ROWS)
    path = plan_path(made.predictions, TASK)
    follow(made, ROWS, order, 60)
    honest = [m.sample for m in made.audit().document.measurements if m.sample is not None]
    claims = json.loads(path.read_bytes())["claims"]
    for one in claims[0]["conventions"]:
        one["total"] *= 100
    edit(path, claims=claims)
    forged = [m.sample for m in made.audit().document.measurements if m.sample is not None]
    assert [(s.low, s.high) for s in forged] == [(s.low, s.high) for s in honest]


def test_a_plan_that_leaves_conventions_out_shows_no_more_than_the_claim(tmp_path: Path) -> None:
    """Better under the one convention that counts; under the others nobody knows, so the claim is not exceeded."""
    rows = sentences(wrong=0.0)
    made = prepare(tmp_path, rows, "60.0")
    order = planned(made, rows)
    follow(made, rows, order, 190)
    found = made.audit()
    best = next(m for m in found.document.measurements if m.id == decision(found, CLAIM).measurement)
    assert best.whole is Agreement.BETTER
    assert verdict(found, CLAIM) == "not-reproduced"


@pytest.mark.parametrize(
    ("changes", "sure"),
    [
        ({}, True),
        ({"registered": False}, False),
        ({"exact": False}, False),
        ({"whole_risk": "0.06"}, False),
        ({"cap": 40}, False),
        ({"cap": 40, "capped": True}, True),
    ],
)
def test_what_may_stand_for_the_whole_set(changes: dict[str, object], sure: bool) -> None:
    from dataclasses import replace

    from audit.schema import Sample
    from audit.verdict.planned import Settled

    sample = Sample("p", 10, 100, "1/40", "0.05", exact=True, registered=True, low="1", high="2")
    assert Settled(Agreement.EXACT, replace(sample, **changes)).sure is sure  # type: ignore[arg-type]
