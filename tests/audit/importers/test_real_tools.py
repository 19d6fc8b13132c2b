"""Files that the programs themselves write in the test, imported and counted: lm-eval, inspect_ai, sacreBLEU, sclite."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from audit import api
from audit.cli import main
from audit.scoring.predictions import PredictionSet
from tests.support.ecosystem import HERE, python_of, run, sclite
from tests.support.import_files import ASR, MCQ, OPEN, ST, text

Import = Callable[..., PredictionSet]


@pytest.fixture(scope="module")
def lm_eval(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lm-eval")
    done = run(python_of("lm-eval"), HERE / "run_lm_eval.py", folder, where=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "out"


def test_lm_eval(lm_eval: Path, run_import: Import, capsys: pytest.CaptureFixture[str]) -> None:
    (samples,) = lm_eval.glob("*/samples_demo_gen_*.jsonl")
    rows = run_import("lm-eval", samples, OPEN, "--filter", "lower").rows
    assert [(row.id, row.hypothesis, row.reference, row.prompt) for row in rows] == [
        ("000000", "hello", "hello", "Say hello"),
        ("000001", "bye", "Bye", "Say bye"),
    ]
    # 0.5: lm-eval's exact match minds case.
    assert "own total: exact_match 0.5; its 2 rows give it" in capsys.readouterr().out
    (samples,) = lm_eval.glob("*/samples_demo_mc_*.jsonl")
    rows = run_import("lm-eval", samples, MCQ).rows
    assert [(row.hypothesis, row.reference) for row in rows] == [("dog", "dog"), ("dog", "cat"), ("bird", "bird")]
    out = capsys.readouterr().out
    assert "own total: acc 0.6666666666666666; its 3 rows give it" in out
    assert "stated   acc 0.6666666666666666: counted here by" in out
    assert main(["import", "auto", str(samples)]) == 0
    assert ": lm-eval\n" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["eval", "json"])
def test_inspect(kind: str, tmp_path: Path, run_import: Import, capsys: pytest.CaptureFixture[str]) -> None:
    done = run(python_of("inspect"), HERE / "run_inspect.py", tmp_path / "logs", kind, where=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    (log,) = (tmp_path / "logs").glob(f"*_demo_*.{kind}")
    rows = run_import("inspect", log, ASR).rows
    assert [(row.id, row.hypothesis, row.reference) for row in rows] == [
        ("2", "nothing", "bye"),
        ("u1", "hello there", "hello"),
    ]
    assert "own total: accuracy 0.5; its 2 rows give it" in capsys.readouterr().out
    (log,) = (tmp_path / "logs").glob(f"*_demo-mc_*.{kind}")
    rows = run_import("inspect", log, MCQ).rows
    assert [(row.id, row.hypothesis, row.reference, row.extra["choices"]) for row in rows] == [
        ("1@epoch-1", "ANSWER: A", "dog", ["dog", "cat"]),
        ("1@epoch-2", "ANSWER: B", "dog", ["dog", "cat"]),
        ("2@epoch-1", "ANSWER: A", "cat", ["dog", "cat"]),
        ("2@epoch-2", "ANSWER: A", "cat", ["dog", "cat"]),
    ]
    assert "own total: accuracy 0.25; its 4 rows give it" in capsys.readouterr().out
    assert main(["import", "auto", str(log)]) == 0
    assert ": inspect\n" in capsys.readouterr().out


def test_datasets(tmp_path: Path, run_import: Import, capsys: pytest.CaptureFixture[str]) -> None:
    """A data set in two files, one with splits, and Parquet, all with a column of sounds."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    done = run(python_of("hub"), HERE / "run_datasets.py", tmp_path, where=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    fields = ["--field", "id=utt", "--field", "hypothesis=pred", "--field", "reference=text"]
    found = [
        run_import("hf-dataset", tmp_path / "saved", ASR, *fields, out=tmp_path / "one"),
        run_import("hf-dataset", tmp_path / "splits", ASR, "--split", "test", *fields, out=tmp_path / "two"),
        run_import("parquet", tmp_path / "rows.parquet", ASR, *fields, out=tmp_path / "three"),
    ]
    assert len(list((tmp_path / "saved").glob("*.arrow"))) == 2
    for one in found:
        assert [(row.id, row.hypothesis, row.reference, row.extra["scores"]) for row in one.rows] == [
            ("u0", "hello there", "hello", [0.5, 0.0]),
            ("u1", "", "bye", [0.5, 1.0]),
            ("u2", "42 frösche", "42 frösche", [0.5, 2.0]),
        ]
        assert b"RIFF" not in one.path.read_bytes()
    capsys.readouterr()
    for name, kind in (("saved", "hf-dataset"), ("splits", "hf-dataset"), ("rows.parquet", "parquet")):
        assert main(["import", "auto", str(tmp_path / name)]) == 0
        assert f": {kind}\n" in capsys.readouterr().out


