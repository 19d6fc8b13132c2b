"""Watching a planned run: bounds against the claims, when it is settled, and plans of other runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.analysis.sampling.plan_files import plan_path
from audit.errors import InputError
from audit.literature.known_tasks import known_tasks
from audit.pipeline.plan_design import write_plan
from audit.pipeline.until_settled import Watch, adopt, look
from audit.schema import Agreement
from audit.verdict.planned import is_settled
from tasks.row import Row
from tests.support.made_audit import Made
from tests.support.planned import TASK, edit, plan, planned, prepare, sentences

ROWS = sentences()
BY_ID = {item["id"]: Row(item["id"], item["hypothesis"], item["reference"], True) for item in ROWS}


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return prepare(tmp_path, ROWS, "2.1")


def test_a_false_claim_is_seen_to_be_settled(made: Made) -> None:
    order = planned(made, ROWS)
    said: list[str] = []
    watch = Watch(order, known_tasks()[TASK], said.append)
    units = 0
    while not watch([BY_ID[name] for name in order.units[: units + 1]]):
        units += 1
    assert watch.last is not None
    assert watch.last.settled
    assert 2 <= watch.last.units <= 20
    assert f"{TASK}: 1 of 200 units" in said
    assert any("wer 2.1: open" in line for line in said)
    assert said[-3].strip() == "wer 2.1: settled"
    assert "(worse)" in said[-1]


def test_a_true_claim_is_settled_at_the_end_at_the_latest(tmp_path: Path) -> None:
    rows = sentences(wrong=0.02, seed=5)
    words = sum(len(item["reference"].split()) for item in rows)
    errors = sum(
        a != b for item in rows for a, b in zip(item["reference"].split(), item["hypothesis"].split(), strict=True)
    )
    made = prepare(tmp_path, rows, f"{100 * errors / words:.1f}")
    order = planned(made, rows)
    by_id = {item["id"]: Row(item["id"], item["hypothesis"], item["reference"], True) for item in rows}
    task = known_tasks()[TASK]
    assert not look(order, task, [by_id[name] for name in order.units[:100]]).settled
    assert look(order, task, list(by_id.values())).settled


def test_a_run_may_be_told_to_stop(made: Made) -> None:
    order = planned(made, ROWS, cap=None)
    watch = Watch(order, known_tasks()[TASK], lambda text: None, most=1)
    assert watch([BY_ID[order.units[0]]])
    assert watch.last is not None
    assert not watch.last.settled


def test_looks_become_rarer(made: Made) -> None:
    """Every look scores all units again: 100 units are looked at far less than 100 times after the first fifty."""
    order = planned(made, ROWS)
    watch = Watch(order, known_tasks()[TASK], lambda text: None)
    assert watch._next == 1
    watch([BY_ID[name] for name in order.units[:150]])
    assert watch._next == 157
    assert watch([BY_ID[name] for name in order.units[:151]]) is False


def test_a_changed_convention_stops_the_run(made: Made) -> None:
    import json

    planned(made, ROWS)
    path = plan_path(made.predictions, TASK)
    claims = json.loads(path.read_bytes())["claims"]
    claims[0]["conventions"][0]["hash"] = "0" * 64
    edit(path, claims=claims)
    order = adopt(path, TASK, made.predictions)[0].ordered
    with pytest.raises(InputError, match="was changed after the plan"):
        look(order, known_tasks()[TASK], [BY_ID[order.units[0]]])


def test_the_plan_is_put_beside_the_predictions(made: Made, tmp_path: Path) -> None:
    planned(made, ROWS)
    path = plan_path(made.predictions, TASK)
    out = tmp_path / "elsewhere"
    found, task = adopt(path, TASK, out)
    assert task.id == TASK
    assert plan_path(out, TASK).read_bytes() == path.read_bytes()
    assert adopt(plan_path(out, TASK), TASK, out)[0].ordered == found.ordered
    with pytest.raises(InputError, match="the plan is of asr-librispeech-clean, not of st-en-zh"):
        adopt(path, "st-en-zh", out)
    second = write_plan(plan(made, ROWS, seed="2"), tmp_path / "second")
    with pytest.raises(InputError, match="two plans for one run"):
        adopt(second, TASK, out)
    of_a_run = write_plan(plan(made, ROWS, run="x"), tmp_path / "third")
    with pytest.raises(InputError, match=f"the plan is of {TASK}@x, and `infer` writes {TASK}.jsonl"):
        adopt(of_a_run, TASK, tmp_path / "fourth")
    assert adopt(of_a_run, TASK, tmp_path / "fifth", run="x")[0].ordered.plan.run == "x"
    assert plan_path(tmp_path / "fifth", f"{TASK}@x").is_file()
    with pytest.raises(InputError, match=f"the plan is of {TASK}, and `infer` writes {TASK}@x.jsonl"):
        adopt(path, TASK, tmp_path / "sixth", run="x")


@pytest.mark.parametrize(
    ("states", "settled"),
    [
        ([Agreement.WORSE, Agreement.BETTER], True),
        ([Agreement.WORSE, Agreement.UNDECIDED], False),
        ([Agreement.WITHIN_MARGIN, Agreement.UNDECIDED], True),
        ([Agreement.EXACT, None], True),
        ([Agreement.WORSE, None], False),
    ],
)
def test_a_claim_is_settled_when_one_convention_agrees_or_none_can(
    states: list[Agreement | None], settled: bool
) -> None:
    assert is_settled({str(n): state for n, state in enumerate(states)}) is settled
