"""Every format in its exact layout: what is read, what is refused, and what a broken file gives."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from audit.errors import InputError
from audit.scoring.predictions import PredictionSet
from tests.support import import_files as files
from tests.support.import_files import ASR, MCQ, ImportFile, dumped, import_files, inspect_log, lines_of, text

Import = Callable[..., PredictionSet]
FILES = import_files()


def source_of(file: ImportFile, folder: Path) -> Path:
    path = file.lay(folder)
    return path.parent if file.kind == "hf-dataset" else path


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.id)
def test_rows(run_import: Import, file: ImportFile, tmp_path: Path) -> None:
    found = run_import(file.kind, source_of(file, tmp_path / "in"), file.task, *file.arguments(tmp_path / "in"))
    assert tuple((row.id, row.hypothesis, row.reference) for row in found.rows) == tuple(sorted(file.rows))
    assert "sha256" in str(found.meta.source)


@pytest.mark.parametrize("file", [file for file in FILES if file.kind != "hf-dataset"], ids=lambda file: file.id)
def test_standard_input(run_import: Import, file: ImportFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.lay(tmp_path / "in")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(file.raw)))
    found = run_import(file.kind, "-", file.task, *file.arguments(tmp_path / "in"))
    assert [row.id for row in found.rows] == sorted(name for name, *_ in file.rows)
    assert "standard input, sha256" in str(found.meta.source)


def imported(run_import: Import, folder: Path, kind: str, raw: bytes | Any, task: str = ASR, name: str = "in",
             *options: str) -> PredictionSet:  # fmt: skip
    path = folder / name
    path.write_bytes(raw if isinstance(raw, bytes) else dumped(raw))
    return run_import(kind, path, task, *options)


REF = ("--references", "{HERE}/ref")
ROW = json.loads(files.LM_EVAL.split(b"\n")[0])
AIR_ROW = json.loads(files.AIR.split(b"\n")[0])
BROKEN: list[tuple[str, Any, str, tuple[str, ...], dict[str, bytes], str]] = [
    # kind, contents, task, options, files beside, message
    ("lm-eval", files.LM_EVAL, ASR, (), {}, "2 filters"),
    ("lm-eval", files.LM_EVAL, ASR, ("--filter", "x"), {}, "no filter 'x'"),
    ("lm-eval", lines_of([ROW, ROW]), ASR, (), {}, "duplicate doc_id 000000"),
    ("lm-eval", lines_of([{**ROW, "filtered_resps": ["a", "b"]}]), ASR, (), {}, "must be one text, not 2 outputs"),
    ("lm-eval", lines_of([{**ROW, "filtered_resps": [["x", "y"], ["z", "u"]]}]), ASR, (), {}, "2 log-likelihoods"),
    ("lm-eval", lines_of([ROW]), ASR, ("--results", "{HERE}/r"), {"r": b"{}"}, "no `results`"),
    ("lm-eval", lines_of([ROW]), ASR, ("--results", "{HERE}/r"), {"r": b'{"results": {"a": {}, "b": {}}}'}, "no results of"),
    ("lm-eval", b'{"doc_id": 0, "doc"', ASR, (), {}, "invalid JSON"),
    ("lmms-eval", lines_of([{"doc_id": None, "filtered_resps": "x"}]), ASR, (), {}, "must be a number"),
    ("lmms-eval", lines_of([{"doc_id": 0, "filtered_resps": ["x", "y"]}]), ASR, (), {}, "must be one text"),
    ("inspect", {"version": 2, "eval": {}, "samples": []}, ASR, (), {}, "not a list of records"),
    ("inspect", inspect_log({"id": True, "epoch": 1}), ASR, (), {}, "must be a text or a number"),
    ("inspect", inspect_log(*files.INSPECT_SAMPLES, files.INSPECT_SAMPLES[0]), ASR, (), {}, "duplicate sample 'u1'"),
    ("inspect", inspect_log(*files.INSPECT_SAMPLES), ASR, ("--epoch", "3"), {}, "no epoch 3"),
    ("inspect", b"PK\x03\x04 cut", ASR, (), {}, "a damaged zip archive"),
    ("ultraeval-audio", lines_of([{"type": "eval", "id": 0, "data": []}]), ASR, (), {}, "must be an object"),
    ("ultraeval-audio", lines_of([{"type": "x", "id": 0, "data": {}}]), ASR, (), {}, "no type of event"),
    ("kimi-audio", lines_of([{"index": 0, "prediction": None, "answer": "x"}]), ASR, (), {}, "must be a string"),
    ("open-asr", lines_of([{"text": "a", "pred_text": "b", "audio_filepath": "x"}] * 2), ASR, (), {}, "duplicate id 'x'"),
    ("open-asr", lines_of([{"text": "a", "pred_text": "b", "chunk_index": 0}]), ASR, (), {}, "chunks of longer recordings"),
    ("voicebench", lines_of([{"prompt": "p", "response": 0.3, "reference": "x"}]), ASR, (), {}, "as the modality `ttft`"),
    ("air-bench", lines_of([{**AIR_ROW, "choice_a": None}]), MCQ, (), {}, "an option is empty before another"),
    ("air-bench", lines_of([{**AIR_ROW, "answer_gt": "(z)"}]), MCQ, (), {}, "the letter Z, but there are 2 options"),
    ("mmau", [{"choices": ["a", "b"], "answer": "a", "model_output": "a", "model_prediction": "b"}], MCQ, (), {}, "different"),
    ("mmau", [{"choices": ["a", "b"], "answer": "a"}], MCQ, (), {}, "no output"),
    ("kaldi", text("u1 a", "", "u2 b"), ASR, REF, {"ref": b"u1 a\n"}, "does not begin with an utterance's id"),
    ("kaldi", text("u1 a", "u1 b"), ASR, REF, {"ref": b"u1 a\n"}, "duplicate id 'u1'"),
    ("kaldi", text("u1 a"), ASR, REF, {"ref": b"v1 a\n"}, "no id is in both files"),
    ("kaldi", b"u1 \xff\n", ASR, REF, {"ref": b"u1 a\n"}, "invalid UTF-8 (byte 4 of the line)"),
    ("trn", text("hello"), ASR, REF, {"ref": b"a (u1)\n"}, "does not end in `(ID)`"),
    ("trn", text("hello (u1)"), ASR, REF, {"ref": b"a { b (u1)\n"}, "a `{` without a `}`"),
    ("trn", text("hello (u1)"), ASR, REF, {"ref": b"a } b (u1)\n"}, "a `}` without a `{`"),
    ("trn", text("x (u1)"), ASR, REF, {"ref": b"{ a / b } " * 13 + b"(u1)\n"}, "more than 4096 readings"),
    ("stm", text("r A s 1.0"), ASR, REF, {"ref": files.STM}, "not a line of an stm file"),
    ("stm", files.STM_HYP, ASR, REF, {"ref": text("rec1 A s 0 1 IGNORE_TIME_SEGMENT_IN_SCORING")}, "every segment is"),
    ("ctm", text("r A 1 x y"), ASR, REF, {"ref": files.STM}, "not a line of a ctm file"),
    ("ctm", text("other A 1 1 y"), ASR, REF, {"ref": files.STM}, "no segment of file 'other'"),
    ("ctm", text("r A * * <ALT_BEGIN>"), ASR, REF, {"ref": files.STM}, "alternatives in a ctm file"),
    ("sclite", files.SGML.rsplit(b"\n", 2)[0], ASR, (), {}, "end of the file"),
    ("sclite", files.SGML.replace(b'C,"hello"', b"C;hello"), ASR, (), {}, "not an alignment"),
    ("parallel", files.GERMAN, "st-en-de", REF, {"ref": files.GERMAN_REF + b"more\n"}, "4 lines, but the outputs have 3"),
    ("parallel", text("a", "b"), "st-en-de", (*REF, "--tab-separated"), {"ref": b"x\ty\nz\n"}, "1 references, but the first"),
    ("parallel", text("a"), "st-en-de", (*REF, "--score", "{HERE}/s"), {"ref": b"x\n", "s": b'{"name": "BLEU", "score": "x"}'},
     "must be a number"),
    ("coco", [{"image_id": 1, "caption": "x"}] * 2, "aac-audiocaps", REF, {"ref": files.COCO_REF}, "a second caption of"),
    ("coco", [{"image_id": "1", "caption": "x"}], "aac-audiocaps", REF, {"ref": files.COCO_REF}, "the id as another type"),
    ("coco", [{"image_id": 9, "caption": "x"}], "aac-audiocaps", REF, {"ref": files.COCO_REF}, "no image 9"),
    ("coco", [{"image_id": 1, "caption": "x"}], "aac-audiocaps", REF, {"ref": b"[]"}, "not annotations"),
    ("parquet", b"PAR1 cut PAR1", ASR, (), {}, "cannot be read as Parquet"),
    ("parquet", files.parquet([{"a": "x", "pred": "y"}]), ASR, ("--number",), {}, "no field for hypothesis"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "raw", "task", "options", "beside", "message"), BROKEN)
def test_broken_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, raw: Any, task: str,
                      options: tuple[str, ...], beside: dict[str, bytes], message: str) -> None:  # fmt: skip
    path = tmp_path / "in"
    path.write_bytes(raw if isinstance(raw, bytes) else dumped(raw))
    for name, content in beside.items():
        (tmp_path / name).write_bytes(content)
    arguments = [option.format(HERE=tmp_path) for option in options]
    common = ["--task", task, "--model", "M", "--variant", "7b", "--out", str(tmp_path / "out")]
    assert main(["import", kind, str(path), *common, *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert str(tmp_path) in err or "--epoch" in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["kaldi", "trn", "stm", "ctm", "coco", "parallel"])
def test_two_files_cannot_both_be_standard_input(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = {"coco": "aac-audiocaps", "parallel": "st-en-de"}.get(kind, ASR)
    common = ["--task", task, "--model", "M", "--variant", "7b", "--out", str(tmp_path / "out")]
    assert main(["import", kind, "-", "--references", "-", *common]) == 2
    assert "standard input" in capsys.readouterr().err


def test_references_without_an_output_are_rows_with_an_error(
    run_import: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ref").write_bytes(text("u1 a", "u2 b"))
    found = imported(
        run_import, tmp_path, "kaldi", text("u1 a", "u3 c"), ASR, "text", "--references", str(tmp_path / "ref")
    )
    assert [(row.id, row.hypothesis, row.error) for row in found.rows] == [
        ("u1", "a", None),
        ("u2", None, "the file of outputs has no line for this utterance"),
    ]
    out = capsys.readouterr().out
    assert "refused        1 utterances" in out
    assert "no reference with this id" in out
    assert "1 references have no output" in out


def test_failed_samples_and_epochs_of_inspect(
    run_import: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = imported(run_import, tmp_path, "inspect", inspect_log(*files.INSPECT_FAILED, status="error"))
    assert [(row.id, row.hypothesis, row.error) for row in failed.rows] == [
        ("2", "bye", None),
        ("u1", None, "server down"),
    ]
    assert "status is 'error'" in capsys.readouterr().out
    several = run_import("inspect", _written(tmp_path, inspect_log(*files.INSPECT_EPOCHS)), MCQ)
    assert [(row.id, row.reference, row.extra["cluster"]) for row in several.rows] == [
        ("u1@epoch-1", "dog", "u1"),
        ("u1@epoch-2", "dog", "u1"),
    ]
    assert "2 epochs of 1 samples" in capsys.readouterr().out


def _written(folder: Path, value: Any) -> Path:
    path = folder / "log.json"
    path.write_bytes(dumped(value))
    return path


def test_a_log_of_two_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = files.INSPECT_SAMPLES
    other = {**second, "output": {**second["output"], "model": "mock/n"}}
    path = _written(tmp_path, inspect_log(first, other))
    assert main(["import", "inspect", str(path), "--task", ASR, "--variant", "7b"]) == 2
    assert "outputs of 2 models: mock/m, mock/n" in capsys.readouterr().err


@pytest.mark.parametrize("make", [files.plain_zip, files.zstandard_zip])
def test_a_zip_bomb(make: Callable[..., bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    members = files.inspect_members(inspect_log(*files.INSPECT_SAMPLES))
    path = tmp_path / "bomb.eval"
    path.write_bytes(make({**members, "samples/x_epoch_1.json": b" " * 2**28}))
    assert main(["import", "inspect", str(path), "--task", ASR, "--variant", "7b"]) == 2
    assert "unpacks from" in capsys.readouterr().err


def test_an_archive_that_is_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.eval"
    path.write_bytes(files.plain_zip({"samples/1_epoch_1.json": b"{}"}))
    assert main(["import", "inspect", str(path), "--task", ASR, "--model", "M", "--variant", "7b"]) == 2
    assert "neither header.json nor _journal/start.json" in capsys.readouterr().err


def test_an_entry_that_lies_about_its_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    members = files.inspect_members(inspect_log(*files.INSPECT_SAMPLES))
    longer = {**members, "samples/u1_epoch_1.json": members["samples/u1_epoch_1.json"] + b" " * 2**20}
    size = len(longer["samples/u1_epoch_1.json"]).to_bytes(4, "little")
    path = tmp_path / "lies.eval"
    path.write_bytes(files.zstandard_zip(longer).replace(size, (100).to_bytes(4, "little")))
    assert main(["import", "inspect", str(path), "--task", ASR, "--variant", "7b"]) == 2
    assert "damaged" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "name"), [("parquet", "x.parquet"), ("hf-dataset", "saved"), ("inspect", "x.eval")])
def test_without_pyarrow_the_extra_is_named(kind: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                            monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    file = next(file for file in FILES if file.kind == kind and (kind != "inspect" or file.case == "zstandard"))
    path = source_of(file, tmp_path / name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    common = ["--task", ASR, "--model", "M", "--variant", "7b"]
    assert main(["import", kind, str(path), *common]) == 3
    assert "pip install 'repro-audit[parquet]'" in capsys.readouterr().err


def test_a_data_set_whose_state_leads_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = next(file for file in FILES if file.kind == "hf-dataset")
    folder = source_of(file, tmp_path / "in")
    (folder / "state.json").write_bytes(dumped({"_data_files": [{"filename": "../../secret.arrow"}]}))
    assert main(["import", "hf-dataset", str(folder), "--task", ASR, "--model", "M", "--variant", "7b"]) == 2
    assert "must list the data files" in capsys.readouterr().err


def test_splits_of_a_data_set(run_import: Import, tmp_path: Path) -> None:
    file = next(file for file in FILES if file.kind == "hf-dataset")
    folder = source_of(file, tmp_path / "in")
    folder.rename(tmp_path / "in" / "test")
    (tmp_path / "in" / "dataset_dict.json").write_bytes(dumped({"splits": ["train", "test"]}))
    with pytest.raises(InputError, match="several splits"):
        run_import("hf-dataset", tmp_path / "in", ASR, *files.MAPPED)
    assert len(run_import("hf-dataset", tmp_path / "in", ASR, "--split", "test", *files.MAPPED).rows) == 2


def test_values_of_parquet_that_json_lacks(
    run_import: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from datetime import datetime
    from decimal import Decimal

    rows = [{"id": "a", "hypothesis": "x", "reference": "y", "nan": float("nan"), "n": Decimal("1.50"), "raw": b"\xff",
             "at": datetime(2026, 1, 2)}]  # fmt: skip
    found = imported(run_import, tmp_path, "parquet", files.parquet(rows))
    assert found.rows[0].extra == {"nan": None, "n": "1.50", "raw": "/w==", "at": "2026-01-02T00:00:00"}
    assert "1 values that are not finite numbers in nan became null" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["hf-dataset", "parquet"])
def test_names_and_values_that_python_does_not_have(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A field's name that is no UTF-8, and a day after the year 9999; a valid file with nothing of both is read."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    name, wrong = b"kkkk", b"k\xe4kk"
    columns = {"id": pa.array(["a"]), "hypothesis": pa.array(["x"]), "reference": pa.array(["y"])}
    inner = pa.array([{name.decode(): 1}], pa.struct([(name.decode(), pa.int64())]))
    late = pa.array([10**7], pa.date32())
    for table, changed in (
        ({**columns, "s": inner}, True),
        ({**columns, "day": late}, False),
        ({**columns, "s": inner}, None),
    ):
        folder = tmp_path / str(changed)
        folder.mkdir()
        sink = pa.BufferOutputStream()
        whole = pa.table(table)
        if kind == "parquet":
            # Without the copy of the schema, so that the name stands at one kind of place.
            parquet.write_table(whole, sink, store_schema=False)
        else:
            with pa.ipc.new_stream(sink, whole.schema) as stream:
                stream.write_table(whole)
        raw = sink.getvalue().to_pybytes()
        source = folder / ("rows.parquet" if kind == "parquet" else "data.arrow")
        source.write_bytes(raw.replace(name, wrong) if changed else raw)
        if kind == "hf-dataset":
            (folder / "state.json").write_bytes(dumped({"_data_files": [{"filename": "data.arrow"}]}))
        given = [str(source if kind == "parquet" else folder), "--task", ASR, "--model", "M", "--variant", "7b"]
        code = main(["import", kind, *given, "--out", str(folder / "out")])
        assert code == (0 if changed is None else 2), changed
        assert ("cannot be read as" in capsys.readouterr().err) is (changed is not None)


def test_the_bytes_of_sounds_are_not_kept(run_import: Import, tmp_path: Path) -> None:
    found = imported(run_import, tmp_path, "parquet", files.parquet(files.TABLE), ASR, "x.parquet", *files.MAPPED)
    assert found.rows[0].extra == {"audio": {"path": "a.wav"}}


@pytest.mark.parametrize("delimiter", ["||", " ||| ", "::", "\\t|\\t"])
def test_delimiters_of_several_characters(run_import: Import, tmp_path: Path, delimiter: str) -> None:
    written = delimiter.replace("\\t", "\t")
    lines = text(written.join(("id", "hypothesis", "reference")), written.join(("a", f'"x{written}y"', "z|w")))
    row = imported(run_import, tmp_path, "csv", lines, ASR, "x.csv", "--delimiter", delimiter).rows[0]
    assert (row.hypothesis, row.reference) == (f"x{written}y", "z|w")


@pytest.mark.parametrize("delimiter", ["", '"', "a\n"])
def test_what_cannot_be_a_delimiter(run_import: Import, tmp_path: Path, delimiter: str) -> None:
    with pytest.raises(InputError, match="separates no columns") as caught:
        imported(run_import, tmp_path, "csv", text("id,hypothesis", "a,b"), ASR, "x.csv", "--delimiter", delimiter)
    assert "--delimiter" in str(caught.value)


def test_outputs_of_several_models_in_one_table(
    run_import: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = lines_of([{"id": n, "model": m, "hypothesis": m, "reference": "x"} for m in ("M", "N") for n in (1, 2)])
    with pytest.raises(InputError, match="outputs of 2 models: M, N") as caught:
        imported(run_import, tmp_path, "jsonl", rows)
    assert "--only model=M" in str(caught.value.fix)
    found = imported(run_import, tmp_path, "jsonl", rows, ASR, "in", "--only", "model=N")
    assert [(row.id, row.hypothesis) for row in found.rows] == [("1", "N"), ("2", "N")]
    assert "refused        2 records" in capsys.readouterr().out


def test_a_missing_field_suggests_the_one_that_fits(run_import: Import, tmp_path: Path) -> None:
    row = {"utt": "a", "pred_text": "x", "text": "y", "answer": "z"}
    with pytest.raises(InputError) as caught:
        imported(run_import, tmp_path, "jsonl", lines_of([row]))
    assert "--field id=utt " in str(caught.value.fix)
    with pytest.raises(InputError) as caught:
        imported(
            run_import, tmp_path, "jsonl", lines_of([row]), ASR, "in", "--number", "--field", "hypothesis=pred_text"
        )
    # Two fields are usual names of references, so none is suggested.
    assert "--field reference=NAME" in str(caught.value.fix)