def test_sacrebleu(tmp_path: Path, run_import: Import, capsys: pytest.CaptureFixture[str]) -> None:
    hypotheses, references = tmp_path / "hyp.de", tmp_path / "ref.de"
    hypotheses.write_bytes(text("Die Katze sitzt auf der Matte .", "Er hat das Buch heute gelesen .", "Ja ."))
    references.write_bytes(text("Die Katze saß auf der Matte .", "Er hat heute das Buch gelesen .", "Ja ."))
    # As written in a shell: `sacrebleu REF -i HYP > score.json`.
    printed = subprocess.run(
        [sys.executable, "-m", "sacrebleu", str(references), "-i", str(hypotheses), "-m", "bleu", "chrf", "-w", "4"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    (tmp_path / "score.json").write_text(printed, "utf-8")
    bleu = next(item["score"] for item in json.loads(printed) if item["name"] == "BLEU")
    run_import("parallel", hypotheses, ST, "--references", str(references), "--score", str(tmp_path / "score.json"))
    out = capsys.readouterr().out
    (line,) = (line for line in out.splitlines() if line.startswith("stated   BLEU"))
    assert line.startswith(f"stated   BLEU {bleu}: counted here by ")


REFERENCES = text(
    "the cat sat on the mat (a_1)", "good { bye / by } now (a_2)", "(b_1)", "it rains { very / @ } much (b_2)"
)
OUTPUTS = text("the cat sat in mat (a_1)", "good by now then (a_2)", "uh (b_1)", "it rains much (b_2)")
SEGMENTS = text("q 1 s3 0.00 2.00 <o,f,00> yes", "r A s1 0.00 1.20 <o,f,00> the cat sat",
                "r A s2 1.20 2.00 <o,f,00> IGNORE_TIME_SEGMENT_IN_SCORING",
                "r A s1 2.50 4.00 <o,f,00> on the mat")  # fmt: skip
WORDS = text("q 1 0.2 0.5 yes 0.9", "r A 0.1 0.2 the", "r A 0.4 0.2 cat", "r A 1.15 0.2 sat", "r A 1.5 0.2 noise",
             "r A 2.1 0.1 on", "r A 2.6 0.1 a", "r A 3.0 0.3 mat", "r A 4.5 0.2 then")  # fmt: skip


def counted(folder: Path, name: str, *command: str) -> dict[str, tuple[int, int, int, int]]:
    """sclite's counts for each utterance: correct, substituted, deleted, inserted."""
    done = run(*sclite(), *command, "-o", "pra", "sgml", "-O", folder, "-n", name, where=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.findall(
        r"id: \((.+?)\)\n(?:.*\n)*?Scores: \(#C #S #D #I\) (\d+) (\d+) (\d+) (\d+)",
        (folder / f"{name}.pra").read_text(),
    )
    return {key: (int(c), int(s), int(d), int(i)) for key, c, s, d, i in found}


def errors(found: dict[str, tuple[int, int, int, int]]) -> tuple[int, int]:
    """Errors and reference words."""
    sums = [sum(column) for column in zip(*found.values(), strict=True)]
    return sum(sums[1:]), sums[0] + sums[1] + sums[2]


def wer(predictions: PredictionSet) -> float:
    table = api.score(ASR, predictions.path, metrics=["wer"], conventions=["verbatim"], replicates=0)
    (score,) = table
    assert score.exact is not None
    return float(score.exact)


def test_sclites_trn(tmp_path: Path, run_import: Import) -> None:
    """The same errors as sclite's, with its choice among alternatives."""
    (tmp_path / "ref.trn").write_bytes(REFERENCES)
    (tmp_path / "hyp.trn").write_bytes(OUTPUTS)
    wrong, words = errors(counted(tmp_path, "trn", "-r", "ref.trn", "trn", "-h", "hyp.trn", "trn", "-i", "spu_id"))
    found = run_import("trn", tmp_path / "hyp.trn", ASR, "--references", str(tmp_path / "ref.trn"))
    assert {row.id: row.reference for row in found.rows} == {
        "a_1": "the cat sat on the mat", "a_2": "good by now", "b_1": "", "b_2": "it rains much",
    }  # fmt: skip
    assert wer(found) == pytest.approx(100 * wrong / words)


def test_sclites_alignments(tmp_path: Path, run_import: Import, capsys: pytest.CaptureFixture[str]) -> None:
    """The file that sclite writes has the same rows as the files that it read."""
    (tmp_path / "ref.trn").write_bytes(REFERENCES)
    (tmp_path / "hyp.trn").write_bytes(OUTPUTS)
    counted(tmp_path, "ali", "-r", "ref.trn", "trn", "-h", "hyp.trn", "trn", "-i", "spu_id")
    assert main(["import", "auto", str(tmp_path / "ali.sgml")]) == 0
    assert ": sclite\n" in capsys.readouterr().out
    written = run_import("sclite", tmp_path / "ali.sgml", ASR, out=tmp_path / "one")
    # Its own rate, as its summary prints it, and the same from the imported rows.
    wrong, words = errors(counted(tmp_path, "again", "-r", "ref.trn", "trn", "-h", "hyp.trn", "trn", "-i", "spu_id"))
    assert (written.meta.stated or {}) == {"wer": f"{100 * wrong / words:.1f}"}
    assert re.search(
        rf"^stated   wer {100 * wrong / words:.1f}: counted here by .*verbatim", capsys.readouterr().out, re.MULTILINE
    )
    read = run_import("trn", tmp_path / "hyp.trn", ASR, "--references", str(tmp_path / "ref.trn"), out=tmp_path / "two")
    assert [(r.id, r.hypothesis, r.reference) for r in written.rows] == [
        (r.id, r.hypothesis, r.reference) for r in read.rows
    ]


def test_sclites_stm_and_ctm(tmp_path: Path, run_import: Import) -> None:
    """Words belong to the segments to which sclite gives them."""
    (tmp_path / "ref.stm").write_bytes(SEGMENTS)
    # sclite wants both files sorted.
    (tmp_path / "hyp.ctm").write_bytes(WORDS)
    wrong, words = errors(counted(tmp_path, "ctm", "-r", "ref.stm", "stm", "-h", "hyp.ctm", "ctm"))
    found = run_import("ctm", tmp_path / "hyp.ctm", ASR, "--references", str(tmp_path / "ref.stm"))
    assert wer(found) == pytest.approx(100 * wrong / words)
    written = run_import("sclite", tmp_path / "ctm.sgml", ASR, out=tmp_path / "one")
    assert sorted(str(row.hypothesis) for row in written.rows) == sorted(str(row.hypothesis) for row in found.rows)
