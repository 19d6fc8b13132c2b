"""A real model on real sound: espeak-ng speaks, Whisper base hears, every convention counts, the report is written.

These are the commands of the second part of the tutorial `Audit a real model in five minutes`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("faster_whisper")
pytest.importorskip("soundfile")
pytest.importorskip("soxr")

from audit.inference.merge import work_folder
from tasks.backends.asset_files import found_in
from tasks.backends.assets import ASSETS, place
from tests.docs.test_real_model import FILES, PAGE, WITH_MODEL
from tests.support.console import shown
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow
TASK = "harbour-asr"
COMMANDS = [block.command for block in shown(PAGE[PAGE.index(WITH_MODEL) :])]
SPEAK, INFER, SCORE = COMMANDS


def call(command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the page, with this checkout for `repro-audit`."""
    environment = {
        **os.environ,
        "PATH": f"{folder.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "SOURCE_DATE_EPOCH": "1700000000",
        "COLUMNS": "80",
        **variables,
    }
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tutorial's folder with the model, after `speak`; without the outputs that come with it."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("needs espeak-ng: apt-get install espeak-ng")
    asset = ASSETS["whisper-base"]
    model = place(asset)
    if found_in(asset, model) is None:
        pytest.skip(f"needs Whisper base: {asset.fetch}")
    root = tmp_path_factory.mktemp("whisper")
    program = root / "bin" / "repro-audit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m audit "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    paper = root / "paper"
    shutil.copytree(FILES, paper, ignore=shutil.ignore_patterns("predictions"))
    (paper / "whisper-base").symlink_to(model.resolve())
    done = call(SPEAK, paper)
    assert done.returncode == 0, done.stderr
    assert len(list((paper / "clips").glob("*.wav"))) == 16
    return paper


@pytest.fixture(scope="module")
def heard(folder: Path) -> Path:
    """The predictions of a run that was killed and resumed."""
    journal = work_folder(folder / "mine", TASK) / "shard-1-of-1.journal"
    command = INFER.replace("repro-audit", f'exec "{sys.executable}" -m audit', 1)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SOURCE_DATE_EPOCH": "1700000000"}
    with subprocess.Popen(["sh", "-c", command], cwd=folder, env=environment, stderr=subprocess.PIPE) as process:
        while process.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < 5):
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    before = journal.read_bytes()
    assert 5 <= before.count(b"\n") <= 16
    assert not (folder / "mine" / f"{TASK}.jsonl").exists()
    done = call(INFER, folder)
    assert done.returncode == 0, done.stderr
    assert f"{TASK}: 16 rows, 0 of them errors: mine/{TASK}.jsonl" in done.stdout
    # What was finished is kept, byte for byte.
    assert journal.read_bytes().startswith(before[: before.rindex(b"\n") + 1])
    return folder / "mine" / f"{TASK}.jsonl"


def test_the_model_writes_digits_money_and_american_spelling(heard: Path) -> None:
    texts = {row["reference"]: row["hypothesis"] for row in rows(heard)}
    assert len(texts) == 16
    whole = " ".join(texts.values())
    for written in ("42", "$3", "$250", "65%", "color"):
        assert written in whole, whole
    assert "forty two" not in whole
    assert "colour" not in whole
    assert any(text.endswith(".") for text in texts.values())


def test_shards_give_the_same_bytes(folder: Path, heard: Path) -> None:
    for k in (1, 2):
        done = call(f"{INFER.replace('mine', f'part{k}')} --shard {k}/2", folder)
        assert done.returncode == 0, done.stderr
    merged = call(f"repro-audit merge part1 part2 --task {TASK} --out merged", folder)
    assert merged.returncode == 0, merged.stderr
    for name in (f"{TASK}.jsonl", f"{TASK}.meta.json"):
        assert (folder / "merged" / name).read_bytes() == heard.with_name(name).read_bytes()


