from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

pytest.importorskip("torch")

from audit.cli import main
from tests.support.inference import librispeech

pytestmark = pytest.mark.torch
TASK = "asr-librispeech-clean"


@pytest.fixture(autouse=True)
def _scratch_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", os.environ.get("TMPDIR", "/tmp"))  # `all` sets it; this puts it back


def words(model: Path, data: Path, out: Path, *more: str) -> list[str]:
    return ["all", "--weights", str(model.parent), "--data", str(data), "--out", str(out), "--format", "html",
            "--replicates", "20", "--limit", "2", *more]  # fmt: skip


def test_every_set_that_is_there_is_run_and_audited(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = librispeech.write(tmp_path / "data", 3)
    librispeech.write(data, 2, part="test-other")
    out = tmp_path / "out"
    assert main(words(tiny_model, data, out)) == 0
    captured = capsys.readouterr()
    assert f"== {TASK}" in captured.out
    assert "== asr-librispeech-other" in captured.out
    assert f"{TASK}: 0 of 2\n" in captured.err
    audit = json.loads((out / "audit.json").read_text("utf-8"))
    computed = {m["task"] for m in audit["measurements"] if m["origin"] == "recomputed"}
    assert computed == {TASK, "asr-librispeech-other"}
    # Two rows of a set of 2,620 decide nothing: the verdict rests on the recorded value, as without them.
    verdict = next(v for v in audit["verdicts"] if v["claim"] == f"{TASK}.wer")
    assert verdict["measurement"].split("/")[1] == "recorded"
    assert not (out / ".scratch").exists()
    # The second time no row is run again.
    before = (out / "predictions" / f"{TASK}.jsonl").read_bytes()
    assert main(words(tiny_model, data, out)) == 0
    assert (out / "predictions" / f"{TASK}.jsonl").read_bytes() == before
    assert f"{TASK}: 0 of 2\n" not in capsys.readouterr().err


def test_one_set_that_cannot_be_read_keeps_no_other_from_running(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = librispeech.write(tmp_path / "data", 2)
    (data / "Libri2Mix").mkdir()
    (data / "LibriSpeech/test-other").mkdir()
    assert main(words(tiny_model, data, tmp_path / "out")) == 1
    captured = capsys.readouterr()
    assert "repro-audit: osr-librimix: " in captured.err
    assert "inference had errors: asr-librispeech-other, osr-librimix" in captured.err
    assert "pr-librispeech: left out: LibriSpeech exists, but its labels" in captured.err
    assert (tmp_path / "out" / "predictions" / f"{TASK}.jsonl").is_file()
    assert (tmp_path / "out" / "report.html").is_file()


def test_predictions_and_weights_together_are_refused(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = librispeech.write(tmp_path / "data", 2)
    given = tmp_path / "given"
    given.mkdir()
    (given / f"{TASK}.jsonl").write_text("", encoding="utf-8")
    assert main(words(tiny_model, data, tmp_path / "out", "--predictions", str(given))) == 2
    assert "Give one or the other" in capsys.readouterr().err
    assert not (tmp_path / "out" / "audit.json").exists()
