"""A command that is stopped leaves no program behind: Java of this process, of its workers, and a text-to-speech script."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.spice import running

# Stands for a Java that works for an hour: the real one is done too soon.
BUSY = "#!/bin/sh\ntouch {started}\nexec sleep 3600 {mark}\n"
BUSY_SCRIPT = "#!/bin/sh\ntouch {started}\nsleep 3600 {mark}\n"


def busy(folder: Path, text: str = BUSY) -> tuple[Path, Path, str]:
    """A program, the file that it makes when it starts, and a word of its command line."""
    program, started = folder / "busy", folder / "started"
    mark = str(3600 + abs(hash(str(folder))) % 10**6)
    program.write_text(text.format(started=started, mark=mark))
    program.chmod(0o755)
    return program, started, mark


def stopped(command: list[str], number: signal.Signals, started: Path, mark: str, **variables: str) -> tuple[int, str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "audit", *command],
        cwd=ROOT, env={**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not (started.exists() and running(mark)):
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    for _ in range(200):
        if not running(mark):
            break
        time.sleep(0.05)
    assert running(mark) == []
    return process.returncode, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("task", ["mc-musiccaps", "aac-audiocaps"])
def test_java_ends_with_the_command(task: str, number: signal.Signals, tmp_path: Path) -> None:
    """mc-musiccaps tokenises in the workers; captions are tokenised, and METEOR runs, in the process itself."""
    program, started, mark = busy(tmp_path)
    reference = "a dog barks" if task == "mc-musiccaps" else ["a dog barks"]
    rows = [{"id": f"{n:04}", "hypothesis": f"a dog {n}", "finished": True, "reference": reference, "prompt": None,
             "extra": {}} for n in range(1200)]  # fmt: skip
    (tmp_path / f"{task}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    meta = {"schema": "repro-audit/predictions/1", "task": task, "model": "m", "variant": "x"}
    (tmp_path / f"{task}.meta.json").write_text(json.dumps(meta))
    command = ["score", task, "--predictions", str(tmp_path), "--workers", "2", "--no-cache", "--convention", "coco"]
    code, said = stopped(command, number, started, mark, REPRO_AUDIT_JAVA=str(program))
    assert code == 128 + number
    assert "repro-audit: stopped" in said


def test_a_script_for_speech_ends_with_what_it_started(tmp_path: Path) -> None:
    from tasks.datasets import spoken

    program, started, mark = busy(tmp_path, BUSY_SCRIPT)
    code = (
        "import signal, sys\nfrom pathlib import Path\nfrom tasks.datasets import spoken\n"
        "signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        f"spoken._run('{program} {{wav}} {{text}}', 'a text', Path('{tmp_path}/a.wav'))\n"
    )
    assert spoken.NOTE
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    while not (started.exists() and running(mark)):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    for _ in range(200):
        if not running(mark):
            break
        time.sleep(0.05)
    assert running(mark) == []
    assert not list(tmp_path.glob(".a.wav"))
