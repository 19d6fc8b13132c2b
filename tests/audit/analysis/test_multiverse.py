"""The multiverse, explain and feasible commands, from files to files."""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from audit._util import canonical_json
from audit.analysis import multiverse as exploration
from audit.analysis.findings import Seen, findings, gathered
from audit.cli.commands import detect, explain, feasible, multiverse, prompts
from audit.document.write import plain
from audit.errors import InputError, MissingError
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.predictions import load
from audit.scoring.score import score

TASK = "er-iemocap"
ANSWERS = ["Happy", "happy.", "Sad", "I think happy", "Angry", "Neutral"]


def command(module: ModuleType, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    code: int = module.run(parser.parse_args(arguments))
    return code


def write(folder: Path, task: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / f"{task}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    meta = {"schema": "repro-audit/predictions/1", "task": task, "model": "made up", "variant": "13b"}
    path.with_suffix(".meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return path


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    rows = [
        {
            "id": f"{n:03}",
            "hypothesis": ANSWERS[n % len(ANSWERS)] + ("</s>" if n % 5 else ""),
            "reference": "Happy",
            "prompt": "one" if n % 2 else "two",
        }
        for n in range(60)
    ]
    return write(tmp_path, TASK, rows)


def test_multiverse_writes_curve_json_and_csv(
    predictions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / name for name in ("curve.svg", "all.json", "all.csv")]
    arguments = [TASK, "--predictions", str(predictions), "--value", "0.69", "--replicates", "20"]
    for option, path in zip(("--svg", "--json-out", "--csv"), files, strict=True):
        arguments += [option, str(path)]
    assert command(multiverse, *arguments) == 0
    printed = capsys.readouterr().out
    assert "60 rows of made up" in printed
    assert "contained" in printed
    data = json.loads(files[1].read_bytes())
    assert files[1].read_bytes() == canonical_json.dumps(data)
    assert data["schema"] == "repro-audit/multiverse/1"
    lines = list(csv.DictReader(io.StringIO(files[2].read_text())))
    assert len(lines) == len(data["outcomes"]) > 150
    assert {line["signature"] for line in lines} == {o["signature"] for o in data["outcomes"]}
    plain = next(line for line in lines if line["known_as"] == "iemocap-4way")
    assert (plain["value"], plain["scored"], plain["selection"]) == ("0.166667", "60", "all")
    assert float(plain["interval_low"]) <= 1 / 6 <= float(plain["interval_high"])
    root = ET.parse(files[0]).getroot()
    texts = {element.text for element in root.iter() if element.text}
    assert "reported 0.69" in texts
    assert {"selection", "answer", "similar"} <= texts
    assert not [e for e in root.iter() if e.tag.endswith("script")]


def test_the_same_inputs_give_the_same_bytes(predictions: Path) -> None:
    task, metric = exploration.chosen(TASK, None)
    one, two = (exploration.explore(task, metric, load(predictions, task), 10) for _ in range(2))
    assert canonical_json.dumps(exploration.document(one)) == canonical_json.dumps(exploration.document(two))
    assert one.curve("0.5") == two.curve("0.5")


def test_how_many_pipelines_have_a_value_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Outputs of which none says whether it is finished: what keeps finished ones alone has no value."""
    rows = [
        {"id": f"{n}", "hypothesis": "Happy", "finished": None, "reference": ref}
        for n, ref in enumerate(["Sad", "Happy"])
    ]
    path = write(tmp_path, TASK, rows)
    task, metric = exploration.chosen(TASK, None)
    found = exploration.explore(task, metric, load(path, task))
    everything, known = len(found.outcomes), len(found.known)
    assert 0 < known < everything
    expected = (
        f"{TASK}, accuracy: {everything} pipelines computed, {known} with a value: "
        f"the other {everything - known} count none of these rows"
    )
    assert command(explain, TASK, "--value", "0.50", "--predictions", str(path)) == 0
    first, second = capsys.readouterr().out.splitlines()[:2]
    assert first == expected
    assert re.fullmatch(rf"\d+ of the {known} print 0\.50", second)
    assert command(multiverse, TASK, "--predictions", str(path)) == 0
    assert capsys.readouterr().out.startswith(f"{expected}; 2 rows of made up\n")


def test_explain_names_the_convention(predictions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = tmp_path / "answer.json"
    assert command(explain, TASK, "--value", "0.17", "--predictions", str(predictions), "--json-out", str(answer)) == 0
    printed = capsys.readouterr().out
    assert "iemocap-4way" in printed
    assert "Nearest misses:" in printed
    assert "Chance that some pipeline" in printed
    data = json.loads(answer.read_bytes())
    assert any("iemocap-4way" in m["known_as"] for m in data["matches"])
    assert all(abs(float(m["value"]) - 0.17) <= 0.005001 for m in data["matches"])
    assert command(explain, TASK, "--value", "0.99", "--predictions", str(predictions)) == 0
    assert "0 of " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([TASK, "--value", "a lot"], "not a plain decimal number"),
        (["no-task", "--value", "1"], "unknown task or family"),
        (["mc-musiccaps", "--value", "1"], "several metrics"),
        (["mc-musiccaps", "--value", "1", "--metric", "wer"], "no metric"),
        ([TASK, "--value", "1", "--predictions", "/no/such/file.jsonl"], "cannot be read"),
    ],
)
def test_explain_refuses(arguments: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        command(explain, *arguments)


def test_multiverse_refuses(predictions: Path) -> None:
    for option in (["--value", "x"], ["--replicates", "-1"]):
        with pytest.raises(InputError):
            command(multiverse, TASK, "--predictions", str(predictions), *option)


def test_no_value_at_all_is_an_error(tmp_path: Path) -> None:
    path = write(
        tmp_path, "asr-librispeech-clean", [{"id": "1", "hypothesis": None, "reference": "a", "extra": {"error": "x"}}]
    )
    with pytest.raises(InputError, match="no pipeline has a value"):
        command(explain, "asr-librispeech-clean", "--value", "1.0", "--predictions", str(path))


def test_feasible_proves_and_re_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proof = tmp_path / "proof.json"
    assert command(feasible, "93.33", "--items", "1241", "--certificate", str(proof)) == 1
    assert "1158 is too few" in capsys.readouterr().out
    assert command(feasible, "--check", str(proof)) == 0
    assert "holds" in capsys.readouterr().out
    assert command(feasible, "0.69", "--items", "1241", "--unit", "fraction") == 0
    assert "no power" in capsys.readouterr().out
    assert command(feasible, "10.27", "--words", "52000-53000") == 0
    capsys.readouterr()
    # Beyond the whole nothing is said of the test's power, which is counted up to there.
    for value, unit, word in (("143", "percent", "percentage"), ("1.43", "fraction", "fraction")):
        assert command(feasible, value, "--items", "1000", "--unit", unit) == 1
        printed = capsys.readouterr().out
        assert printed.startswith(f"{value} is impossible as a {word}.")
        assert command(feasible, value, "--words", "1000", "--unit", unit) == 0
        assert capsys.readouterr().out == f"{value} is possible as a {word}: 1430 of 1000 (half-even)\n"
    changed = json.loads(proof.read_bytes()) | {"value": "93.31"}
    proof.write_text(json.dumps(changed))
    with pytest.raises(InputError, match="may be printed"):
        command(feasible, "--check", str(proof))


@pytest.mark.parametrize(
    "arguments",
    [["93.33"], ["--items", "12"], ["x", "--items", "12"], ["1.0", "--items", "0"], ["1.0", "--words", "1-99999"]],
)
def test_feasible_refuses(arguments: list[str]) -> None:
    with pytest.raises(InputError):
        command(feasible, *arguments)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": "repro-audit/infeasible/1"}'])
def test_broken_certificates_are_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_text(content)
    with pytest.raises(InputError):
        command(feasible, "--check", str(path))


def test_detect_counts_and_samples(predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(detect, TASK, "--predictions", str(predictions)) == 0
    assert "12 of 60" in capsys.readouterr().out
    arguments = ["--predictions", str(predictions), "--detector", "unfinished", "--ids", "--sample", "3"]
    assert command(detect, TASK, *arguments) == 0
    printed = capsys.readouterr().out
    assert "  005\n" in printed
    assert "not found: 3 rows" in printed
    for wrong in (["--sample", "3"], ["--detector", "x"], ["--detector", "empty", "--sample", "0"]):
        with pytest.raises(InputError):
            command(detect, TASK, "--predictions", str(predictions), *wrong)
    with pytest.raises(InputError):
        command(detect, "no-task")


def test_prompts_are_scored_one_by_one(predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--predictions", str(predictions), "--replicates", "20", "--permutations", "99"]
    assert command(prompts, TASK, *arguments) == 0
    assert "60 rows, 2 prompts" in capsys.readouterr().out
    assert command(prompts, TASK, *arguments, "--json", "--convention", "llaso") == 0
    assert json.loads(capsys.readouterr().out)["convention"] == "llaso"
    with pytest.raises(InputError):
        command(prompts, TASK, *arguments, "--convention", "nobody")
    with pytest.raises(InputError):
        command(prompts, TASK, "--predictions", str(predictions), "--replicates", "-1")
    with pytest.raises(MissingError):
        command(prompts, TASK, *arguments, "--convention", "diva-eval")


def test_prompts_of_a_single_prompt_are_no_question(tmp_path: Path) -> None:
    path = write(tmp_path, TASK, [{"id": "1", "hypothesis": "Sad</s>", "reference": "Sad", "prompt": "p"}])
    with pytest.raises(InputError, match="all rows have the same prompt"):
        command(prompts, TASK, "--predictions", str(path))
    path = write(tmp_path, TASK, [{"id": "1", "hypothesis": "Sad</s>", "reference": "Sad"}])
    with pytest.raises(InputError, match="the rows carry no prompt"):
        command(prompts, TASK, "--predictions", str(path))


def seen(path: Path) -> Seen:
    rows = load(path, tasks()[TASK])
    scores = tuple(score(rows, tasks()[TASK], replicates=0))
    return findings(rows, tasks()[TASK], scores, replicates=20)


def test_findings_name_detectors_and_prompts(predictions: Path) -> None:
    found = seen(predictions)
    [unfinished] = [d for d in found.detectors if d.detector == "unfinished@2"]
    assert (unfinished.rows, unfinished.of) == (12, 60)
    assert all(isinstance(name, str) for name in unfinished.example_ids)
    [scores] = [p for p in found.prompts if p.metric == "accuracy"]
    assert [p.prompt for p in scores.prompts] == ["one", "two"]
    assert scores.test is not None
    assert scores.test.permutations == 1999
    written = plain(gathered({TASK: found}, {}))
    assert canonical_json.dumps(written)
    assert written["prompts"][TASK][0]["prompts"][0]["prompt"] == "one"


def test_findings_of_a_single_prompt_have_no_prompts(tmp_path: Path) -> None:
    path = write(tmp_path, TASK, [{"id": "1", "hypothesis": "Sad</s>", "reference": "Sad", "prompt": "p"}])
    found = seen(path)
    assert found.prompts == ()
    assert "prompts" not in plain(gathered({TASK: found}, {}))
