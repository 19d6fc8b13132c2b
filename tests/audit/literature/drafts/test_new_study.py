from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit._util.strict_yaml import parse
from audit.errors import InputError
from audit.facts import Locator
from audit.literature.drafts.answers import Answers, OtherModel, from_options, load_answers
from audit.literature.drafts.new import NewStudy, write_study
from audit.literature.drafts.yaml_text import entry, inline, scalar
from audit.literature.studies import Study, load_study
from tests.support.table_studies import LIBRI, study_of


def loaded(path: Path, made: NewStudy) -> Study:
    write_study(made.draft.text, path / "study.yaml", force=True)
    return load_study(path / "study.yaml")


def test_claims_models_and_what_is_left_out(tmp_path: Path) -> None:
    made = study_of(tmp_path, LIBRI, labels={"IEMOCAP Acc.": "er-iemocap"})
    study = loaded(tmp_path, made)
    assert {(c.id, c.value, c.unit, c.direction, c.model) for c in study.claims} == {
        ("asr-librispeech-clean.wer", "2.1", "percent", "lower", None),
        ("asr-librispeech-other.wer", "4.9", "percent", "lower", None),
        ("er-iemocap.accuracy", "0.69", "fraction", "higher", None),
        ("asr-librispeech-clean.wer@whisper", "2.7", "percent", "lower", "whisper"),
        ("asr-librispeech-other.wer@whisper", "5.2", "percent", "lower", "whisper"),
        ("asr-librispeech-clean.wer@salmonn-w-o-lora", "2.5", "percent", "lower", "salmonn-w-o-lora"),
        ("asr-librispeech-other.wer@salmonn-w-o-lora", "5.5", "percent", "lower", "salmonn-w-o-lora"),
        ("er-iemocap.accuracy@salmonn-w-o-lora", "0.61", "fraction", "higher", "salmonn-w-o-lora"),
    }
    assert {m: facts.role for m, facts in study.facts.models.items()} == {
        "whisper": "baseline",
        "salmonn-w-o-lora": "ablation",
    }
    assert study.claim("er-iemocap", "accuracy").locator == Locator("Table 2", "SALMONN", "IEMOCAP Acc.")  # type: ignore[union-attr]
    assert study.tasks["er-iemocap"].parameters["labels"]["Sad"] == ["sadness"]
    assert [item.why for item in made.match.left] == ["`-` stands for a missing value"]
    assert made.match.total == 9


def test_what_no_name_matches_stays_open(tmp_path: Path) -> None:
    made = study_of(tmp_path, LIBRI)
    assert len(made.match.claims) == 6
    assert {item.option for item in made.match.unclear} == {"--answer 'IEMOCAP Acc.=TASK'  (near: er-iemocap)"}
    assert {item.cell.value for item in made.match.unclear} == {"0.69", "0.61"}


def test_nothing_is_taken_from_a_likeness(tmp_path: Path) -> None:
    text = LIBRI.replace("LibriSpeech clean WER", "LibreSpeech clean WER").replace(
        "LibriSpeech other WER", "LibriSpeech other WERR"
    )
    made = study_of(tmp_path, text, labels={"IEMOCAP Acc.": "er-iemocap"})
    assert {c.task.id for c in made.match.claims} == {"er-iemocap"}


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("Test utterances", None),
        ("Utterances", "`Utterances` describes data or models"),
        ("Relative WER", "is a difference"),
        ("LibriSpeech clean EER", "no task at hand is counted by eer"),
        ("LibriSpeech clean WER ↑", "the arrow contradicts wer"),
    ],
)  # fmt: skip
def test_numbers_that_are_no_results(tmp_path: Path, column: str, why: str | None) -> None:
    made = study_of(tmp_path, f"Model | LibriSpeech other WER | {column}\n--- | --- | ---\nSALMONN | 4.9 | 2.1\n")
    assert [c.cell.value for c in made.match.claims] == ["4.9"]
    if why is None:
        assert [item.missing for item in made.match.unclear] == ["task and metric"]
    else:
        assert why in made.match.left[0].why


