# ruff: noqa: E402 - torch is asked for first
from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT

torch = pytest.importorskip("torch")

from audit.errors import InputError
from audit.inference.engines.local import LocalEngine
from audit.inference.engines.ray_engine import RayEngine
from audit.inference.runner import Job, run
from audit.inference.salmonn.config import read_model_config
from audit.inference.salmonn.decoding import Decoding
from audit.inference.settings import TaskSetting
from audit.inference.worker import Spec
from tests.support.inference.items import golden_manifest

pytestmark = pytest.mark.torch
TASK = "asr-librispeech-clean"


@pytest.fixture
def job(tiny_model: Path, loaded: Any, tmp_path: Path) -> Job:
    manifest = golden_manifest(copies=2)
    setting = TaskSetting("asr", "Recognize the speech and give me the transcription.")
    config = read_model_config(tiny_model)
    spec = Spec(config, setting, Decoding(max_new_tokens=12), manifest.root, weights=loaded.record.weights)
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


def test_an_error_for_people_crosses_process_borders(job: Job) -> None:
    gone = replace(job.spec.model, salmonn=Path("/nowhere/salmonn.pth"))
    with pytest.raises(InputError, match="no such checkpoint") as caught:
        run(replace(job, spec=replace(job.spec, model=gone)), LocalEngine(("cpu", "cpu")))
    assert caught.value.where == "/nowhere/salmonn.pth"
