"""`repro-audit study`: from a paper's table to an audit, without a terminal and without Python."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from audit.cli import main
from audit.literature.studies import load_study
from tests.support.papers import PROSE, pdf, table
from tests.support.paths import ROOT

TABLE = r"""\begin{table}
\caption{Word error rates and accuracies in percent.}
\begin{tabular}{llcc}
\toprule
Data set & Metric & SALMONN & Qwen2-Audio \\
\midrule
LibriSpeech test-clean & WER$\downarrow$ & 2.1 & \textbf{1.6} \\
LibriSpeech test-other & WER$\downarrow$ & 4.9 & \textbf{3.6} \\
CoVoST~2 En$\rightarrow$De & BLEU$\uparrow$ & 18.6 & \textbf{29.9} \\
MMAU, sound & Acc.$\uparrow$ & -- & \textbf{54.95} \\
\bottomrule
\end{tabular}
\end{table}
"""
TASK = "--task 'mmau-sound=multiple-choice,dataset=MMAU test-mini, sound' --answer 'MMAU, sound > Acc.↑=mmau-sound'"
PAPER = f"--table-name 'Table 2' --title 'A report' --author Chu --year 2024 --venue arXiv --model Qwen2-Audio {TASK}"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def study(arguments: str) -> int:
    return main(["study", *shlex.split(arguments)])


def new(arguments: str = PAPER) -> int:
    Path("paper.tex").write_text(TABLE, encoding="utf-8")
    return study(f"new --table paper.tex --no-questions {arguments}")


def test_new_tells_what_became_of_every_cell(capsys: pytest.CaptureFixture[str]) -> None:
    assert new() == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "7 of 8 cells are claims; 1 left out:\n  MMAU, sound, Acc.↑: SALMONN: `–` stands for a missing value\n"
    )
    assert "  salmonn: SALMONN (baseline)\n" in out
    assert "written: study.yaml\n" in out
    assert max(map(len, out.splitlines())) <= 80
    assert len(load_study("study.yaml").claims) == 7


def test_a_study_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("study.yaml").write_text("mine")
    assert new() == 2
    assert (
        "study.yaml: the file exists\n  Choose another with --out, or overwrite it with --force."
        in capsys.readouterr().err
    )
    assert Path("study.yaml").read_text() == "mine"
    assert new(f"{PAPER} --force") == 0


def test_check_names_every_place_to_fill_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert new() == 0
    capsys.readouterr()
    assert study("check study.yaml") == 1
    out = capsys.readouterr().out
    places = [line.partition(": ")[2].partition(":")[0] for line in out.splitlines() if "placeholder" in line]
    assert places == ["variants.released", "margins.accuracy.reason", "margins.bleu.reason", "margins.wer.reason"]
    text = Path("study.yaml").read_text()
    for line in text.splitlines():
        if "FILL IN:" in line:
            text = text.replace(
                line, line.partition("FILL IN:")[0] + 'Known."' if line.endswith('"') else line.partition("FILL IN:")[0]
            )
    Path("study.yaml").write_text(text)
    assert study("check study.yaml") == 0
    assert capsys.readouterr().out == "study.yaml: 7 claims, 4 tasks, 0 problems\n"


@pytest.mark.parametrize(
    ("old", "new_text", "what"),
    [
        ("family: asr\n", "family: asrr\n", "there is no family `asrr`"),
        ("set: librispeech-test-clean\n", "set: librispeech-clean\n", "there is no set card `librispeech-clean`"),
        ("  - id: asr-librispeech-other.wer\n", "  - id: asr-librispeech-clean.wer\n", "differs from task and metric"),
        ('    value: "1.6"\n', "    value: 1.6\n", "1.6 is a float"),
    ],
)
def test_check_names_line_and_remedy(old: str, new_text: str, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert new() == 0
    path = Path("study.yaml")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new_text, 1))
    line = text[: text.index(old)].count("\n") + 1
    capsys.readouterr()
    assert study("check study.yaml") == 1
    out = capsys.readouterr().out
    assert f"study.yaml:{line}: " in out
    assert what in " ".join(out.split())


def test_show_and_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert new() == 0
    capsys.readouterr()
    assert study("show study.yaml") == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "\nSALMONN (baseline)\n" in out
    assert "asr-librispeech-clean.wer " in out
    assert out.endswith("7 claims on 4 tasks; 0 seen in the paper's PDF\n")
    assert study("list") == 0
    assert "salmonn" in capsys.readouterr().out
    assert study("show salmonn") == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.parametrize("name", ["none", "none.yaml", "folder/none.yaml"])
def test_a_study_that_is_not_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert study(f"check {name}") == 2
    assert "there is no" in capsys.readouterr().err


def test_bad_tables_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert study("new --no-questions") == 2
    assert "--table" in capsys.readouterr().err
    Path("open.tex").write_text("text\n\\begin{tabular}{l}\na & 1")
    assert study("new --table open.tex --no-questions") == 2
    assert "open.tex:2: \\begin{tabular} is not closed\n  Add \\end{tabular}" in capsys.readouterr().err
    Path("two.tex").write_text(TABLE + TABLE)
    assert study("new --table two.tex --no-questions") == 2
    assert "the file has 2 tables" in capsys.readouterr().err
    assert study("new --table two.tex --no-questions --number 3") == 2
    assert "there is no table 3" in capsys.readouterr().err
    assert study(f"new --table two.tex --number 2 --no-questions {PAPER}") == 0
    assert not Path("none").exists()


def test_answers_in_a_file_do_what_options_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert new() == 0
    by_options = Path("study.yaml").read_text()
    Path("answers.yaml").write_text(
        "schema: repro-audit/answers/1\nmodel: Qwen2-Audio\ntable: Table 2\n"
        "paper: {title: A report, authors_first: Chu, year: 2024, venue: arXiv}\n"
        "labels: {'MMAU, sound > Acc.↑': mmau-sound}\n"
        "tasks:\n  mmau-sound: {family: multiple-choice, dataset: 'MMAU test-mini, sound'}\n"
    )
    assert new("--answers answers.yaml --force") == 0
    assert Path("study.yaml").read_text() == by_options
    capsys.readouterr()


@pytest.mark.pdf
def test_check_against_the_paper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new() == 0
    rows = [
        ("Data set", "Metric", "SALMONN", "Qwen2-Audio"), ("LibriSpeech test-clean", "WER↓", "2.1", "1.6"),
        ("LibriSpeech test-other", "WER↓", "4.9", "3.7"), ("CoVoST 2 En→De", "BLEU↑", "18.6", "29.9"),
        ("MMAU, sound", "Acc.↑", "–", "54.95"),
    ]  # fmt: skip
    paper = pdf(
        tmp_path / "paper.pdf", f"<p>{PROSE * 3} 3.6</p><p>Table 2: Results.</p>{table(*rows)}<p>{PROSE * 3}</p>"
    )
    before = Path("study.yaml").read_bytes()
    capsys.readouterr()
    assert study(f"check study.yaml --paper {paper} --dry-run") == 1
    out = capsys.readouterr().out
    assert "seen in paper.pdf" in out
    assert ": 6 of 7 claims\n" in out
    assert "asr-librispeech-other.wer             3.6  not found: 3.6 is not in the row" in out
    assert Path("study.yaml").read_bytes() == before
    assert study(f"check study.yaml --paper {paper}") == 1
    assert "written: study.yaml (6 claims marked)" in capsys.readouterr().out
    seen = {claim.id for claim in load_study("study.yaml").claims if claim.seen}
    assert len(seen) == 6
    assert "asr-librispeech-other.wer" not in seen
    assert study("show study.yaml") == 0
    assert "6 seen in the paper's PDF" in capsys.readouterr().out


def test_the_study_is_run_with_made_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert new() == 0
    folder = Path("predictions")
    folder.mkdir()
    rows = {
        "id": "1",
        "hypothesis": "(A) dog",
        "finished": True,
        "reference": "dog",
        "extra": {"choices": ["dog", "cat"]},
    }
    meta = {"schema": "repro-audit/predictions/1", "task": "mmau-sound", "model": "Qwen2-Audio", "variant": "released"}
    (folder / "mmau-sound.jsonl").write_text(json.dumps(rows) + "\n")
    (folder / "mmau-sound.meta.json").write_text(json.dumps(meta))
    assert (
        main(["run", "--study", "study.yaml", "--predictions", "predictions", "--out", "out", "--format", "csv"]) == 0
    )
    audit = json.loads(Path("out/audit.json").read_text())
    assert {c["id"] for c in audit["claims"]} >= {"mmau-sound.accuracy", "st-en-de.bleu"}
    capsys.readouterr()


def test_the_literature_s_own_studies_pass(capsys: pytest.CaptureFixture[str]) -> None:
    for path in sorted((ROOT / "literature" / "studies").glob("*.yaml")):
        assert study(f"check {path}") == 0, capsys.readouterr().out
