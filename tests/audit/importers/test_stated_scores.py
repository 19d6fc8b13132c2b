"""A score that a file states about itself: a claim, kept and held against what is counted here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.cli import main
from tests.support import import_files as files
from tests.support.import_files import ImportFile, dumped, import_files, inspect_log, lines_of, text

FILES = {file.id: file for file in import_files()}


def imported(
    file: ImportFile, folder: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[str, dict[str, str]]:
    path = file.lay(folder / "in")
    common = ["--task", file.task, "--model", "M", "--variant", "7b", "--out", str(folder / "out")]
    assert main(["import", file.kind, str(path), *common, *file.arguments(folder / "in"), *options]) == 0
    meta = json.loads((folder / "out" / f"{file.task}.meta.json").read_text("utf-8"))
    return capsys.readouterr().out, meta.get("stated", {})


def test_lm_evals_results_beside_the_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, stated = imported(FILES["lm-eval"], tmp_path, capsys)
    assert stated == {"exact_match": "0.5"}
    assert "its 2 rows give it (mean of exact_match)" in out
    assert "stated   exact_match 0.5: " in out


def test_a_total_that_the_rows_do_not_give(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = dumped(inspect_log(*files.INSPECT_SAMPLES, score=0.9))
    out, stated = imported(ImportFile("inspect", "log.json", files.OPEN, raw, ()), tmp_path, capsys)
    assert stated == {"accuracy": "0.9"}
    assert "its 2 rows give 0.5" in out
    assert "the total is not theirs" in out


def test_sacrebleus_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, stated = imported(FILES["parallel"], tmp_path, capsys)
    assert stated == {"BLEU": "12.5"}
    assert "no convention gives it; the nearest is " in out


def test_ultraevals_overall_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = FILES["ultraeval-audio"]
    beside = {"20260102-overall.json": dumped({"acc(%)": 50.0, "fail": 1})}
    _, stated = imported(ImportFile(file.kind, file.name, file.task, file.raw, (), (), beside), tmp_path, capsys)
    assert stated == {"acc": "50.0"}


@pytest.mark.parametrize(
    ("name", "scores", "says"),
    [
        # The total beside the samples; no row has a value of this corpus metric.
        ("lmms-eval", {"wer": "50.0"}, "wer 50.0: counted here by"),
        # The mean of the rows' own values, where no total is beside them.
        ("lmms-eval-mmau", {"accuracy": "1"}, "accuracy 1: counted here by"),
        ("kimi-audio", {"wer": "0.0"}, "wer 0.0: counted here by"),
        ("parquet-lighteval", {"em": "0.5"}, "em 0.5"),
        # The alignments: a substitution, a deletion and an insertion for six words. The last two are one error elsewhere.
        ("sclite", {"wer": "50.0"}, "wer 50.0: no convention gives it; the nearest is hufs with 33.3333"),
        ("inspect-json", {"accuracy": "0.5"}, "accuracy 0.5"),
    ],
)
def test_the_score_of_every_format_that_has_one(
    name: str, scores: dict[str, str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, stated = imported(FILES[name], tmp_path, capsys)
    assert stated == scores
    assert says in out


def test_rows_of_lm_eval_without_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = FILES["lm-eval"]
    out, stated = imported(
        ImportFile(file.kind, "samples.jsonl", file.task, file.raw, (), file.options), tmp_path, capsys
    )
    assert stated == {"exact_match": "0.5"}
    assert "mean of its rows' own exact_match, without a total in the source" in out


def test_a_judges_scores_of_voicebench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"prompt": "p", "reference": "B", "response": "B", "score": score}
        for score in (["4", "5", "3"], ["1", "1", "1"])
    ]
    judged = ImportFile("voicebench", "result-m.jsonl", files.OPEN, lines_of(rows), ())
    assert imported(judged, tmp_path / "a", capsys)[1] == {"score": "2.5"}
    rows[1]["score"] = ["1", "none", "1"]
    unread = ImportFile("voicebench", "result-m.jsonl", files.OPEN, lines_of(rows), ())
    assert imported(unread, tmp_path / "b", capsys)[1] == {}


@pytest.mark.parametrize("performance", [{"a": {"wer": 1.0}, "b": {"wer": 3.0}}, {"a": "?"}, [1], {}])
def test_scores_of_other_rows_are_left_alone(
    performance: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = FILES["kimi-audio"]
    beside = {"m_d_x_performance.json": dumped({"performance": performance})}
    assert imported(ImportFile(file.kind, file.name, file.task, file.raw, (), (), beside), tmp_path, capsys)[1] == {}


def test_audiobenchs_total_is_compared_with_the_conventions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = {"wer": 0.25, "sample_wer": [{"reference": "a b c d", "prediction": "a b c x", "wer": 0.25}]}
    out, stated = imported(ImportFile("audiobench", "a.json", files.ASR, dumped(pairs), ()), tmp_path, capsys)
    assert stated == {"wer": "0.25"}
    assert "stated   wer 0.25: counted here by " in out
    assert "verbatim" in out.rpartition("stated   wer")[2]


def test_facts_of_a_meta_file_may_state_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "meta.json").write_bytes(dumped({"stated": {"wer": "3.5"}}))
    _, stated = imported(FILES["open-asr"], tmp_path, capsys, "--meta", str(tmp_path / "meta.json"))
    assert stated == {"wer": "3.5"}


def test_three_commands_from_installation_to_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `pip install`: an import that starts the study, and the audit."""
    monkeypatch.chdir(tmp_path)
    Path("hyp").write_bytes(
        text("spk1-utt1 the cat sat on the mat", "spk1-utt2 good mourning everyone", "spk2-utt1 yes")
    )
    Path("ref").write_bytes(
        text("spk1-utt1 the cat sat on the mat", "spk1-utt2 good morning everyone", "spk2-utt1 yes")
    )
    command = "import kaldi hyp --references ref --task my-test --family asr --claim wer=10.0% --model My-ASR"
    assert main(command.split()) == 0
    assert "written  study.yaml" in capsys.readouterr().out
    assert main(["run", "--no-package", "--format", "html,tex,csv", "--replicates", "0"]) == 0
    out = capsys.readouterr().out
    assert "my-test.wer" in out
    assert "10.000" in out  # one word of ten
    assert "justified" in out
    assert Path("out/report.html").is_file()


