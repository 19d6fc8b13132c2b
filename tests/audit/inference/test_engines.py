# ruff: noqa: E402 - torch is asked for first
from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT

torch = pytest.importorskip("torch")

from audit.errors import CheckFailedError, InputError, MissingError
from audit.inference.engines.equality import check_equality
from audit.inference.engines.local import LocalEngine
from audit.inference.engines.ray_engine import RayEngine
from audit.inference.engines.vllm_engine import VllmEngine
from audit.inference.plan import Batch
from audit.inference.runner import Job, run, sample_batches
from audit.inference.salmonn.config import read_model_config
from audit.inference.salmonn.decoding import Decoding
from audit.inference.settings import TaskSetting
from audit.inference.worker import BatchResult, Spec
from tests.support.inference.items import golden_manifest

pytestmark = pytest.mark.torch
TASK = "asr-librispeech-clean"


@pytest.fixture
def job(tiny_model: Path, loaded: Any, tmp_path: Path) -> Job:
    manifest = golden_manifest(copies=2)
    setting = TaskSetting("asr", "Recognize the speech and give me the transcription.")
    config = read_model_config(tiny_model)
    spec = Spec(config, setting, Decoding(max_new_tokens=12), manifest.root, weights=loaded.record["weights"])
    return Job(TASK, manifest, spec, 1, tmp_path / "out")


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ray_replaces_an_actor_that_is_killed_in_the_middle(
    job: Job, loaded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray")
    calm = run(replace(job, out=tmp_path / "calm"), LocalEngine(loaded=loaded)).predictions
    killed: list[int] = []
    give = RayEngine._next

    def deadly(actor: Any, waiting: Any, running: Any) -> None:
        doomed = bool(waiting) and waiting[0].number == 3 and not killed
        pid = ray.get(actor.pid.remote()) if doomed else 0
        give(actor, waiting, running)
        if doomed:
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    monkeypatch.setattr(RayEngine, "_next", staticmethod(deadly))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    try:
        lossy = run(job, RayEngine(workers=2)).predictions
    finally:
        ray.shutdown()
    assert len(killed) == 1
    assert calm is not None
    assert lossy is not None
    assert lossy.read_bytes() == calm.read_bytes()
    events = json.loads(lossy.with_name(f"{TASK}.run.json").read_text())["events"]
    assert events == [{"event": "worker-lost", "batch": 3}]


class Wrong(LocalEngine):
    """An engine whose language model slips in one row."""

    def run(self, spec: Spec, batches: Sequence[Batch]) -> Iterator[BatchResult]:
        for result in LocalEngine.run(self, spec, batches):
            rows = [{**row, "hypothesis": "other"} if row["id"] == "mid_3.3s-01" else row for row in result.rows]
            yield replace(result, rows=rows)


def test_an_engine_of_another_library_must_give_the_reference_s_rows(job: Job, loaded: Any) -> None:
    reference = LocalEngine(loaded=loaded)
    batches = sample_batches(job, rows=8)
    assert sum(len(batch.items) for batch in batches) == 8
    assert check_equality(LocalEngine(loaded=loaded), reference, job.spec, batches) == 8
    with pytest.raises(CheckFailedError, match=r"1 of 8 rows: mid_3\.3s-01") as caught:
        check_equality(Wrong(loaded=loaded), reference, job.spec, batches)
    assert caught.value.exit_code == 1


def test_vllm_says_what_it_cannot_do(job: Job) -> None:
    with pytest.raises(InputError, match="greedily only"):
        list(VllmEngine().run(job.spec, []))
    try:
        import vllm  # noqa: F401
    except ImportError:
        greedy = replace(job.spec, decoding=Decoding(beams=1))
        with pytest.raises(MissingError, match="vLLM is not installed"):
            list(VllmEngine().run(greedy, []))


def test_another_language_model_s_answers_become_rows(job: Job, loaded: Any) -> None:
    """What the vLLM engine does with a worker, with the model itself in vLLM's place."""
    from audit.inference.salmonn.decoding import generate
    from audit.inference.worker import Worker

    worker = Worker(job.spec, loaded)
    batch = sample_batches(job, rows=1)[0]
    decoding = job.spec.decoding
    other = worker.run(batch, lambda audio, prompts: generate(loaded.model, audio, prompts, decoding))
    assert other == worker.run(batch)


def test_an_error_for_people_crosses_process_borders(job: Job) -> None:
    gone = replace(job.spec.model, salmonn=Path("/nowhere/salmonn.pth"))
    with pytest.raises(InputError, match="there is no such checkpoint") as caught:
        run(replace(job, spec=replace(job.spec, model=gone)), LocalEngine(("cpu", "cpu")))
    assert caught.value.where == "/nowhere/salmonn.pth"
