"""Judgements as a planned sample: a judge that is no longer paid once its claim is settled, and a person's sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from audit.analysis.sampling.order import digest, steps
from audit.analysis.sampling.plan import SCHEMA, Ordered, Plan, PlannedClaim, PlannedConvention, Seed
from audit.analysis.sampling.plan_files import load_plan, plan_path
from audit.errors import InputError
from audit.judge.scores import judged_scores
from audit.literature.known_tasks import known_tasks
from audit.pipeline.until_settled import look_at_judgements
from audit.schema import Agreement
from audit.scoring.cache import ScoreCache
from audit.scoring.predictions import load
from audit.verdict.agreement import Target
from audit.verdict.planned import Following, settle
from tests.support.judge.helpers import FakeServer, judge, questions, write_rows

TASK = "sqqa-wikiqa"
UNITS = 200
Serve = Callable[..., FakeServer]


def planned(folder: Path, value: str = "0.41", units: int = UNITS, **changes: object) -> Path:
    """Rows, and a plan of their judgements."""
    write_rows(folder, questions(units))
    names = tuple(f"q{n:05}" for n in range(units))
    convention = known_tasks()[TASK].convention("accuracy", "paper-judge")
    one = PlannedConvention("paper-judge", convention.hash, "share", "1/20", 1, units)
    claim = PlannedClaim("accuracy", value, "fraction", "higher", "0.01", (one,))
    order = digest(name for step in steps(names, "1") for name in step)
    plan = Plan(SCHEMA, TASK, names, Seed("given", "1"), order, "0.05", (claim,), "2026-11-29T12:00:00Z", "test",
                sampled="judgements")  # fmt: skip
    path = plan_path(folder, TASK, "judgements")
    path.write_bytes(replace(plan, **changes).to_bytes())  # type: ignore[arg-type]
    return path


def run(folder: Path, server: FakeServer, plan: Path, *more: str) -> int:
    return judge(
        "run", "--task", TASK, "--convention", "paper-judge", "--predictions", str(folder), "--model", "tiny-judge",
        "--base-url", server.url, "--retry-wait", "0.002", "--until-settled", "--plan", str(plan), *more,
    )  # fmt: skip


def test_a_judge_is_not_paid_once_the_claim_is_settled(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The paper says 41 %, and the judge calls everything right."""
    server = serve(reply='{"Correct": True, "Reason": "x"}')
    plan = planned(tmp_path)
    assert run(tmp_path, server, plan) == 0
    said = capsys.readouterr().out
    assert "accuracy 0.41: settled" in said
    assert "(better)" in said
    asked = len(server.stats()["generated"])
    assert asked < UNITS / 4
    units = load_plan(plan).ordered.units
    (item,) = [j for j in scores(tmp_path) if j.counts]
    assert item.judged == frozenset(units[: len(item.judged)])
    # A settled sample asks for nothing more.
    assert run(tmp_path, server, plan) == 0
    assert len(server.stats()["generated"]) == asked


def scores(folder: Path):
    predictions = load(folder / f"{TASK}.jsonl", known_tasks()[TASK])
    return judged_scores(known_tasks()[TASK], predictions, expected=None, replicates=0, cache=ScoreCache(None))


def test_a_true_claim_costs_the_whole_set_at_most(serve: Serve, tmp_path: Path) -> None:
    server = serve(reply='{"Correct": True, "Reason": "x"}')
    plan = planned(tmp_path, value="1.00", units=40)
    assert run(tmp_path, server, plan) == 0
    assert len(server.stats()["generated"]) == 40


