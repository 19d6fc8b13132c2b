"""The plan's file and the order that follows from its seed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from audit.analysis.sampling.order import digest, steps
from audit.analysis.sampling.plan import (
    DRAW_SCHEMA,
    SCHEMA,
    Draw,
    Plan,
    PlannedClaim,
    PlannedConvention,
    Seed,
    ordered,
    parse_plan,
)
from audit.analysis.sampling.plan_files import find_plan, load_plan, plan_path, read_plan
from audit.errors import InputError

UNITS = tuple(f"u{n:02}" for n in range(10))
ONE = PlannedConvention("verbatim", "a" * 64, "errors", "1/20", 30, 200, 100)
CLAIM = PlannedClaim("wer", "2.1", "percent", "lower", "0.2", (ONE,))


def made(**changes: object) -> Plan:
    seed = Seed("given", "1")
    order = digest(name for step in steps(UNITS, "1") for name in step)
    plan = Plan(SCHEMA, "asr-librispeech-clean", UNITS, seed, order, "0.05", (CLAIM,), "2026-11-29T12:00:00Z", "test 1")
    return replace(plan, **changes)  # type: ignore[arg-type]


def test_a_plan_is_read_as_it_was_written() -> None:
    plan = made()
    assert parse_plan(plan.to_bytes(), "x") == plan
    assert plan.sha256 == hashlib.sha256(plan.to_bytes()).hexdigest()


def test_the_order_is_that_of_hashes_which_anybody_can_compute() -> None:
    by_hand = sorted(UNITS, key=lambda name: hashlib.sha256(f"1\n{name}".encode()).hexdigest())
    assert ordered(made(), None, "x").units == tuple(by_hand)
    assert steps(UNITS, "2") != steps(UNITS, "1")


def test_strata_take_one_unit_of_every_length_at_a_time() -> None:
    lengths = tuple(range(10))
    found = steps(UNITS, "1", 3, lengths)
    assert [len(step) for step in found] == [1, 3, 3, 3]
    assert sorted(name for step in found for name in step) == list(UNITS)
    rest = sorted(set(UNITS) - set(found[0]))
    for step in found[1:]:
        assert [rest.index(name) // 3 for name in step] == [0, 1, 2]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"schema": "repro-audit/plan/2"}, "has the schema"),
        ({"units": ("b", "a")}, "not a sorted list"),
        ({"units": ()}, "not a sorted list"),
        ({"strata": 2}, "strata need the lengths"),
        ({"strata": 2, "lengths": (1, 2)}, "not one length for every unit"),
        ({"seed": Seed("public", None, "a block", "2026-12-01")}, "only a public seed has no order"),
        ({"seed": Seed("given", None)}, "a public seed has no value"),
        ({"order": "xyz"}, "not a SHA-256"),
        ({"risk": "0.25"}, "above 1/5 a sample settles nothing"),
        ({"risk": "-1"}, "do not add up"),
        ({"risk": "0.01"}, "do not add up"),
        ({"claims": ()}, "a plan has claims"),
        ({"claims": (replace(CLAIM, conventions=()),)}, "a plan has claims"),
        ({"claims": (replace(CLAIM, conventions=(replace(ONE, largest=0),)),)}, "at least one token"),
        ({"claims": (replace(CLAIM, conventions=(replace(ONE, risk="1/0"),)),)}, "do not add up"),
    ],
)
def test_an_impossible_plan_is_refused(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse_plan(made(**changes).to_bytes(), "x")


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"{", "not a sampling plan"),
        (b'{"schema": "repro-audit/plan/1"}', "not a sampling plan"),
        (made().to_bytes() + b"\n", "not canonical"),
        (made().to_bytes().replace(b'"risk":"0.05"', b'"risk":0.05'), "not a sampling plan: risk"),
        (made().to_bytes().replace(b'"strata":1', b'"strata":1,"strata":1'), "duplicate field"),
    ],
)
def test_a_damaged_file_is_refused(raw: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse_plan(raw, "x")


def test_another_seed_or_order_is_refused() -> None:
    with pytest.raises(InputError, match="the order is not that of the seed"):
        ordered(made(seed=Seed("given", "2")), None, "x")
    with pytest.raises(InputError, match="the order is not that of the seed"):
        ordered(made(units=UNITS[:-1]), None, "x")


def public(**changes: object) -> Plan:
    return made(seed=Seed("public", None, "the block", "2026-12-01"), order=None, **changes)


def test_a_public_seed_orders_the_units_of_one_plan_alone() -> None:
    plan = public()
    draw = Draw(DRAW_SCHEMA, plan.sha256, "00ff", "2026-12-02")
    found = ordered(plan, draw, "x")
    assert found.redrawing_excluded
    assert sorted(found.units) == list(UNITS)
    assert not ordered(made(), None, "x").redrawing_excluded
    # Another plan has another order from the same public value.
    other = public(risk="0.06")
    assert ordered(other, replace(draw, plan=other.sha256), "x").units != found.units
    with pytest.raises(InputError, match="of another plan"):
        ordered(other, draw, "x")
    with pytest.raises(InputError, match="was not drawn yet"):
        ordered(plan, None, "x")
    with pytest.raises(InputError, match="before 2026-12-01"):
        ordered(plan, replace(draw, published="2026-11-30"), "x")
    with pytest.raises(InputError, match="a draw for a plan that has its seed"):
        ordered(made(), draw, "x")


def test_files_beside_a_plan(tmp_path: Path) -> None:
    path = plan_path(tmp_path, "asr@two")
    assert path.name == "asr@two.plan.json"
    assert find_plan(tmp_path, "asr@two") is None
    path.write_bytes(public().to_bytes())
    assert find_plan(tmp_path, "asr@two") == path
    with pytest.raises(InputError, match="not drawn yet"):
        load_plan(path)
    (tmp_path / "asr@two.plan.draw.json").write_bytes(b"{}")
    with pytest.raises(InputError, match="not the draw"):
        read_plan(path)
    draw = Draw(DRAW_SCHEMA, public().sha256, "00", "soon")
    (tmp_path / "asr@two.plan.draw.json").write_bytes(draw.to_bytes())
    with pytest.raises(InputError, match="not the draw"):
        read_plan(path)


def test_the_plan_of_judgements_is_another_file(tmp_path: Path) -> None:
    path = plan_path(tmp_path, "asr", "judgements")
    path.write_bytes(made(sampled="judgements").to_bytes())
    assert find_plan(tmp_path, "asr") is None
    assert find_plan(tmp_path, "asr", "judgements") == path
    (tmp_path / "asr.copy.plan.json").write_bytes(path.read_bytes())
    with pytest.raises(InputError, match="two plans for one run"):
        find_plan(tmp_path, "asr")
