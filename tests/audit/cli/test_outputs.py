"""`outputs` and `survey` from the command line, on real files where they are at hand and on made ones."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from tests.support import https_server as answers
from tests.support.https_server import Server, https_server
from tests.support.output_records import body, fields, written

DATA = body()


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REPRO_AUDIT_OUTPUTS", str(tmp_path / "store"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "store"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    folder = tmp_path / "certificate"
    folder.mkdir()
    with https_server(folder) as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.trusted))
        yield running


def outputs(*arguments: object) -> int:
    return main(["outputs", *map(str, arguments)])


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert outputs("list") == 0
    out = capsys.readouterr().out
    assert "0 of 144 files are in" in out
    assert "cmi-bench: 24 files" in out
    assert "  -     2,617 rows  audiobench-2025  audiobench-2025-librispeech-clean-pairs" in out
    assert outputs("list", "--work", "cmi-bench", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 24
    assert {"id", "address", "sha256", "here"} <= set(found[0])


def test_fetch_goes_on_after_a_file_that_fails(
    server: Server, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = fields(DATA, server.on("/good", answers.whole(DATA)), id="good")
    lost = fields(body(3), server.on("/lost", answers.status(404)), id="lost")
    other = fields(body(4), server.on("/other", answers.without_ranges(body(5)[: len(body(4))])), id="other")
    literature = written(tmp_path / "literature", fields(None, id="nameless"), good, lost, other)
    assert outputs("fetch", "--literature", literature) == 1
    out, err = capsys.readouterr()
    assert "good: fetched" in out
    assert "lost: the server answers with status 404" in err
    assert "other: the server sent other bytes" in err
    assert "1 of 4 files are in" in out
    assert "1 records state no size and hash" in out
    assert [path.read_bytes() for path in store.iterdir()] == [DATA]
    server.on("/lost", answers.whole(body(3)))
    assert outputs("fetch", "lost", "good", "--literature", literature) == 0
    assert outputs("check", "--literature", literature) == 0
    assert "2 present, 0 damaged, 1 missing, 1 without a recorded hash" in capsys.readouterr().out
    next(path for path in store.iterdir() if path.read_bytes() == DATA).write_bytes(DATA[:-1] + b"!")
    assert outputs("check", "--literature", literature) == 1
    assert outputs("fetch", "good", "--literature", literature) == 0  # a damaged file is fetched again
    assert outputs("check", "good", "--literature", literature) == 0


def test_offline_it_says_what_is_missing_and_goes_on(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "x").write_bytes(DATA)
    nowhere = "https://localhost:9/made.json"
    records = [fields(body(n + 2), nowhere, id=f"far-{n}") for n in range(9)]
    literature = written(tmp_path / "literature", fields(DATA, nowhere, id="near"), *records)
    assert outputs("fetch", "--literature", literature, "--from", here) == 3
    out, _ = capsys.readouterr()
    assert f"near: taken from {here / 'x'}" in out
    assert "1 of 10 files are in" in out
    assert outputs("fetch", "--literature", literature) == 3
    out, err = capsys.readouterr()
    assert err.count("cannot be reached") == 2  # then the host is given up
    assert "the remaining files were not asked for" in out
    assert "missing: far-0: https://localhost:9/made.json" in out
    assert len(list(store.iterdir())) == 1


def test_ids_that_are_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert outputs("fetch", "nothing") == 2
    assert "there is no record `nothing`" in capsys.readouterr().err
    assert outputs("fetch", "clotho-salmonn-13b-captions") == 2
    assert "size and hash are unknown" in capsys.readouterr().err


REAL = {
    "audiobench-2024-07-librispeech-clean-raw", "audiobench-2024-07-librispeech-clean-pairs",
    "audiobench-2025-librispeech-clean-pairs", "audiobench-2024-07-audiocaps-raw",
    "audiobench-2024-07-iemocap-emotion-judge", "audiobench-2024-08-covost2-en-zh-50-raw", "cmi-bench-musiccaps",
    "cmi-bench-dsing",
}  # fmt: skip


def test_check_finds_the_real_files_by_their_hash(
    shared_real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mixed = tmp_path / "mixed"
    for number, path in enumerate(sorted(shared_real.rglob("*.json*"))):
        mixed.mkdir(exist_ok=True)
        shutil.copy(path, mixed / f"{number}.download")
    assert outputs("check", "--from", mixed, "--json") == 0
    found = {one["id"]: one for one in json.loads(capsys.readouterr().out)}
    assert {name for name, one in found.items() if one["state"] == "present"} == REAL


@pytest.mark.java
def test_the_survey_counts_what_the_works_print(
    shared_real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "survey.csv"
    assert main(["survey", "--from", str(shared_real), "--csv", str(table)]) == 0
    rows = {(row["record"], row["metric"]): row for row in csv.DictReader(table.read_text("utf-8").splitlines())}
    for record, metric, value, convention in (
        ("audiobench-2024-07-librispeech-clean-raw", "wer", 0.5558343, "audiobench"),
        ("audiobench-2024-07-librispeech-clean-pairs", "wer", 0.5558343, "audiobench-stored"),
        ("audiobench-2025-librispeech-clean-pairs", "wer", 0.1027087, "audiobench-stored"),
        ("audiobench-2024-07-audiocaps-raw", "meteor", 0.20848, "audiobench"),
        ("audiobench-2024-07-iemocap-emotion-judge", "accuracy", 2.17066, "audiobench-judge"),
        ("audiobench-2024-08-covost2-en-zh-50-raw", "bleu", 30.853159, "audiobench-2024"),
        ("cmi-bench-dsing", "wer", 816.057149, "cmi-bench"),
        ("cmi-bench-musiccaps", "bleu", 1.2352, "cmi-bench"),
    ):
        row = rows[record, metric]
        assert float(row["own"]) == pytest.approx(value, rel=1e-4), record
        assert row["convention"] == convention
        assert float(row["low"]) <= value * 1.0001
        assert row["verdict"] in {"reproduced", "justified"}, (record, row["verdict"])
    out = capsys.readouterr().out
    assert "2024-07-iemocap-emotion-judge accuracy          43.413    43.413" in out
    assert max(map(len, out.splitlines())) <= 100


def test_run_takes_the_public_outputs_of_a_study(
    shared_real: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run = ["run", "--study", "audiobench-2025", "--out", str(tmp_path / "out"), "--format", "csv", "--no-package"]
    assert main([*run, "--replicates", "0"]) == 0
    assert "public files of outputs belong to this study, and none is here" in capsys.readouterr().out
    assert outputs("fetch", "audiobench-2025-librispeech-clean-pairs", "--from", shared_real) == 0
    assert main([*run, "--replicates", "0"]) == 0
    out = capsys.readouterr().out
    assert "predictions: 1 of 38 public files of outputs" in out
    document: dict[str, Any] = json.loads((tmp_path / "out/audit.json").read_bytes())
    values = {m["convention"]: m for m in document["measurements"] if m["claim"] == "audiobench-librispeech-clean.wer"}
    assert values["audiobench-stored"]["agreement"]["kind"] == "exact"
    assert {reason["code"] for reason in values["audiobench"]["invalid"]} == {"normalised-twice"}
    verdict = next(v for v in document["verdicts"] if v["claim"] == "audiobench-librispeech-clean.wer")
    assert (verdict["verdict"], verdict["grade"]) == ("reproduced", "A")
    # The same folder serves the verification, and `--no-outputs` reads none of it.
    assert (store / "predictions/audiobench-2025/audiobench-librispeech-clean.jsonl").is_file()
    assert main([*run, "--replicates", "0", "--no-outputs"]) == 0
    assert "public files" not in capsys.readouterr().out


@pytest.mark.pdf
def test_outputs_of_others_beside_the_claims(
    shared_real: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["audiobench-2025-librispeech-clean-pairs", "audiobench-2024-08-covost2-en-zh-50-raw"]
    assert outputs("fetch", *names, "--from", shared_real) == 0
    run = ["run", "--out", str(tmp_path / "out"), "--format", "html", "--no-package", "--replicates", "0"]
    assert main(run) == 0
    document: dict[str, Any] = json.loads((tmp_path / "out/audit.json").read_bytes())
    found = {one["record"]: one for one in document["public_outputs"]}
    assert set(found) == set(names)
    values = {v["convention"]: v for v in found[names[1]]["values"]}
    assert float(values["audiobench-2024"]["value"]) == pytest.approx(30.853, abs=5e-4)
    assert values["audiobench-2024"]["total"] == 50
    # The team has no outputs of this task: its gaps are attributed on these, exactly.
    gaps = found[names[1]]["gaps"]
    assert {gap["claim"] for gap in gaps} == {"st-en-zh.bleu"}
    for gap in gaps:
        assert sum(Fraction(step["part"]) for step in gap["steps"]) == Fraction(gap["end"]) - Fraction(gap["start"])
        assert gap["printed"] is None
    # A rule whose normaliser has changed the texts before has no value here.
    assert "audiobench" not in {v["convention"] for v in found[names[0]]["values"]}
    page = (tmp_path / "out/report.html").read_text("utf-8")
    assert "What others’ outputs give" in page
    assert "variant 7b" in page
    # A package carries the records that were read, and says that the files themselves are not in it.
    assert main(["run", "--out", str(tmp_path / "whole"), "--replicates", "0"]) == 0
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "whole/package.zip")]) == 0
    told = capsys.readouterr().out
    assert "public outputs: 2 files of others were scored beside the claims" in told
    assert (tmp_path / f"whole/package/literature/outputs/{names[0]}.yaml").is_file()
    # They justify nothing: measurements and verdicts are those of an audit without them.
    assert main([*run, "--no-outputs"]) == 0
    alone: dict[str, Any] = json.loads((tmp_path / "out/audit.json").read_bytes())
    assert alone["public_outputs"] == []
    assert (alone["verdicts"], alone["measurements"]) == (document["verdicts"], document["measurements"])
    assert "What others’ outputs give" not in (tmp_path / "out/report.html").read_text("utf-8")
    assert {i["path"] for i in document["inputs"]} - {i["path"] for i in alone["inputs"]} == {
        f"literature/outputs/{name}.yaml" for name in names
    } | {path for path in (i["path"] for i in document["inputs"]) if path.startswith("outputs/")}


def test_steps_are_attributed_on_public_outputs_where_there_are_no_others(
    shared_real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    attribute = ["attribute", "st-en-zh", "--from", "sacrebleu-13a", "--to", "audiobench-2024", "--replicates", "0"]
    assert main(attribute) == 2
    capsys.readouterr()
    assert outputs("fetch", "audiobench-2024-08-covost2-en-zh-50-raw", "--from", shared_real) == 0
    capsys.readouterr()
    assert main(attribute) == 0
    out, err = capsys.readouterr()
    assert "these are public outputs of SALMONN-7B, variant 7b" in err
    assert "tokenizer: 13a > zh" in out
    assert main([*attribute, "--predictions", str(tmp_path)]) == 2  # whoever names a folder means it
