"""The `jsonl` and `csv` importers: fields of any names, nothing lost, broken records named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.errors import InputError
from audit.scoring.predictions import PredictionSet

Import = Callable[..., PredictionSet]
Write = Callable[..., Path]
ASR = "asr-librispeech-clean"


def row(**fields: Any) -> dict[str, Any]:
    return {"id": "a", "hypothesis": "x", "reference": "y", **fields}


def test_our_own_format_comes_back(run_import: Import, write_lines: Write) -> None:
    source = write_lines(
        [row(id="b", finished=True, prompt="P"), row(id="a", hypothesis=None, extra={"error": "out of memory", "n": 1})]
    )
    first, second = run_import("jsonl", source, ASR).rows
    assert (first.id, first.hypothesis, first.error, first.extra["n"]) == ("a", None, "out of memory", 1)
    assert (second.id, second.finished, second.prompt) == ("b", True, "P")


def test_fields_of_other_names_and_all_the_rest_in_extra(run_import: Import, write_json: Write) -> None:
    source = write_json([{"utt": 7, "pred": "a", "text": "b", "speaker": "s1", "duration": 1.5, "extra": [1]}])
    options = [
        "--field",
        "id=utt",
        "--field",
        "hypothesis=pred",
        "--field",
        "reference=text",
        "--field",
        "cluster=speaker",
    ]
    (found,) = run_import("jsonl", source, ASR, *options).rows
    assert (found.id, found.hypothesis, found.reference) == ("7", "a", "b")
    assert found.extra == {"duration": 1.5, "cluster": "s1", "extra": [1]}


def test_rows_without_ids_are_numbered_in_their_order(run_import: Import, write_lines: Write) -> None:
    source = write_lines([{"hypothesis": str(n), "reference": ""} for n in range(12)])
    rows = run_import("jsonl", source, ASR, "--number").rows
    assert [r.hypothesis for r in rows] == [str(n) for n in range(12)]


def test_finished_from_the_end_token(run_import: Import, write_lines: Write) -> None:
    kept = write_lines(
        [row(hypothesis="x</s>"), row(id="b", hypothesis="y"), row(id="c", hypothesis="z", finished=True)]
    )
    assert [r.finished for r in run_import("jsonl", kept, ASR).rows] == [True, False, True]


def test_finished_is_unknown_without_any_end_token(run_import: Import, write_lines: Write) -> None:
    assert [r.finished for r in run_import("jsonl", write_lines([row()]), ASR).rows] == [None]


@pytest.mark.parametrize(
    ("task", "fields", "options", "expected"),
    [
        ("osr-librimix", {"s1": "A", "s2": "B"}, ["reference=s1", "reference=s2"], ["A", "B"]),
        ("ke-inspec", {"keys": ["p", "q"]}, ["reference=keys"], ["p", "q"]),
        ("ke-inspec", {"keys": "p; q"}, ["reference=keys"], ["p; q"]),
        ("story-audiocaps", {}, [], None),
    ],
)
def test_references_of_every_shape(
    run_import: Import, write_lines: Write, task: str, fields: dict[str, Any], options: list[str], expected: object
) -> None:
    source = write_lines([{"id": "a", "hypothesis": "x", **fields}])
    (found,) = run_import("jsonl", source, task, *[o for name in options for o in ("--field", name)]).rows
    assert found.reference == expected


def test_a_separator_splits_a_list(run_import: Import, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text('id,hypothesis,reference\na,x,"p; q; r s"\n', encoding="utf-8")
    (found,) = run_import("csv", path, "ke-inspec", "--separator", "; ").rows
    assert found.reference == ["p", "q", "r s"]


def test_a_separator_drops_no_empty_item(run_import: Import, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text('id,hypothesis,reference\na,x,"p; ; q"\nb,x,""\n', encoding="utf-8")
    rows = run_import("csv", path, "ke-inspec", "--separator", "; ").rows
    assert [r.reference for r in rows] == [["p", "", "q"], []]


def test_references_that_are_objects(run_import: Import, tmp_path: Path, write_lines: Write) -> None:
    path = tmp_path / "in.csv"
    path.write_text("id,hypothesis,type,gold,text\na,x,date,today,t\n", encoding="utf-8")
    fields = ["reference.slot=type", "reference.value=gold", "reference.transcript=text"]
    (found,) = run_import("csv", path, "sf-slurp", *[o for f in fields for o in ("--field", f)]).rows
    assert found.reference == {"slot": "date", "value": "today", "transcript": "t"}
    path.write_text('id,hypothesis,q,gold\na,x,who?,"me; you"\n', encoding="utf-8")
    options = ["--field", "reference.question=q", "--field", "reference.answers=gold", "--separator", "; "]
    (found,) = run_import("csv", path, "sqqa-wikiqa", *options).rows
    assert found.reference == {"question": "who?", "answers": ["me", "you"]}
    path.write_text('id,hypothesis,reference\na,x,"{""question"": ""q"", ""answers"": []}"\n', encoding="utf-8")
    (found,) = run_import("csv", path, "sqqa-wikiqa", "--replace").rows
    assert found.reference == {"question": "q", "answers": []}


def test_a_row_of_another_variant(run_import: Import, write_lines: Write, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a row of model variant '7b' in a file of variant '13b'"):
        run_import("jsonl", write_lines([row(variant="7b")]), ASR)
    assert not (tmp_path / "out").exists()


def test_csv_keeps_quotes_newlines_and_unicode(run_import: Import, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    text = '\ufeffid,hypothesis,reference,finished,note\r\nb,"a ""b"",\r\nc",你好,true,\r\na,,x,,n\r\n'
    path.write_bytes(text.encode())
    first, second = run_import("csv", path, ASR).rows
    assert (first.hypothesis, first.reference, first.finished, first.extra) == ("", "x", None, {"note": "n"})
    assert (second.hypothesis, second.reference, second.finished) == ('a "b",\r\nc', "你好", True)


def test_tsv_with_quotation_marks_as_text(run_import: Import, tmp_path: Path) -> None:
    path = tmp_path / "in.tsv"
    path.write_text('id\thypothesis\treference\na\t"x\ty\n', encoding="utf-8")
    assert run_import("csv", path, ASR, "--no-quotes").rows[0].hypothesis == '"x'


def test_lone_surrogates_survive_as_escapes(run_import: Import, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(
        '{"id": "a", "hypothesis": "x \\ud800 \\u2028 \\u0000", "reference": "\U0001f600"}\n', encoding="utf-8"
    )
    predictions = run_import("jsonl", path, ASR)
    assert predictions.rows[0].hypothesis == "x \ud800 \u2028 \x00"
    assert b"\\ud800" in predictions.path.read_bytes()


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ('{"id": "a", "hypothesis": "x", "reference": "y"}\n{"id": ', "in.jsonl:2", "invalid JSON"),
        ('{"id": "a", "hypothesis": "x", "reference": "y"}\n' * 2, "in.jsonl:2", "duplicate id 'a', first at"),
        ('{"id": "a", "hypothesis": 1, "reference": "y"}\n', "in.jsonl:1: hypothesis", "must be a string"),
        ('{"id": "a", "hypothesis": null, "reference": "y"}\n', "in.jsonl:1: hypothesis", "must be a string"),
        ('{"id": "", "hypothesis": "x", "reference": "y"}\n', "in.jsonl:1: id", "must be a non-empty string"),
        ('{"id": true, "hypothesis": "x", "reference": "y"}\n', "in.jsonl:1: id", "must be a non-empty string"),
        ('{"id": "a", "hypothesis": "x", "reference": ["y", "z"]}\n', "in.jsonl:1: reference", "must be a string"),
        (
            '{"id": "a", "hypothesis": "x", "reference": "y"}\n{"id": "b", "hypothesis": "x"}',
            ":2: reference",
            "missing",
        ),
        ('{"id": "a", "id": "b", "hypothesis": "x", "reference": "y"}\n', "in.jsonl:1", "duplicate field"),
        ('{"id": "a", "hypothesis": "x", "reference": "y", "n": NaN}\n', "in.jsonl:1", "NaN"),
        (
            '{"id": "a", "hypothesis": "x", "reference": "y", "finished": "maybe"}\n',
            "in.jsonl:1: finished",
            "true, false",
        ),
        ('{"id": "a", "hypothesis": "x", "reference": "y", "prompt": 3}\n', "in.jsonl:1: prompt", "must be a string"),
        ('{"id": "a", "hypothesis": "x", "reference": "y"}\n\n{}\n', "in.jsonl:2", "empty line"),
        ("[1, 2]", "in.jsonl: item 1", "not a JSON object"),
        ("[]", "in.jsonl", "not a list of records"),
        ("3\n", "in.jsonl:1", "not a JSON object"),
        ("", "in.jsonl", "empty"),
        (" \n", "in.jsonl", "empty"),
        ('{"utt": "a", "hypothesis": "x", "reference": "y"}\n', "in.jsonl", "no field for id"),
        ('{"id": "a", "hypothesis": "x", "answer": "y"}\n', "in.jsonl", "no field for reference"),
        ("[" * 100_000, "in.jsonl", "invalid JSON"),
    ],
)
def test_broken_input_is_named_and_nothing_is_written(
    run_import: Import, tmp_path: Path, text: str, place: str, message: str
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        run_import("jsonl", path, ASR)
    assert place in (caught.value.where or "")
    assert message in caught.value.what
    assert caught.value.fix
    assert caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_bytes_that_are_not_utf8(run_import: Import, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"id": "a"}\n{"id": "b\xff"}\n')
    with pytest.raises(InputError, match="invalid UTF-8") as caught:
        run_import("jsonl", path, ASR)
    assert str(caught.value.where).endswith("in.jsonl:2")


def test_a_line_of_50_megabytes(run_import: Import, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps(row(hypothesis="x" * 50_000_000)) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="a line of more than 4 MiB") as caught:
        run_import("jsonl", path, ASR)
    assert str(caught.value.where).endswith("in.jsonl:1")
    # In a list the record is no line of the source, but it would be one of the predictions file.
    path.write_text(json.dumps([row(hypothesis="x" * 5_000_000)]), encoding="utf-8")
    with pytest.raises(InputError, match="a line of more than 4 MiB"):
        run_import("jsonl", path, ASR)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "options", "place", "message"),
    [
        ("id,hypothesis,reference\na,x\n", [], "in.csv:2", "2 columns instead of 3"),
        ("id,id,hypothesis,reference\na,a,x,y\n", [], "in.csv:1", "duplicate column"),
        ('id,hypothesis,reference\na,"x\n', [], "in.csv:2", "invalid CSV"),
        ("id,hypothesis,reference\n", [], "in.csv", "no rows"),
        ("id,hypothesis,reference\na,x,y\n", ["--delimiter", ""], "", "separates no columns"),
        ("id,hypothesis,reference\na,x,y\n", ["--field", "reference=gold"], "in.csv", "no field 'gold'"),
        ("id,hypothesis,reference\na,x,y\n", ["--field", "answer=id"], "", "not OURS=THEIRS"),
        ("id,hypothesis,reference\na,x,y\n", ["--field", "id"], "", "not OURS=THEIRS"),
        ("id,hypothesis,reference\na,x,y\n", ["--field", "id=id", "--field", "id=reference"], "", "given twice"),
        ("id,hypothesis,reference,finished\na,x,y,1\n", [], "in.csv:2: finished", "true, false"),
    ],
)
def test_broken_tables(
    run_import: Import, tmp_path: Path, text: str, options: list[str], place: str, message: str
) -> None:
    path = tmp_path / "in.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        run_import("csv", path, ASR, *options)
    assert place in (caught.value.where or "")
    assert message in caught.value.what


def test_the_line_of_a_broken_row_after_a_cell_of_several_lines(run_import: Import, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text('id,hypothesis,reference\na,"x\ny",z\nb,x\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        run_import("csv", path, ASR)
    assert str(caught.value.where).endswith("in.csv:4")


def test_a_missing_file(run_import: Import, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        run_import("jsonl", tmp_path / "absent.jsonl", ASR)
