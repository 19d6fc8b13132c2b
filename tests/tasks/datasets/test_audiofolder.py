"""Folders of clips with metadata: what is read, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.datasets.errors import DatasetError
from tasks.datasets.registry import read


def folder(tmp_path: Path, text: str, name: str = "metadata.csv") -> Path:
    (tmp_path / "a").mkdir(exist_ok=True)
    for clip in ("a/one.wav", "two.flac"):
        (tmp_path / clip).write_bytes(b"sound")
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_table(tmp_path: Path) -> None:
    root = folder(tmp_path, 'file_name,transcription,speaker\ntwo.flac,"yes, no",s1\na/one.wav,oui,s2\n')
    found = read("my-task", root)
    assert [(item.id, item.audio, item.reference, dict(item.extra)) for item in found.items] == [
        ("a/one", ("a/one.wav",), "oui", {"speaker": "s2"}),
        ("two", ("two.flac",), "yes, no", {"speaker": "s1"}),
    ]
    assert (found.dataset, found.missing) == (tmp_path.name, ())


def test_json_lines(tmp_path: Path) -> None:
    rows = [
        {"file_name": "two.flac", "id": "q1", "query": "what?", "reference": ["a", "b"]},
        {"file_name": "gone.wav", "reference": {"slot": "x"}},
    ]
    root = folder(tmp_path, "\n".join(map(json.dumps, rows)) + "\n\n", "metadata.jsonl")
    found = read("my-task", root)
    assert [(item.id, item.query, item.reference) for item in found.items] == [
        ("gone", None, {"slot": "x"}),
        ("q1", "what?", ["a", "b"]),
    ]
    assert found.missing == ("gone.wav",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,text\na,b\n", "missing columns: file_name"),
        ("file_name,words\ntwo.flac,b\n", "no reference"),
        ("file_name,text,reference\ntwo.flac,b,c\n", "reference and text are both there"),
        ("file_name,text\n,b\n", "no file_name"),
        ("file_name,text\n/etc/passwd,b\n", "outside the folder"),
        ("file_name,text\na/../../x.wav,b\n", "outside the folder"),
        ("file_name,text\n..\\x.wav,b\n", "outside the folder"),
        ("file_name,text,error\ntwo.flac,b,c\n", "`error` is a field of error rows"),
        ("file_name,text\ntwo.flac,b\ntwo.flac,c\n", "duplicate id two"),
        ("file_name,text\n", "no items found"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        read("my-task", folder(tmp_path, text))


@pytest.mark.parametrize("value", ["NaN", "[-Infinity]", "[" * 3000 + "]" * 3000, "[" * 64 + "]" * 64])
def test_values_that_json_cannot_hold(tmp_path: Path, value: str) -> None:
    root = folder(tmp_path, f'{{"file_name": "two.flac", "text": "x", "n": {value}}}\n', "metadata.jsonl")
    with pytest.raises(DatasetError):
        read("my-task", root)


def test_both_files_or_values_of_other_types(tmp_path: Path) -> None:
    root = folder(tmp_path, '{"file_name": "two.flac", "text": "x", "query": 1}\n', "metadata.jsonl")
    with pytest.raises(DatasetError, match="query is not a text"):
        read("my-task", root)
    folder(tmp_path, "file_name,text\ntwo.flac,b\n")
    with pytest.raises(DatasetError, match=r"both metadata\.csv and metadata\.jsonl"):
        read("my-task", root)


def test_without_metadata_the_message_names_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no test set for my-task") as caught:
        read("my-task", tmp_path)
    assert "metadata.csv or metadata.jsonl" in str(caught.value.fix)
    # A published set keeps its official layout.
    with pytest.raises(DatasetError, match="test-clean"):
        read("asr-librispeech-clean", folder(tmp_path, "file_name,text\ntwo.flac,b\n"))