def test_the_meta_file_states_model_engine_and_decoding(heard: Path) -> None:
    import ctranslate2
    import faster_whisper

    meta = json.loads(heard.with_name(f"{TASK}.meta.json").read_text("utf-8"))
    known = {file.name: file.sha256 for file in ASSETS["whisper-base"].files}
    assert meta["weights"] == known
    assert meta["weights"]["model.bin"] == "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
    decoding = meta["decoding"]
    assert (decoding["engine"], decoding["beam_size"], decoding["language"]) == ("faster-whisper", 5, "en")
    assert decoding["libraries"]["faster-whisper"] == faster_whisper.__version__
    assert decoding["libraries"]["ctranslate2"] == ctranslate2.__version__
    assert decoding["resampler"] == "soxr-hq"


def test_a_run_with_another_model_or_parameter_does_not_go_on(folder: Path, heard: Path) -> None:
    text = (folder / "model.yaml").read_text("utf-8")
    (folder / "other.yaml").write_text(f"{text}beam_size: 1\n", "utf-8")
    done = call(INFER.replace("model.yaml", "other.yaml"), folder)
    assert done.returncode == 2
    assert "the journal is of a run with a different decoding" in done.stderr
    (folder / "other.yaml").write_text(text.replace("d01c", "d01d"), "utf-8")
    done = call(INFER.replace("model.yaml", "other.yaml"), folder)
    assert done.returncode == 1
    assert "model.bin: a different file: its SHA-256 is d01c" in done.stderr


def test_every_convention_counts_and_the_report_is_written(folder: Path, heard: Path) -> None:
    done = call(SCORE, folder)
    assert done.returncode == 0, done.stderr
    done = call(f"repro-audit score {TASK} --predictions mine --json", folder)
    assert done.returncode == 0, done.stderr
    found = {one["convention"]: one for one in json.loads(done.stdout)}
    values = {name: float(one["value"]) for name, one in found.items() if one["value"] is not None}
    assert len(values) > 15
    assert all(one["rows"]["scored"] == 16 for name, one in found.items() if name in values)
    # Digits, money and American spelling cost what no normaliser takes away.
    assert values["open-asr-leaderboard"] < values["cmi-bench"] < values["verbatim"]
    assert values["verbatim"] - values["open-asr-leaderboard"] > 20
    done = call("repro-audit run --predictions mine --format html,answers", folder)
    assert done.returncode == 0, done.stderr
    assert f"{TASK}.wer" in done.stdout
    report = (folder / "out" / "report.html").read_text("utf-8")
    assert "open-asr-leaderboard" in report
    assert "Whisper base" in report


def test_torch_is_not_loaded(folder: Path) -> None:
    code = (
        "import sys; from audit.inference.model_file import open_model_file;"
        "from audit.inference.model_engines.document import read_engine_model;"
        "import numpy; from audit.inference.model_engines.interface import Heard;"
        "engine, model = read_engine_model(open_model_file('model.yaml')); loaded = engine.load(model);"
        "loaded.answer([Heard(numpy.zeros(16000, 'float32'))]); assert 'torch' not in sys.modules"
    )
    command, environment = [sys.executable, "-c", code], {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_folder_that_is_no_model_and_a_wrong_language(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (broken / name).write_bytes(b"{}")
    (folder / "bad.yaml").write_text(f"engine: faster-whisper\nname: x\nmodel: {broken}\n", "utf-8")
    done = call(INFER.replace("model.yaml", "bad.yaml").replace("mine", "bad"), folder)
    assert done.returncode == 2
    assert f"{broken}: cannot be loaded" in done.stderr
    (folder / "bad.yaml").write_text("engine: faster-whisper\nname: x\nmodel: whisper-base\nlanguage: xx\n", "utf-8")
    done = call(INFER.replace("model.yaml", "bad.yaml").replace("mine", "bad"), folder)
    assert done.returncode == 2
    assert "the model does not know the language 'xx'" in done.stderr
    (folder / "bad.yaml").write_text(
        "engine: faster-whisper\nname: x\nmodel: whisper-base\ncompute_type: float16\n", "utf-8"
    )
    done = call(INFER.replace("model.yaml", "bad.yaml").replace("mine", "bad"), folder)
    assert done.returncode in {0, 2}  # which number formats a processor has is its own matter
    assert "Traceback" not in done.stderr
