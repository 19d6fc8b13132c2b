"""Lists in cells, options and letters, prompts, and what an import says about the outputs' language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from audit.errors import InputError
from audit.importers.values import written_list
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.predictions import PredictionSet, load

Import = Callable[..., PredictionSet]
Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Music] a man sings", None),
        ("[", None),
        ("['90s rock] plays", None),
        ('["Hi"] she said', None),
        ('["a", "b"]', ["a", "b"]),
        ("['a', \"it's\"]", ["a", "it's"]),
        (" ['a'] ", ["a"]),
        ("[]", []),
        ("[1, 2]", [1, 2]),
        ("a dog", None),
        ("['a\\u2028b']", ["a\u2028b"]),
    ],
)
def test_a_text_that_is_a_list_or_only_begins_like_one(text: str, expected: list[Any] | None) -> None:
    assert written_list(text, "x") == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("['a' 'b']", "as numpy prints it"),
        ("['a'\n 'b']", "as numpy prints it"),
        ('["a", "b"', "begins like a list"),
        ("['a', 'b', nan]", "begins like a list"),
    ],
)
def test_a_broken_list_is_named(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        written_list(text, "x")


def test_a_caption_that_begins_with_a_bracket_is_a_caption(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(
        '{"id": "a", "hypothesis": "x", "reference": "[Laughter] somebody hums"}\n'
        '{"id": "b", "hypothesis": "y", "reference": ["rain", "[Wind] rain"]}\n'
    )
    common = ["--task", "aac-audiocaps", "--model", "M", "--variant", "7b", "--out", str(tmp_path / "out")]
    assert main(["import", "jsonl", str(source), *common]) == 0
    rows = load(tmp_path / "out/aac-audiocaps.jsonl", tasks()["aac-audiocaps"]).rows
    assert [row.reference for row in rows] == [["[Laughter] somebody hums"], ["rain", "[Wind] rain"]]
    assert "note" not in capsys.readouterr().out


def test_line_separators_inside_texts_are_text(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    texts = {"a": "sings\u2028over a guitar", "b": "a piano\u0085and a drum", "c": "plain\u2029"}
    source.write_text("".join(f'{{"id": "{name}", "caption": "{text}"}}\n' for name, text in texts.items()))
    common = ["--task", "mc-musiccaps", "--model", "M", "--variant", "7b", "--out", str(tmp_path / "out")]
    fields = ["--field", "hypothesis=caption", "--field", "reference=caption"]
    assert main(["import", "jsonl", str(source), *common, *fields]) == 0
    rows = load(tmp_path / "out/mc-musiccaps.jsonl", tasks()["mc-musiccaps"]).rows
    assert {row.id: row.reference for row in rows} == texts == {row.id: row.hypothesis for row in rows}
    table = tmp_path / "in.csv"
    table.write_text("id,caption\n" + "".join(f"{name},{text}\n" for name, text in texts.items()))
    assert main(["import", "csv", str(table), *common, *fields, "--replace"]) == 0
    rows = load(tmp_path / "out/mc-musiccaps.jsonl", tasks()["mc-musiccaps"]).rows
    assert {row.id: row.reference for row in rows} == texts


def test_a_list_in_a_cell_is_read_and_said(
    run_import: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.csv"
    path.write_text("id,hypothesis,reference\na,x,\"['a dog', 'barks']\"\nb,y,[Music] hums\n")
    rows = run_import("csv", path, "aac-audiocaps").rows
    assert [row.reference for row in rows] == [["a dog", "barks"], ["[Music] hums"]]
    assert "1 references are written as lists" in capsys.readouterr().out


def test_a_list_of_one_is_a_text(run_import: Import, tmp_path: Path, write_lines: Write) -> None:
    source = write_lines([{"id": "a", "hypothesis": ["x"], "reference": ["y"]}])
    (row,) = run_import("jsonl", source, "st-en-de").rows
    assert (row.hypothesis, row.reference) == ("x", "y")
    path = tmp_path / "in.csv"
    path.write_text("id,hypothesis,reference\na,['x'],['y']\n")
    (row,) = run_import("csv", path, "st-en-de", "--replace").rows
    # An output may look like anything, so it stays.
    assert (row.hypothesis, row.reference) == ("['x']", "y")
    path.write_text("id,hypothesis,reference\na,x,\"['y', 'z']\"\n")
    with pytest.raises(InputError, match="must be a string"):
        run_import("csv", path, "st-en-de", "--replace")


def test_outputs_that_are_lists_are_said(
    run_import: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.csv"
    path.write_text("id,hypothesis,reference\na,['x'],y\nb,[1],z\n")
    run_import("csv", path, "asr-librispeech-clean")
    assert "1 outputs are written as lists; they are kept as they are" in capsys.readouterr().out


def test_several_reference_fields_without_the_empty_ones(
    run_import: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.csv"
    path.write_text("id,hypothesis,r1,r2,r3\na,x,one,,three\nb,x,[un],deux,trois\n")
    fields = [part for n in (1, 2, 3) for part in ("--field", f"reference=r{n}")]
    rows = run_import("csv", path, "aac-audiocaps", *fields).rows
    assert [row.reference for row in rows] == [["one", "three"], ["[un]", "deux", "trois"]]
    assert "1 empty references left out" in capsys.readouterr().out


OPTIONS = ["dog", "cat", "cow"]


@pytest.mark.parametrize(
    ("fields", "mapping"),
    [
        ({"options": OPTIONS}, ["choices=options"]),
        ({"options": '["dog", "cat", "cow"]'}, ["choices=options"]),
        ({"options": "['dog', 'cat', 'cow']"}, ["choices=options"]),
        ({"options": {"A": "dog", "B": "cat", "C": "cow"}}, ["choices=options"]),
        ({"options": '{"A": "dog", "B": "cat", "C": "cow"}'}, ["choices=options"]),
        ({"a": "dog", "b": "cat", "c": "cow", "d": None}, [f"choices={name}" for name in "abcd"]),
    ],
)
@pytest.mark.parametrize("letter", ["B", "(b)", "b."])
def test_choices_and_the_letter_of_the_answer(
    run_import: Import, write_json: Write, fields: dict[str, Any], mapping: list[str], letter: str
) -> None:
    source = write_json([{"id": "1", "hypothesis": "cat", "gold": letter, **fields}])
    options = [part for item in [*mapping, "letter=gold"] for part in ("--field", item)]
    (row,) = run_import("jsonl", source, "sakura-animal-single", *options).rows
    assert row.reference == "cat"
    assert row.extra["choices"] == OPTIONS


@pytest.mark.parametrize(
    ("fields", "mapping", "says"),
    [
        ({"gold": "E"}, ["letter=gold", "choices=c"], "the letter E, but there are 3 options"),
        ({"gold": "cat"}, ["letter=gold", "choices=c"], "not a letter"),
        ({"gold": "B"}, ["letter=gold"], "a letter without options"),
        ({"gold": "B", "c": "dog"}, ["letter=gold", "choices=c"], "at least two options"),
        ({"gold": "B", "c": {"A": "x", "C": "y"}}, ["letter=gold", "choices=c"], "not lettered"),
    ],
)
def test_choices_that_cannot_be_used(
    run_import: Import, write_json: Write, fields: dict[str, Any], mapping: list[str], says: str
) -> None:
    source = write_json([{"id": "1", "hypothesis": "cat", "c": OPTIONS, **fields}])
    options = [part for item in mapping for part in ("--field", item)]
    with pytest.raises(InputError, match=says):
        run_import("jsonl", source, "sakura-animal-single", *options)


def test_the_field_with_the_prompt(run_import: Import, write_json: Write) -> None:
    source = write_json([{"id": "1", "hypothesis": "x", "reference": "y", "instruction": "Say it."}])
    found = run_import("jsonl", source, "asr-librispeech-clean", "--prompt-field", "instruction")
    assert found.rows[0].prompt == found.meta.prompt == "Say it."
    with pytest.raises(InputError, match="given twice"):
        run_import(
            "jsonl", source, "asr-librispeech-clean", "--prompt-field", "instruction", "--field", "prompt=reference"
        )


@pytest.mark.parametrize(
    ("task", "outputs", "says"),
    [
        ("st-en-zh", ["你好", "hello there"], "1 of 2 outputs have the fault wrong-script: not in Chinese (b)"),
        ("st-en-de", ["Das ist gut.", "This is the end."], "wrong-language: not in German (b)"),
        ("asr-librispeech-clean", ["fine", "你好"], "wrong-script: not in Latin script (b)"),
        ("asr-librispeech-clean", ["fine", "good"], None),
    ],
)
def test_outputs_in_another_language_are_said(
    run_import: Import,
    write_json: Write,
    capsys: pytest.CaptureFixture[str],
    task: str,
    outputs: list[str],
    says: str | None,
) -> None:
    rows = [{"id": name, "hypothesis": text, "reference": "r"} for name, text in zip("ab", outputs, strict=True)]
    run_import("jsonl", write_json(rows), task)
    out = capsys.readouterr().out
    assert says in out if says else "fault" not in out