def test_the_budget_still_stops_a_planned_run(serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from audit.errors import CheckFailedError

    server = serve(reply='{"Correct": True, "Reason": "x"}')
    plan = planned(tmp_path, value="1.00", units=40)
    with pytest.raises(CheckFailedError, match="the budget is used up"):
        run(tmp_path, server, plan, "--max-requests", "5")
    assert len(server.stats()["generated"]) == 5


def test_the_bounds_of_judgements_are_those_of_a_share(serve: Serve, tmp_path: Path) -> None:
    server = serve(reply='{"Correct": True, "Reason": "x"}')
    plan = planned(tmp_path)
    run(tmp_path, server, plan)
    ordered: Ordered = load_plan(plan).ordered
    (item,) = [j for j in scores(tmp_path) if j.counts]
    rows = {row.id: row for row in load(tmp_path / f"{TASK}.jsonl", known_tasks()[TASK]).rows}
    following = Following(ordered, "", frozenset(), rows).judged(item.judged, 2)
    claim = _claim(ordered)
    from decimal import Decimal

    found = settle(following, claim, item.score, Target("0.41", "higher", "0.01"), Decimal(1), twin=None, free=False)
    assert found is not None
    assert found.whole is Agreement.BETTER
    # Two judges share the risk.
    assert found.record.risk == "1/40"
    assert found.record.low is not None
    assert 0.42 < float(found.record.low) < 1
    assert found.record.high == "1.000000"


def _claim(ordered: Ordered):
    from audit.facts import Claim

    one = ordered.plan.claims[0]
    return Claim(id="", task=TASK, metric=one.metric, value=one.value, unit=one.unit, direction=one.direction)


def test_judgements_out_of_order_bound_nothing(serve: Serve, tmp_path: Path) -> None:
    server = serve(reply='{"Correct": True, "Reason": "x"}')
    plan = planned(tmp_path)
    run(tmp_path, server, plan)
    ordered = load_plan(plan).ordered
    path = tmp_path / f"{TASK}.judgements.jsonl"
    kept = [line for line in path.read_text("utf-8").splitlines() if ordered.units[3] not in line]
    path.write_text("\n".join(kept) + "\n", "utf-8")
    found = look_at_judgements(ordered, known_tasks()[TASK], load(tmp_path / f"{TASK}.jsonl", known_tasks()[TASK]))
    assert not found.settled
    assert "no bounds" in found.lines[1]


def test_a_person_judges_the_first_rows_of_the_plan(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    out = tmp_path / "sheet.csv"
    command = [
        "sample",
        "--task",
        TASK,
        "--convention",
        "paper-judge",
        "--predictions",
        str(tmp_path),
        "--out",
        str(out),
    ]
    assert judge(*command, "--size", "15", "--plan", str(plan)) == 0
    ids = [row["id"] for row in csv.DictReader(io.StringIO(out.read_text("utf-8-sig")))]
    assert ids == list(load_plan(plan).ordered.units[:15])


def test_bad_input(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    plan = planned(tmp_path)
    with pytest.raises(InputError, match="a probe settles no claim"):
        run(tmp_path, server, plan, "--repeats", "2")
    command = ["run", "--task", TASK, "--convention", "paper-judge", "--predictions", str(tmp_path), "--model", "m"]
    with pytest.raises(InputError, match="needs --until-settled"):
        judge(*command, "--base-url", server.url, "--plan", str(plan))
    with pytest.raises(InputError, match="no plan"):
        judge(*command, "--base-url", server.url, "--until-settled")
    other = tmp_path / "other"
    write_rows(other, questions(10))
    with pytest.raises(InputError, match="the plan is of another set"):
        run(other, server, plan)
    with pytest.raises(InputError, match="the plan samples outputs, not judgements"):
        run(tmp_path / "third", server, _outputs(tmp_path / "third"))
    assert len(server.stats()["generated"]) == 0


def _outputs(folder: Path) -> Path:
    path = planned(folder, sampled="outputs")
    target = plan_path(folder, TASK)
    path.rename(target)
    return target


def test_an_audit_bounds_judged_values_by_the_plan(serve: Serve, tmp_path: Path) -> None:
    from audit.pipeline.request import AuditRequest
    from audit.pipeline.run import run as audit

    server = serve(reply='{"Correct": True, "Reason": "x"}')
    plan = planned(tmp_path, value=known_claim(), units=633)
    run(tmp_path, server, plan)
    found = audit(AuditRequest(predictions=tmp_path, replicates=0)).document
    (one,) = found.plans or ()
    assert (one.sampled, one.units) == ("judgements", 633)
    assert one.drawn < UNITS
    samples = [m for m in found.measurements if m.sample is not None]
    assert {m.convention for m in samples} == {"paper-judge"}
    assert all(m.sample is not None and m.sample.units == one.drawn for m in samples)


def known_claim() -> str:
    from audit.literature.known_tasks import studies

    return next(c.value for study in studies() for c in study.claims if (c.task, c.metric) == (TASK, "accuracy"))


def test_other_rules_for_failed_replies_do_not_leave_a_planned_claim_open(serve: Serve, tmp_path: Path) -> None:
    from audit.pipeline.request import AuditRequest
    from audit.pipeline.run import run as audit

    server = serve(reply='{"Correct": True, "Reason": "x"}')
    run(tmp_path, server, planned(tmp_path, value=known_claim(), units=633))
    found = audit(AuditRequest(predictions=tmp_path, replicates=0)).document
    others = [
        m for m in found.measurements if m.convention == "paper-judge" and m.sample is None and m.value is not None
    ]
    recomputed = [m for m in others if not m.recorded]
    assert recomputed
    assert all("not-planned" in {i.code for i in m.invalid} for m in recomputed)
    counted = [m for m in found.measurements if m.sample is not None]
    assert all("not-planned" not in {i.code for i in m.invalid} for m in counted)