def test_the_scores_of_a_file_become_the_claims_of_a_new_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = FILES["lm-eval"]
    path = file.lay(tmp_path / "in")
    command = [
        "import",
        "lm-eval",
        str(path),
        "--filter",
        "none",
        "--task",
        "demo",
        "--family",
        "open-answers",
        "--model",
        "M",
    ]
    assert main(command) == 0
    study = Path("study.yaml").read_text("utf-8")
    assert "metric: accuracy" in study
    assert 'value: "0.5"' in study
    assert "unit: fraction" in study
    capsys.readouterr()
    assert main(command) == 2
    assert "study.yaml: the file exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--family", "asr"], "no value is claimed"),
        (["--family", "asr", "--claim", "wer"], "not METRIC=VALUE"),
        (["--family", "asr", "--claim", "bleu=3"], "has no metric 'bleu'"),
        (["--family", "asr", "--claim", "wer=low"], "is not a number"),
        (["--family", "nothing"], "there is no family `nothing`"),
        (["--family", "translation"], "target"),
        (["--claim", "wer=3"], "belongs to --family"),
    ],
)
def test_a_study_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
                                     options: list[str], message: str) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    path = FILES["open-asr"].lay(tmp_path / "in")
    assert main(["import", "open-asr", str(path), "--task", "new", "--model", "M", *options]) == 2
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_a_model_that_the_source_names_need_not_be_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = FILES["open-asr"]
    path = file.lay(tmp_path / "in")
    common = ["--task", file.task, "--variant", "tiny", "--out", str(tmp_path / "out")]
    assert main(["import", "open-asr", str(path), *common]) == 0
    meta = json.loads((tmp_path / "out" / f"{file.task}.meta.json").read_text("utf-8"))
    assert meta["model"] == "openai/whisper-tiny"
    (tmp_path / "x.jsonl").write_bytes(lines_of([{"id": "a", "hypothesis": "x", "reference": "y"}]))
    capsys.readouterr()
    assert main(["import", "jsonl", str(tmp_path / "x.jsonl"), *common]) == 2
    assert "--model: is needed" in capsys.readouterr().err
