from __future__ import annotations

import os
from pathlib import Path

import pytest

from audit.cli import main
from audit.errors import InputError
from audit.inference.layouts import BESIDES, FOLDERS, find
from tasks.datasets.registry import READERS

QUICK = ["--format", "csv", "--replicates", "10"]


@pytest.fixture(autouse=True)
def _scratch_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", os.environ.get("TMPDIR", "/tmp"))


def test_without_weights_and_data_it_is_the_default_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert main(["all", "--out", str(tmp_path / "all"), *QUICK]) == 0
    assert main(["run", "--out", str(tmp_path / "run"), "--no-cache", *QUICK]) == 0
    assert (tmp_path / "all/audit.json").read_bytes() == (tmp_path / "run/audit.json").read_bytes()
    # It writes nowhere else: neither a cache at home nor scratch files that stay.
    assert not (tmp_path / "home").exists()
    assert not (tmp_path / "all/.scratch").exists()


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".scratch").mkdir()
    (tmp_path / ".scratch/large").write_text("x")
    assert main(["all", "--out", str(tmp_path), *QUICK]) == 0
    assert not (tmp_path / ".scratch").exists()


def test_weights_without_a_model_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/salmonn_v1.pth").write_text("")
    assert main(["all", "--weights", str(tmp_path / "weights"), "--out", str(tmp_path / "out"), *QUICK]) == 2
    assert "there is no model.yaml" in capsys.readouterr().err
    assert not (tmp_path / "out/audit.json").exists()


def test_weights_without_data_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/model.yaml").write_text("variant: 13b\n")
    call = ["all", "--weights", str(tmp_path / "weights"), "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main([*call, *QUICK]) == 2
    assert "weights are given, but no data set" in capsys.readouterr().err


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.chmod(0o500)
    assert main(["all", "--out", str(tmp_path / "out"), *QUICK]) == 2
    assert "must be able to write there" in capsys.readouterr().err


def test_a_file_where_the_folder_should_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("")
    assert main(["all", "--out", str(tmp_path / "out"), *QUICK]) == 2
    assert "cannot be written to" in capsys.readouterr().err


def test_predictions_that_are_none_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = tmp_path / "given"
    given.mkdir()
    call = ["all", "--predictions", str(given), "--out", str(tmp_path / "out"), *QUICK]
    assert main(call) == 0  # the image names a folder, which is empty if nothing is mounted there
    (given / "scores.txt").touch()
    assert main(call) == 2
    assert "there are no TASK.jsonl files" in capsys.readouterr().err


def test_every_reader_has_a_folder() -> None:
    assert set(FOLDERS) == set(READERS.values())


def test_sets_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "LibriSpeech").mkdir()
    found, absent = find(tmp_path, ["asr-librispeech-clean", "st-en-zh", "sac-inhouse"])
    assert [(item.task, item.data) for item in found] == [("asr-librispeech-clean", tmp_path / "LibriSpeech")]
    assert absent == {"st-en-zh": "no folder CommonVoice", "sac-inhouse": "the set was never published"}
    assert find(tmp_path / "missing", ["st-en-zh"]) == ([], {"st-en-zh": "no folder CommonVoice"})


def test_what_a_set_needs_besides_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "LibriSpeech").mkdir()
    reason = {"pr-librispeech": "LibriSpeech exists, but its labels (LS_testclean_pr.json) are missing"}
    assert find(tmp_path, ["pr-librispeech"]) == ([], reason)
    (tmp_path / "LS_testclean_pr.json").touch()
    [found], absent = find(tmp_path, ["pr-librispeech"])
    assert (found.labels, absent) == (tmp_path / "LS_testclean_pr.json", {})
    assert {task: READERS[task] for task in BESIDES}
    assert {option for option, _ in BESIDES.values()} == {"labels", "speech"}


def test_data_yaml_says_the_rest(tmp_path: Path) -> None:
    (tmp_path / "cv4").mkdir()
    (tmp_path / "covost").mkdir()
    (tmp_path / "data.yaml").write_text("st-en-zh: {data: cv4, labels: covost, resampler: soxr-hq}\n")
    [found], _ = find(tmp_path, ["st-en-zh"])
    assert (found.data, found.labels, found.speech) == (tmp_path / "cv4", tmp_path / "covost", None)
    assert found.resampler == "soxr-hq"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n", "must map tasks to the locations"),
        ("st-en-xx: {data: a}\n", "unknown task 'st-en-xx'"),
        ("st-en-zh: a\n", "not a mapping of strings"),
        ("st-en-zh: {datum: a}\n", "not a mapping of strings"),
        ("st-en-zh: {data: 3}\n", "not a mapping of strings"),
        ("st-en-zh: {resampler: sox}\n", "unknown resampler"),
        ("st-en-zh: {data: gone}\n", "data 'gone' not found"),
        ("st-en-zh: {data: a\n", "data.yaml"),
    ],
)
def test_a_wrong_data_yaml_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(InputError) as error:
        find(tmp_path, ["st-en-zh"])
    assert said in str(error.value)
