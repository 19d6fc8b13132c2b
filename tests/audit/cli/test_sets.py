from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from audit.importers.writer import write
from audit.literature.known_tasks import known_tasks as tasks
from audit.literature.sets import load_set
from audit.scoring.prediction_meta import PredictionMeta
from tasks.row import Row
from tests.support.sets import TASK

META: dict[str, Any] = {"model": "SALMONN-13B", "variant": "13b"}


def sets(*arguments: object) -> int:
    return main(["sets", *map(str, arguments)])


def written(folder: Path, texts: list[str], task: str = TASK, **meta: object) -> Path:
    rows = [Row(f"1-2-{n:04d}", "x", text) for n, text in enumerate(texts)]
    return write(folder, tasks()[task], rows, PredictionMeta(task, **{**META, **meta}))


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert sets("list") == 0
    out = capsys.readouterr().out
    assert "librispeech-test-clean  " in out
    assert "19,930" in out


def test_show_a_card_by_its_id_or_its_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert sets("show", "gigaspeech-test") == 0
    by_id = capsys.readouterr().out
    assert sets("show", "asr-gigaspeech") == 0
    assert capsys.readouterr().out == by_id
    for text in ("25,619 rows", "390,744 words", "[issue-87]", "https://github.com/SpeechColab/GigaSpeech/issues/87"):
        assert text in by_id
    assert sets("show", "sac-inhouse") == 0
    assert "public: no." in capsys.readouterr().out


def test_show_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert sets("show", "none") == 2
    assert "there is no card `none`" in capsys.readouterr().err


def test_check_ends_with_one_where_rows_contradict_the_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, ["some lyrics", "more lyrics"])
    assert sets("check", path) == 1
    out = capsys.readouterr().out
    assert out.startswith("contradicted: 2 rows of 2,620, card librispeech-test-clean, layout utterances")
    assert "against  texts-outside      2 of 2 reference texts are not among the 2620 on the card." in out


def test_check_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, ["some lyrics"], dataset={"name": "TED-LIUM"})
    assert sets("check", path, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["state"], found["rows"], found["expected"]) == ("contradicted", 1, 2620)
    assert found["reasons"][0] == {
        "code": "other-dataset",
        "text": "The meta file names the data set TED-LIUM; the task's is LibriSpeech, test-clean.",
        "found": "TED-LIUM",
        "expected": "LibriSpeech, test-clean",
        "against": True,
    }


def test_check_of_a_set_of_which_nothing_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [Row("a", "x", {"question": "q", "answers": []})]
    path = write(tmp_path, tasks()["sac-inhouse"], rows, PredictionMeta("sac-inhouse", **META))
    assert sets("check", path) == 0
    assert capsys.readouterr().out.startswith("unknown: 1 rows of unknown, card sac-inhouse, layout none")


def test_check_of_a_file_of_no_task(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sets("check", tmp_path / "none.jsonl") == 2
    assert "there is no task 'none'" in capsys.readouterr().err


def test_make_from_predictions_and_check_against_the_draft(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "predictions", [f"SECRET {n}" for n in range(20)])
    assert sets("make", path) == 0
    shown = capsys.readouterr().out
    assert "SECRET" not in shown
    assert "words: 40" in shown
    folder = tmp_path / "sets"
    assert sets("make", path, "--id", "mine", "--out", folder) == 0
    assert "written:" in capsys.readouterr().out
    assert load_set(folder / "mine.yaml").id == "mine"
    assert sets("make", path, "--id", "mine", "--out", folder) == 2
    assert "already exists" in capsys.readouterr().err
    assert sets("--sets", folder, "check", path, "--card", "mine") == 0
    assert capsys.readouterr().out.startswith("consistent: 20 rows of 20, card mine")


def test_make_from_a_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chapter = tmp_path / "LibriSpeech/test-clean/1/2"
    chapter.mkdir(parents=True)
    (chapter / "1-2.trans.txt").write_text("1-2-0000 A CAT\n1-2-0001 TWO DOGS RAN\n", encoding="utf-8")
    assert sets("make", "--data", tmp_path / "LibriSpeech", "--task", TASK) == 0
    out = capsys.readouterr().out
    assert "units: 2" in out
    assert "words: 5" in out
    assert "name: LibriSpeech" in out
    assert "DOGS" not in out


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((), "give either a predictions file or a data set with --data"),
        (("x.jsonl", "--data", "."), "give either a predictions file or a data set with --data"),
        (("--data", "."), "--task: required with --data"),
        (("--data", ".", "--task", "none"), "there is no task 'none'"),
        (("--data", "/none", "--task", TASK), "no such folder"),
    ],
)
def test_make_says_what_it_needs(arguments: tuple[str, ...], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert sets("make", *arguments) == 2
    assert what in capsys.readouterr().err


def test_a_run_of_a_task_is_checked_as_the_task(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, ["some lyrics"])
    other = path.with_name(f"{TASK}@two.jsonl")
    path.rename(other)
    path.with_suffix(".meta.json").rename(other.with_suffix(".meta.json"))
    assert sets("check", other) == 1
    assert "contradicted" in capsys.readouterr().out
