"""A paper that the project knows nothing about: from its table to a verified package, in a folder of its own."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from audit.literature.studies import load_study
from tests.support import any_paper


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    any_paper.write(tmp_path)
    assert main(list(any_paper.NEW)) == 0
    return tmp_path


def audited(*options: str) -> dict[str, Any]:
    assert main(["run", "--format", "csv", "--no-cache", *options]) == 0
    found: dict[str, Any] = json.loads(Path("out/audit.json").read_bytes())
    return found


def test_every_cell_is_a_claim_and_every_file_is_held_against_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*any_paper.NEW, "--force"]) == 0
    assert "4 of 4 cells are claims" in capsys.readouterr().out
    study = load_study("study.yaml")
    assert {c.id: c.value for c in study.claims} == {
        "asr-librispeech-clean.wer": "1.6",
        "asr-librispeech-other.wer": "3.6",
        "st-en-zh.bleu": "45.2",
        "mmau-test-mini.accuracy": "75.0",
    }
    # The tasks with cards are those of the project's studies.
    assert study.tasks["st-en-zh"].parameters["target"] == "zh"
    assert study.tasks["asr-librispeech-clean"].card == "librispeech-test-clean"
    found = audited()
    verdicts = {v["claim"]: v["verdict"] for v in found["verdicts"]}
    assert verdicts["asr-librispeech-other.wer"] == "not-run"
    # 15 of 20 under every rule that reads words; without a card nobody knows whether 20 questions are the set.
    assert verdicts["mmau-test-mini.accuracy"] in {"justified", "undocumented"}
    identities = {i["task"]: i["state"] for i in found["identities"]}
    assert identities["mmau-test-mini"] == "unknown"
    assert found["literature"]["works"] == []


def test_two_rows_of_test_clean_are_not_test_clean(folder: Path) -> None:
    found = audited()
    (clean,) = [i for i in found["identities"] if i["task"] == "asr-librispeech-clean"]
    assert clean["expected"] == 2620
    assert {v["claim"]: v["verdict"] for v in found["verdicts"]}["asr-librispeech-clean.wer"] not in {
        "reproduced",
        "justified",
        "exceeds",
    }


def test_outputs_of_salmonn_are_refused(folder: Path) -> None:
    any_paper.write(folder, "SALMONN-13B")
    found = audited()
    recomputed = [m for m in found["measurements"] if m["origin"] == "recomputed" and m["claim"] and m["value"]]
    assert recomputed
    for item in recomputed:
        assert "other-model" in {reason["code"] for reason in item["invalid"]}
    assert {v["verdict"] for v in found["verdicts"]} == {"not-run", "not-comparable"}


def test_real_outputs_of_salmonn_are_refused(folder: Path, shared_real: Path) -> None:
    source = next(path for path in sorted((shared_real / "audiobench").rglob("*.json")) if "librispeech" in path.name)
    imported = ["import", "audiobench", str(source), "--task", "asr-librispeech-clean", "--model", "SALMONN-7B"]
    assert main([*imported, "--variant", "released", "--out", "predictions", "--replace"]) == 0
    found = audited()
    verdicts = {v["claim"]: v["verdict"] for v in found["verdicts"]}
    assert verdicts["asr-librispeech-clean.wer"] == "not-comparable"


def test_an_empty_literature_is_enough_for_tasks_without_cards(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "none").mkdir()
    assert main(["run", "--format", "csv", "--no-cache", "--literature", "none"]) == 2
    error = capsys.readouterr().err
    assert "names the set card `librispeech-test-clean`" in error
    assert "sets make" in error
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    lines = ["    set: null" if line.startswith("    set: ") else line for line in text.splitlines()]
    (folder / "study.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = audited("--literature", "none")
    assert [entry["path"] for entry in found["inputs"] if entry["path"].startswith("literature/")] == [
        "literature/studies/qwen2-audio-report.yaml"
    ]
    # No record: nobody is known to count in any way.
    assert {c["grade"] for c in found["conventions"]} == {"E"}


def test_the_study_says_how_the_fields_of_its_files_are_called(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    fields = "    family: multiple-choice\n    fields: {id: utt, hypothesis: said, reference: gold, choices: options}\n"
    (folder / "study.yaml").write_text(text.replace("    family: multiple-choice\n", fields), encoding="utf-8")
    (folder / "out.csv").write_text('utt,said,gold,options,hypothesis\nq1,a cat,a cat,"[""a cat"", ""a dog""]",x\n')
    imported = [
        "import",
        "csv",
        "out.csv",
        "--task",
        "mmau-test-mini",
        "--model",
        "Qwen2-Audio",
        "--variant",
        "released",
    ]
    assert main([*imported, "--replace"]) == 0
    (row,) = map(json.loads, (folder / "predictions/mmau-test-mini.jsonl").read_text(encoding="utf-8").splitlines())
    assert (row["id"], row["hypothesis"], row["reference"]) == ("q1", "a cat", "a cat")
    assert row["extra"]["choices"] == ["a cat", "a dog"]
    # What the command line says counts more.
    assert main([*imported, "--replace", "--field", "hypothesis=hypothesis"]) == 0
    (row,) = map(json.loads, (folder / "predictions/mmau-test-mini.jsonl").read_text(encoding="utf-8").splitlines())
    assert row["hypothesis"] == "x"


def test_a_literature_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--literature", "nowhere"]) == 2
    assert "there is no such folder" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["study.yaml", "./study.yaml", "PATH", "."])
def test_a_study_is_found_by_its_path(folder: Path, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = str(folder / "study.yaml") if named == "PATH" else named
    assert audited("--study", place)["study"]["id"] == "qwen2-audio-report"
    assert audited("--study", "sakura")["study"]["id"] == "sakura"


@pytest.mark.parametrize("named", ["nobody", "own/none.yaml", "/none/at/all.yaml"])
def test_a_study_that_is_not_there(folder: Path, named: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--study", named]) == 2
    error = capsys.readouterr().err
    assert "no such study" in error or "no study nobody" in error
    assert "Traceback" not in error


def test_the_package_carries_what_it_was_made_from(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--no-cache"]) == 0
    names = zipfile.ZipFile("out/package.zip").namelist()
    assert {"literature/studies/qwen2-audio-report.yaml", "literature/sets/librispeech-test-clean.yaml"} <= {
        name.partition("/")[2] if name.startswith("package/") else name for name in names
    }
    # The study in the folder is gone: the package's is read.
    (folder / "study.yaml").rename(folder / "gone.yaml")
    assert main(["verify", "out/package.zip", "--predictions", "predictions", "--rescore"]) == 0
    assert "literature: " in capsys.readouterr().out


@pytest.mark.parametrize("change", ["edit", "remove", "add"])
def test_a_changed_study_in_a_package_is_rejected(
    folder: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--no-cache"]) == 0
    place = folder / "out" / "package" / "literature" / "studies" / "qwen2-audio-report.yaml"
    if change == "edit":
        place.write_text(place.read_text(encoding="utf-8").replace('"1.6"', '"9.9"'), encoding="utf-8")
    elif change == "remove":
        place.unlink()
    else:
        place.with_name("second.yaml").write_text("a: b\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["verify", "out/package"]) == 1
    assert "literature/studies/" in capsys.readouterr().out
