"""A run in the order of a plan: batches, stopping, resuming, and what a killed run leaves. No model is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit.errors import InputError
from audit.inference import runner
from audit.inference.plan import Batch
from audit.inference.run_records import BatchResult, RunFacts
from audit.inference.runner import Job
from audit.inference.salmonn.config import ModelSettings
from audit.inference.sampled import SampledRun, first_rows, make_batches
from audit.literature.known_tasks import known_tasks
from audit.scoring.predictions import load
from tasks.datasets.manifest import Item, Manifest
from tasks.row import Row

TASK = "asr-librispeech-clean"
NAMES = tuple(f"u{n}" for n in range(10))
ITEMS = tuple(Item(name, (f"{name}.wav",), "some words") for name in NAMES)
ORDER = tuple(reversed(NAMES))


class Model:
    """Repeats the reference; remembers what it was asked, and may be killed before a batch."""

    name = "model"

    def __init__(self, killed_at: int | None = None) -> None:
        self.asked: list[str] = []
        self.killed_at = killed_at

    def run(self, spec: Any, batches: Sequence[Batch]) -> Iterator[BatchResult]:
        for batch in batches:
            if batch.number == self.killed_at:
                raise KeyboardInterrupt
            self.asked += [item.id for item in batch.items]
            rows = sorted(batch.items, key=lambda item: item.id)
            yield BatchResult(batch.number, tuple(Row(i.id, "some words", i.reference, True) for i in rows))


def job(out: Path, stop: Any, size: int = 2, plan: str = "p" * 64) -> Job:
    manifest = Manifest("LibriSpeech", "test-clean", Path(), ITEMS)
    settings = ModelSettings("13b", "fp16", "adapter", 8, 32, "sdpa")
    facts = RunFacts("Recognize the speech.", "asr", settings, {"model": "w" * 64}, {"beams": 4}, "none")
    spec = SimpleNamespace(facts=lambda: facts)
    return Job(TASK, manifest, spec, size, out, sampled=SampledRun(plan, ORDER, stop))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run ran on is asked of torch."""
    monkeypatch.setattr(runner, "_note_environment", lambda folder, job: None)


def after(units: int) -> Any:
    return lambda rows: len(rows) >= units


def test_batches_follow_the_plan_not_the_lengths() -> None:
    batches = make_batches(ITEMS, SampledRun("p", ORDER, after(1)), 4)
    assert [item.id for batch in batches for item in batch.items] == list(ORDER)
    assert [len(batch.items) for batch in batches] == [4, 4, 2]


def test_a_plan_of_another_set_is_refused() -> None:
    with pytest.raises(InputError, match="the test set lacks 'u9'"):
        make_batches(ITEMS[:9], SampledRun("p", ORDER, after(1)), 4)
    with pytest.raises(InputError, match="the plan lacks 'x'"):
        make_batches((*ITEMS, Item("x", ("x.wav",), "")), SampledRun("p", ORDER, after(1)), 4)


def test_a_run_stops_once_it_is_settled(tmp_path: Path) -> None:
    model = Model()
    found = runner.run(job(tmp_path, after(3)), model)
    assert model.asked == list(ORDER[:4])
    assert found.rows == 4
    rows = load(tmp_path / f"{TASK}.jsonl", known_tasks()[TASK]).rows
    assert {row.id for row in rows} == set(ORDER[:4])


def test_a_settled_run_asks_for_nothing_more(tmp_path: Path) -> None:
    runner.run(job(tmp_path, after(3)), Model())
    model = Model()
    runner.run(job(tmp_path, after(3)), model)
    assert model.asked == []


def test_a_stopped_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    runner.run(job(tmp_path, after(3)), Model())
    model = Model()
    found = runner.run(job(tmp_path, after(7)), model)
    assert model.asked == list(ORDER[4:8])
    assert found.rows == 8


def test_a_run_that_is_never_settled_ends_with_the_set(tmp_path: Path) -> None:
    model = Model()
    assert runner.run(job(tmp_path, lambda rows: False), model).rows == 10
    assert model.asked == list(ORDER)