def test_a_change_by_its_sign(tmp_path: Path) -> None:
    made = study_of(tmp_path, LIBRI.replace("2.5", "+0.4").replace("5.5", "−0.6"))
    assert {item.why for item in made.match.left} == {
        "its sign makes it a difference", "it is negative", "`-` stands for a missing value",
    }  # fmt: skip


def test_several_values_of_one_task_are_runs(tmp_path: Path) -> None:
    text = """Model | Prompt | LibriSpeech clean WER
--- | --- | ---
SALMONN | short | 2.1
SALMONN | long | 2.4
Whisper | short | 2.7
"""
    study = loaded(tmp_path, study_of(tmp_path, text))
    assert [(c.id, c.run, c.model) for c in study.claims] == [
        ("asr-librispeech-clean.wer@short", "short", None), ("asr-librispeech-clean.wer@long", "long", None),
        ("asr-librispeech-clean.wer@whisper", "whisper", "whisper"),
    ]  # fmt: skip


MMAU = "Model | MMAU v05.15.25 test-mini Sound | MMAU v05.15.25 test-mini\n--- | --- | ---\nSALMONN | 41.14 | 36.4\n"


def test_a_part_of_a_set(tmp_path: Path) -> None:
    column, task = "MMAU v05.15.25 test-mini Sound", "mmau-v05-15-25-test-mini"
    with pytest.raises(InputError, match="no cell") as raised:
        study_of(tmp_path, MMAU)
    assert f"--answer '{column}=.METRIC'  (near: accuracy)" in (raised.value.fix or "")
    text = MMAU.replace("mini", "mini Acc.")
    made = study_of(tmp_path, text)
    # Sound may be a part of the set or a name for all of it: that has to be said.
    assert [item.near for item in made.match.unclear] == [(f"{task}/sound",)]
    assert [claim.subset for claim in made.match.claims] == [None]
    study = loaded(tmp_path, study_of(tmp_path, text, labels={"MMAU v05.15.25 test-mini Acc. Sound": f"{task}/sound"}))
    assert [(c.id, c.subset, c.run) for c in study.claims] == [
        (f"{task}.accuracy@sound", "sound", None), (f"{task}.accuracy", None, None),
    ]  # fmt: skip
    assert study.subsets[task]["sound"].values == {"sound"}
    with pytest.raises(InputError, match="no subset `noise`"):
        study_of(tmp_path, text, labels={"MMAU v05.15.25 test-mini Acc.": f"{task}/noise"})


DEVIATION = "Table 3: Means over {} runs.\n\nModel | LibriSpeech clean WER\n--- | ---\nSALMONN | 2.1 ± 0.3\n"


@pytest.mark.parametrize(
    ("caption", "facts", "runs"),
    [
        ("five", {}, 5),
        ("12 random", {}, 12),
        ("several", {}, None),
        ("several", {"runs": 3}, 3),
        ("five", {"runs": 3}, 3),
    ],
)
def test_a_deviation_needs_its_runs(tmp_path: Path, caption: str, facts: dict[str, Any], runs: int | None) -> None:
    made = study_of(tmp_path, DEVIATION.format(caption), facts=facts)
    claim = loaded(tmp_path, made).claims[0]
    assert (claim.deviation, claim.runs) == ("0.3" if runs else None, runs)
    assert ('# deviation: "0.3" and runs: N. FILL IN' in made.draft.text) == (runs is None)


def test_a_model_axis_of_columns_and_panels(tmp_path: Path) -> None:
    text = "Set | Metric | Whisper | SALMONN\n--- | --- | --- | ---\nLibriSpeech test-clean | WER | 2.7 | 2.1\n"
    study = loaded(tmp_path, study_of(tmp_path, text))
    assert [(c.value, c.model) for c in study.claims] == [("2.7", "whisper"), ("2.1", None)]


