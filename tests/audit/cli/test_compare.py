"""`repro-audit compare`: what it prints, the files it writes, and the margin that a study can take."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit._util.paths import LITERATURE
from audit.cli import main
from audit.literature.studies import load_study
from tests.support.run_files import KNOWN, changed, speech, write

TASK, EMOTION = "asr-librispeech-clean", "er-iemocap"


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    rows = speech(60)
    rows[3]["hypothesis"] = '=HYPERLINK("http://x")'
    other = {**KNOWN, "decoding": {**KNOWN["decoding"], "batch_size": 2}}
    second = changed([{**row} for row in rows], 5)
    second[3]["hypothesis"] = "-1"
    return [str(write(tmp_path, f"{TASK}@a", rows, **KNOWN)), str(write(tmp_path, f"{TASK}@b", second, **other))]


def compare(*arguments: str) -> int:
    return main(["compare", TASK, *arguments, "--replicates", "50"])


def test_what_is_printed(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(*runs, "--rows", "2") == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "asr-librispeech-clean: 55 of 60 outputs are identical (91.67 %)\nFirst difference of each row:\n"
    )
    assert "  and 3 more (--csv FILE writes all)\n" in out
    assert "95 % interval (of the difference)" in out
    assert "measured margin of wer: " in out
    assert "\x1b" not in out


def test_json_sums_exactly(runs: list[str], tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    assert compare(*runs, "--json-out", str(path)) == 0
    found = json.loads(path.read_text())
    split = found["breakdown"]
    assert sum(Fraction(part["share"]) for part in split["kinds"]) == Fraction(split["gap"])
    assert (found["rows"], found["identical"], len(found["differences"])) == (60, 55, 5)

    def floats(value: Any) -> bool:
        if isinstance(value, dict | list):
            return any(map(floats, value.values() if isinstance(value, dict) else value))
        return isinstance(value, float)

    assert not floats(found)


def test_csv_is_safe_in_spreadsheets(runs: list[str], tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    assert compare(*runs, "--csv", str(path)) == 0
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 5
    one = next(row for row in rows if row["id"] == "000003")
    assert one["first run"].startswith("'=HYPERLINK")
    assert one["second run"] == "'-1"


def test_the_margin_fits_into_a_study(runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "margin.yaml"
    assert compare(*runs, "--margin", str(path)) == 0
    margin = yaml.safe_load(path.read_text(encoding="utf-8"))["margins"]["wer"]
    assert margin["kind"] == "measured"
    assert f"measured margin of wer: {margin['value']} " in capsys.readouterr().out
    assert "55 of 60 outputs are identical" in margin["reason"]
    assert "batch_size (1 and 2)" in margin["reason"]


def test_a_study_takes_the_margin(runs: list[str], tmp_path: Path) -> None:
    path = tmp_path / "margin.yaml"
    assert compare(*runs, "--margin", str(path)) == 0
    study = yaml.safe_load((LITERATURE / "studies" / "salmonn.yaml").read_text(encoding="utf-8"))
    study["margins"] |= yaml.safe_load(path.read_text(encoding="utf-8"))["margins"]
    copy = tmp_path / "salmonn.yaml"
    copy.write_text(yaml.safe_dump(study, allow_unicode=True), encoding="utf-8")
    margin = load_study(copy).facts.margins["wer"]
    assert margin.kind == "measured"
    assert Decimal(margin.value) > 0


def test_margins_of_shares_are_in_the_unit_of_the_claims(tmp_path: Path) -> None:
    """SALMONN's accuracy is claimed as a fraction, CMI-Bench's in percent; both are counted as a fraction."""
    rows = [{"id": f"{n:02}", "hypothesis": "Happy", "reference": "Happy"} for n in range(20)]
    other = [{**row, "hypothesis": "Sad"} if n == 0 else row for n, row in enumerate(rows)]
    a, b = write(tmp_path, f"{EMOTION}@a", rows, **KNOWN), write(tmp_path, f"{EMOTION}@b", other, **KNOWN)
    path = tmp_path / "margin.yaml"
    assert main(["compare", EMOTION, str(a), str(b), "--metric", "accuracy", "--convention", "iemocap-4way",
                 "--margin", str(path)]) == 0  # fmt: skip
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["margins"]["accuracy"]["value"] == "0.05"


def test_no_margin_file_of_two_prompts(runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = write(tmp_path, f"{TASK}@c", changed(speech(60), 5), **{**KNOWN, "prompt": "Transcribe."})
    path = tmp_path / "margin.yaml"
    assert compare(runs[0], str(other), "--only", "batch", "--margin", str(path)) == 2
    assert "no margin: the runs differ in prompt" in capsys.readouterr().err
    assert not path.exists()


def test_other_ids_are_an_error(runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = write(tmp_path, f"{TASK}@c", speech(59), **KNOWN)
    assert compare(runs[0], str(short)) == 2
    assert (
        "the runs do not have the same rows: 59 ids in both, 1 only in the first ('000059')" in capsys.readouterr().err
    )
    assert compare(*runs, "--rows", "0") == 2