def test_an_interrupted_run_leaves_the_sample_that_it_drew_and_resumes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        runner.run(job(tmp_path, lambda rows: False), Model(killed_at=2))
    rows = load(tmp_path / f"{TASK}.jsonl", known_tasks()[TASK]).rows
    assert {row.id for row in rows} == set(ORDER[:4])
    model = Model()
    runner.run(job(tmp_path, lambda rows: False), model)
    assert model.asked == list(ORDER[4:])


def test_another_plan_does_not_continue_a_run(tmp_path: Path) -> None:
    runner.run(job(tmp_path, after(3)), Model())
    with pytest.raises(InputError, match="different sampling"):
        runner.run(job(tmp_path, after(7), plan="q" * 64), Model())


def test_a_shard_cannot_follow_a_plan(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a shard cannot follow"):
        runner.run(replace(job(tmp_path, after(1)), shard=(1, 2)), Model())


def test_rows_after_a_missing_batch_do_not_count() -> None:
    rows = [Row(str(n), "", "") for n in range(3)]
    done = {0: BatchResult(0, (rows[0],)), 2: BatchResult(2, (rows[2],))}
    assert first_rows(done) == [rows[0]]
    assert first_rows({}) == []
    assert first_rows({1: BatchResult(1, (rows[1],))}) == []


def test_the_command_runs_until_the_claim_is_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the options to the predictions and the plan beside them; the model answers nonsense, and the paper says 2.1 %."""
    from audit.analysis.sampling.plan_files import plan_path
    from audit.cli import main
    from audit.inference import job as jobs
    from audit.pipeline.plan_design import make_plan, write_plan
    from audit.pipeline.request import ClaimRequest, PlanRequest
    from tasks.datasets.manifest import make

    items = [
        Item(f"u{n:03}", (f"u{n:03}.wav",), "these are six words of speech", sha256=("0" * 64,)) for n in range(80)
    ]
    manifest = tmp_path / "set.jsonl"
    manifest.write_text(make("LibriSpeech", "test-clean", tmp_path, items).text(), encoding="utf-8")
    # The family's own task has no card that says how many units there are; the command needs a task with a prompt.
    rows = [Row(item.id, None, item.reference) for item in items]
    request = PlanRequest(
        "asr", rows, (ClaimRequest("2.1", "wer", margin="0.2"),), conventions=(("verbatim", 1),), audits=0
    )
    plan = write_plan(replace(make_plan(request), task=TASK, seed=_given(), order=_order(items)), tmp_path / "plans")

    asked: list[str] = []

    class Nonsense:
        name = "nonsense"

        def run(self, spec: Any, batches: Sequence[Batch]) -> Iterator[BatchResult]:
            for batch in batches:
                asked.extend(item.id for item in batch.items)
                yield BatchResult(batch.number, tuple(Row(i.id, "zz", i.reference, True) for i in batch.items))

    monkeypatch.setattr(jobs, "need_libraries", lambda model: None)
    monkeypatch.setattr(jobs, "make_spec", lambda request, task, manifest: job(tmp_path, after(1)).spec)
    monkeypatch.setattr(jobs, "_engine", lambda request, spec, before: Nonsense())
    out = tmp_path / "out"
    options = ["--task", TASK, "--model", str(tmp_path), "--manifest", str(manifest), "--out", str(out)]
    command = ["infer", *options, "--until-settled", "--plan", str(plan)]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "wer 2.1: settled" in said
    assert "(worse)" in said
    order = [name for step in _steps(items) for name in step]
    assert asked == order[: len(asked)]
    assert 2 <= len(asked) <= 10
    assert plan_path(out, TASK).read_bytes() == plan.read_bytes()
    assert {row.id for row in load(out / f"{TASK}.jsonl", known_tasks()[TASK]).rows} == set(asked)
    # A settled run asks for nothing more.
    before = len(asked)
    assert main(command) == 0
    assert len(asked) == before


def _given() -> Any:
    from audit.analysis.sampling.plan import Seed

    return Seed("given", "1")


def _steps(items: Sequence[Item]) -> Any:
    from audit.analysis.sampling.order import steps

    return steps([item.id for item in items], "1")


def _order(items: Sequence[Item]) -> str:
    from audit.analysis.sampling.order import digest

    return digest(name for step in _steps(items) for name in step)
