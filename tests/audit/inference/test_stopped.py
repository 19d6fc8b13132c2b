# ruff: noqa: E402 - soundfile is asked for first
"""An inference that is stopped, or killed, leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

soundfile = pytest.importorskip("soundfile")

import numpy as np

from tests.support.inference import made_engine, stopped
from tests.support.paths import ROOT

TASK = "pond-asr"


def of_session(number: int) -> list[int]:
    """The processes of a session that have not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session = (folder / "stat").read_text("utf-8").rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(session) == number and state != "Z":
            found.append(int(folder.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("kind", ["reading ahead", "two workers"])
def test_no_process_is_left(kind: str, number: signal.Signals, tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    lines = ["file_name,reference"]
    for clip in range(40):
        soundfile.write(clips / f"c{clip}.wav", np.full(160_000, 0.1), 16000)
        lines.append(f"c{clip}.wav,some words")
    (clips / "metadata.csv").write_text("\n".join(lines) + "\n", "utf-8")
    shown = (ROOT / "docs/tutorial/real-model/study.yaml").read_text("utf-8")
    (tmp_path / "study.yaml").write_text(shown.replace("harbour-asr", TASK), "utf-8")
    made_engine.write(tmp_path)
    infer = ["infer", "--task", TASK, "--model", "model.yaml", "--data", "clips", "--prefetch", "2"]
    arguments = infer if kind == "reading ahead" else ["two-workers"]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.inference.stopped", *arguments],
        cwd=tmp_path, env=variables, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while not ((tmp_path / stopped.READY).exists() and len(of_session(process.pid)) > 2):
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    for _ in range(1200):
        if not of_session(process.pid):
            break
        time.sleep(0.05)
    assert of_session(process.pid) == [], said
