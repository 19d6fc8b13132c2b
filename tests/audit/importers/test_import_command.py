"""The command around the importers: tasks, meta files, counts, and files that are there already."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import inspect
import json
import pkgutil
import re
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import audit.importers
from audit.cli import main
from audit.cli.commands import import_
from audit.errors import InputError
from audit.importers import importers
from audit.importers.interface import Imported, Importer, Refused, position_ids
from audit.importers.redis_fields import NAMES
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.predictions import PredictionSet, load
from tasks.row import Row
from tasks.task import Task
from tests.support.paths import ROOT

Import = Callable[..., PredictionSet]
Write = Callable[..., Path]
ASR = "asr-librispeech-clean"
ROW = {"id": "a", "hypothesis": "x", "reference": "y"}


def test_counts_at_the_end(run_import: Import, write_lines: Write, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [ROW, {**ROW, "id": "b", "hypothesis": None, "extra": {"error": "e"}}, {**ROW, "id": "c", "finished": False}]
    run_import("jsonl", write_lines(rows), ASR)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[:3] for line in lines[:5]] == [
        ["read", "3", "records"],
        ["written", "3", "rows"],
        ["refused", "0", "records"],
        ["finished", "0", "yes,"],
        ["failed", "1", "rows"],
    ]


def test_an_unknown_task(run_import: Import, write_lines: Write) -> None:
    with pytest.raises(InputError, match="there is no task 'asr'") as caught:
        run_import("jsonl", write_lines([ROW]), "asr")
    assert "asr-gigaspeech" in str(caught.value.fix)


def test_meta_of_a_file_and_of_the_options(run_import: Import, write_lines: Write, write_json: Write) -> None:
    facts = {"who": "a team", "decoding": {"beams": 4}, "dataset": {"name": "LibriSpeech"}, "source": "a run"}
    meta = run_import("jsonl", write_lines([ROW]), ASR, "--meta", str(write_json(facts)), "--prompt", "P").meta
    assert (meta.model, meta.variant, meta.who, meta.prompt) == ("SALMONN", "13b", "a team", "P")
    assert (meta.decoding, meta.dataset) == ({"beams": 4}, {"name": "LibriSpeech"})
    assert str(meta.source).startswith("a run; jsonl: in.jsonl, sha256 ")


@pytest.mark.parametrize(
    ("facts", "message"), [({"what": 1}, "unknown field"), ([1], "not a JSON object"), ({"who": 1}, "wrong type")]
)
def test_a_bad_meta_file(run_import: Import, write_lines: Write, write_json: Write, facts: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run_import("jsonl", write_lines([ROW]), ASR, "--meta", str(write_json(facts)))


def test_a_prompt_that_the_rows_contradict(run_import: Import, write_lines: Write) -> None:
    with pytest.raises(InputError, match="carries the prompt 'Q'"):
        run_import("jsonl", write_lines([{**ROW, "prompt": "Q"}]), ASR, "--prompt", "P")


def test_predictions_that_are_there_already(run_import: Import, write_lines: Write, tmp_path: Path) -> None:
    first = run_import("jsonl", write_lines([ROW]), ASR)
    again = run_import("jsonl", write_lines([ROW]), ASR)
    assert again.sha256 == first.sha256
    other = write_lines([{**ROW, "hypothesis": "z"}])
    with pytest.raises(InputError, match="the file exists and differs"):
        run_import("jsonl", other, ASR)
    assert run_import("jsonl", other, ASR, "--replace").rows[0].hypothesis == "z"
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [f"{ASR}.jsonl", f"{ASR}.meta.json"]


def test_a_run_of_its_own(write_lines: Write, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    command = ["import", "jsonl", "--task", ASR, "--model", "M", "--variant", "13b", "--out", str(out)]
    rows = str(write_lines([ROW]))
    assert main([*command, "--run", "batch-2", rows]) == 0
    assert sorted(path.name for path in out.iterdir()) == [f"{ASR}@batch-2.jsonl", f"{ASR}@batch-2.meta.json"]
    assert load(out / f"{ASR}@batch-2.jsonl", tasks()[ASR]).run == "batch-2"


@pytest.mark.parametrize("name", ["Batch 2", "a@b", "../x", ""])
def test_a_run_whose_name_no_file_can_have(name: str, write_lines: Write, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    command = ["import", "jsonl", "--task", ASR, "--model", "M", "--variant", "13b", "--out", str(out)]
    assert main([*command, "--run", name, str(write_lines([ROW]))]) == 2
    assert not out.exists()


def test_an_empty_variant(write_lines: Write, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    import_.add_arguments(parser)
    options = [
        "jsonl",
        str(write_lines([ROW])),
        "--task",
        ASR,
        "--model",
        "m",
        "--variant",
        " ",
        "--out",
        str(tmp_path),
    ]
    with pytest.raises(InputError, match="is empty"):
        import_.run(parser.parse_args(options))


def test_a_folder_that_cannot_be_made(run_import: Import, write_lines: Write, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        run_import("jsonl", write_lines([ROW]), ASR, out=tmp_path / "file" / "out")


def test_the_sum_check() -> None:
    row = Row("a", "x", "y")
    Imported((row,), 2, 1, (Refused("b", "no"),), "s", "items")
    with pytest.raises(InputError, match="do not add up"):
        Imported((row,), 2, 1, (), "s", "items")
    with pytest.raises(InputError, match="do not add up"):
        Imported((), 1, 1, (), "s", "items")


def test_every_importer_describes_itself() -> None:
    names = [importer.name for importer in importers()]
    assert len(set(names)) == len(names)
    for importer in importers():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", importer.name)
        assert importer.help
        assert "\n" not in importer.help


def test_every_importer_of_the_package_is_registered() -> None:
    found = set()
    for module in pkgutil.iter_modules(audit.importers.__path__, "audit.importers."):
        values = vars(importlib.import_module(module.name)).values()
        found |= {v for v in values if isinstance(v, type) and issubclass(v, Importer) and not inspect.isabstract(v)}
    assert {type(importer) for importer in importers()} == found, "add it to FORMATS in audit/importers/__init__.py"


class Lines(Importer):
    """What an installed package may bring: every line is an output."""

    name = "lines"
    help = "a file of outputs, one per line"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        texts = options.file.read_text(encoding="utf-8").splitlines()
        rows = tuple(Row(key, text, "y") for key, text in zip(position_ids(len(texts)), texts, strict=True))
        return Imported(rows, len(texts), len(rows), (), f"lines: {options.file.name}", "lines")


class Again(Lines):
    name = "csv"


def installed(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    def points(group: str) -> list[EntryPoint]:
        return [EntryPoint(name, value, group) for name, value in values.items() if group == "repro_audit.importers"]

    monkeypatch.setattr(importlib.metadata, "entry_points", points)


def test_an_importer_of_an_installed_package(
    run_import: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, lines=f"{__name__}:Lines")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Lines.__module__])
    path = tmp_path / "out.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    assert [row.hypothesis for row in run_import("lines", path, ASR).rows] == ["one", "two"]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("no_such_module:X", "cannot be loaded"),
        ("json:NoSuchName", "cannot be loaded"),
        ("json:loads", "is not a subclass"),
        ("json:JSONDecoder", "is not a subclass"),
        (f"{__name__}:Again", "there is an importer `csv` already"),
    ],
)
def test_an_installed_package_that_is_broken(value: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Again.__module__])
    installed(monkeypatch, broken=value)
    with pytest.raises(InputError) as caught:
        importers()
    assert what in caught.value.what
    assert "broken" in str(caught.value.where)
    assert str(caught.value.fix).startswith("Update or remove the package")


@pytest.mark.parametrize(
    ("value", "task", "place", "message"),
    [
        ({"wer": 1}, ASR, "in.json", "neither a list"),
        (
            [{"text": "p", "answer": "a", "task_type": "ER", "model_prediction": "x"}],
            ASR,
            "item 1: task_type",
            "task type is 'ER'",
        ),
        ([{"text": "p", "answer": "a", "task_type": "ASR"}], ASR, "item 1: model_prediction", "missing"),
        ([{"text": "p", "answer": 3, "model_prediction": "x"}], ASR, "item 1: answer", "must be a string"),
        ([{"text": "p", "answer": "a", "model_prediction": None}], ASR, "item 1: model_prediction", "must be a string"),
        (
            [{"text": "p", "answer": "a", "model_prediction": "x"}],
            "ke-inspec",
            "item 1: answer",
            "each item has one text",
        ),
        ({"wer": 0, "sample_wer": []}, ASR, "sample_wer", "not a list"),
        ({"judge": {}, "details": [3]}, "er-iemocap", "details: item 1", "not a JSON object"),
    ],
)
def test_broken_audiobench_files(
    run_import: Import, write_json: Write, value: Any, task: str, place: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        run_import("audiobench", write_json(value), task)
    assert place in (caught.value.where or "")
    assert message in caught.value.what


@pytest.mark.parametrize("missing", ["question", "response", "correct_answer"])
def test_broken_cmi_bench_files(run_import: Import, write_json: Write, missing: str) -> None:
    item = {"question": "q", "response": "r", "correct_answer": "c", "audioid": "a", "other": ""}
    del item[missing]
    with pytest.raises(InputError, match="the field is missing"):
        run_import("cmi-bench", write_json([item]), "mc-musiccaps")


def test_rows_are_written_in_one_canonical_form(run_import: Import, write_lines: Write) -> None:
    source = write_lines([{"reference": "y", "z": {"b": 1, "a": 2}, "hypothesis": "x", "id": "a", "c": None}])
    predictions = run_import("jsonl", source, ASR)
    assert predictions.path.read_text(encoding="utf-8") == (
        '{"id": "a", "hypothesis": "x", "finished": null, "reference": "y", "prompt": null, '
        '"extra": {"c": null, "z": {"a": 2, "b": 1}}}\n'
    )
    meta = json.loads(predictions.path.with_suffix(".meta.json").read_text(encoding="utf-8"))
    assert meta["schema"] == "repro-audit/predictions/1"


def test_from_the_command_line(write_lines: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--task", ASR, "--model", "m", "--variant", "13b", "--out", str(tmp_path / "out")]
    assert main(["import", "jsonl", str(write_lines([ROW])), *options]) == 0
    assert "written        1 rows" in capsys.readouterr().out
    assert main(["import", "jsonl", str(write_lines([{"id": "a"}])), *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("repro-audit: ")
    assert "Traceback" not in captured.err
    assert load(tmp_path / "out" / f"{ASR}.jsonl", tasks()[ASR]).rows[0].id == "a"


def test_the_guide_names_every_format_and_every_usual_name() -> None:
    text = (ROOT / "docs" / "how-to" / "import.md").read_text(encoding="utf-8")
    for importer in importers():
        assert f"`{importer.name}`" in text, f"describe {importer.name} in docs/how-to/import.md"
    for task, name in NAMES.items():
        assert f"`{name}`" in text or task.startswith("sakura"), name
    assert set(NAMES) <= set(tasks())