def test_a_table_of_the_audited_model_alone(tmp_path: Path) -> None:
    text = "Set | WER\n--- | ---\nLibriSpeech test-clean | 2.1\nLibriSpeech test-other | 4.9\n"
    study = loaded(tmp_path, study_of(tmp_path, text, model="none", facts={"model_name": "SALMONN-13B"}))
    assert [(c.task, c.value, c.model) for c in study.claims] == [
        ("asr-librispeech-clean", "2.1", None), ("asr-librispeech-other", "4.9", None),
    ]  # fmt: skip
    assert (study.facts.model, study.facts.names) == ("SALMONN-13B", ("SALMONN-13B",))


@pytest.mark.parametrize(
    ("answers", "what", "fix"),
    [
        ({"model": None}, "the audited model is not known", "Labels: Whisper"),
        ({"model": "Qwen"}, "no label reads `Qwen`", "Labels: Whisper"),
        ({"labels": {"IEMOCAP Acc.": "er-none"}}, "the task `er-none`", "--task 'er-none=FAMILY"),
        ({"tasks": {"x": {"family": "asrr"}}}, "there is no family `asrr`", "Families: asr"),
        ({"tasks": {"x": {"family": "translation"}}}, "needs the parameter `target`", "ISO 639-1"),
        ({"facts": {"paper": {"title": "T"}}}, "the paper's year is not known", "--year"),
        ({"facts": {"id": "Not An Id"}}, '"Not An Id" is not well-formed', "Lower-case words"),
    ],
)
def test_answers_that_do_not_fit(tmp_path: Path, answers: dict[str, Any], what: str, fix: str) -> None:
    with pytest.raises(InputError) as raised:
        study_of(tmp_path, LIBRI, **answers)
    assert what in raised.value.what
    assert fix in (raised.value.fix or "")


def test_a_table_without_claims(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no cell of the table is a claim") as raised:
        study_of(tmp_path, "Model | A\n--- | ---\nSALMONN | 1.5\n")
    assert "--answer 'A=TASK.METRIC'" in (raised.value.fix or "")


def test_answers_from_a_file_and_from_options(tmp_path: Path) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(
        "schema: repro-audit/answers/1\nmodel: SALMONN\ntable: Table 2\npaper: {title: T, year: 2024}\n"
        "labels: {IEMOCAP Acc.: skip, 'A > B': asr-x.wer}\nmodels: {Whisper: {id: w, role: reference}, Other: skip}\n"
        "tasks: {asr-x: {family: asr, set: null}}\n"
    )
    answers = load_answers(file)
    assert (answers.model, answers.facts) == ("SALMONN", {"table": "Table 2", "paper": {"title": "T", "year": 2024}})
    assert answers.models == {"Whisper": OtherModel("w", None, "reference"), "Other": OtherModel(skip=True)}
    both = from_options(
        answers, ["IEMOCAP Acc.=er-iemocap", "a=b=.wer"], ["m=translation,dataset=X, y,target=de"], ["Whisper=baseline"]
    )
    assert both.labels == {"IEMOCAP Acc.": "er-iemocap", "A > B": "asr-x.wer", "a=b": ".wer"}
    assert both.tasks["m"] == {"family": "translation", "dataset": "X, y", "parameters": {"target": "de"}}
    assert both.models["Whisper"] == OtherModel("w", None, "baseline")
    for options in (["no sign"], [], []), ([], ["asr"], []), ([], [], ["Whisper=best"]):
        with pytest.raises(InputError):
            from_options(Answers(), *options)
    file.write_text("schema: repro-audit/answers/1\nlabel: {}\n")
    with pytest.raises(InputError, match="unknown key `label`") as raised:
        load_answers(file)
    assert raised.value.where == f"{file}:2: label"


def test_an_existing_study_stays(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("mine")
    with pytest.raises(InputError, match="the file exists"):
        write_study("new", path, force=False)
    assert path.read_text() == "mine"
    write_study("new", path, force=True)
    assert path.read_text() == "new"


@given(st.text(min_size=1))
def test_any_text_is_read_back(text: str) -> None:
    if any(char in text for char in map(chr, (*range(0xD800, 0xE000),))):
        return
    for lines in (entry("key", text), [f"key: {scalar(text)}"], [f"key: {inline([text])}"]):
        value = parse("\n".join(lines).encode(), "x").data["key"]
        assert value in (text, [text])
