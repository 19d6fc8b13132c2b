"""Prediction files: what is read, and that every broken one is refused with file, line and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.errors import InputError
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring import predictions
from audit.scoring.prediction_meta import PredictionMeta

TASK = tasks()["asr-librispeech-clean"]
META = {"schema": "repro-audit/predictions/1", "task": TASK.id, "model": "made up", "variant": "13b"}


def row(identifier: str, **changes: Any) -> dict[str, Any]:
    return {"id": identifier, "hypothesis": "one two</s>", "finished": True, "reference": "one two", "prompt": None,
            "extra": {}} | changes  # fmt: skip


def write(folder: Path, *rows: Any, meta: Any = META, name: str = TASK.id) -> Path:
    path = folder / f"{name}.jsonl"
    lines = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in rows]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    if meta is not None:
        path.with_suffix(".meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return path


def test_rows_are_read_as_they_stand(tmp_path: Path) -> None:
    path = write(tmp_path, row("a"), row("b", hypothesis="lone \ud800 surrogate"), row("c", hypothesis=None,
                 extra={"error": "the file could not be read"}))  # fmt: skip
    found = predictions.load(path, TASK)
    assert [r.id for r in found.rows] == ["a", "b", "c"]
    assert found.rows[1].hypothesis == "lone \ud800 surrogate"
    assert found.rows[2].error == "the file could not be read"
    assert found.variant == "13b"
    assert found.meta == PredictionMeta(TASK.id, "made up", "13b")


def test_fractions_of_the_decoding_stay_the_text_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, row("a"), meta={**META, "decoding": {"penalty": 1.0, "beams": 4}})
    assert predictions.load(path, TASK).meta.decoding == {"penalty": "1.0", "beams": 4}


@pytest.mark.parametrize(
    ("rows", "place", "message"),
    [
        ([b'{"id": "a", '], ":1", "invalid JSON"),
        ([row("a"), b"[1, 2]"], ":2", "not a JSON object"),
        ([row("a"), b'{"id": "b", "id": "c", "hypothesis": "", "reference": ""}'], ":2", "duplicate field"),
        ([row("a"), b'{"id": "b", "hypothesis": "", "reference": "", "extra": {"x": NaN}}'], ":2", "NaN"),
        ([row("a"), row("a")], ":2: id", "duplicate id 'a', first on line 1"),
        ([row("b"), row("a")], ":2: id", "not sorted"),
        ([row("a", reference=["one"])], ":1: reference", "must be a string, not a list of 1"),
        ([row("a", reference=None)], ":1: reference", "not null"),
        ([row("a", hypothesis=None)], ":1: hypothesis", "null without a reason"),
        ([row("a", hypothesis=7)], ":1: hypothesis", "must be a string"),
        ([row("a", finished="yes")], ":1: finished", "must be true, false or null"),
        ([row("")], ":1: id", "empty"),
        ([row("a\ud800")], ":1: id", "surrogate"),
        ([row("a", score=1)], ":1: score", "unknown field"),
        ([{"id": "a", "hypothesis": "x"}], ":1: reference", "missing"),
        ([row("a", extra={"variant": "7b"})], ":1: extra.variant", "variant '7b' in a file of variant '13b'"),
        ([b"\xff\xfe{}"], ":1", "invalid UTF-8 (byte 1 of the line)"),
        ([], ".jsonl", "no rows"),
        ([b"[" * 100_000], ":1", "invalid JSON"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, rows: list[Any], place: str, message: str) -> None:
    path = write(tmp_path, *rows)
    with pytest.raises(InputError) as caught:
        predictions.load(path, TASK)
    assert caught.value.where is not None
    assert caught.value.where.startswith(str(path))
    assert caught.value.where.endswith(place)
    assert message in caught.value.what
    assert caught.value.fix
    assert caught.value.exit_code == 2


def test_a_line_of_fifty_megabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    import tracemalloc

    path = write(tmp_path, row("a"), row("b", hypothesis="x" * 50_000_000))
    tracemalloc.start()
    with pytest.raises(InputError, match="more than 4 MiB"):
        predictions.load(path, TASK)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("meta", "place", "message"),
    [
        (None, ".meta.json", "cannot be read"),
        ({**META, "schema": "other/1"}, ": schema", "unknown schema"),
        ({**META, "task": "st-en-zh"}, ": task", "the task is"),
        ({**META, "colour": "red"}, ": colour", "unknown field"),
        ({**META, "variant": ""}, ": variant", "missing or empty"),
        ({**META, "decoding": "beam"}, ": decoding", "wrong type"),
        ({**META, "weights": {"model.bin": 7}}, ": weights", "wrong type"),
        ({**META, "dataset": {"name": ["x"]}}, ": dataset", "wrong type"),
        ({**META, "who": {"name": "x"}}, ": who", "wrong type"),
        ({**META, "model": None}, ": model", "wrong type"),
        ({k: v for k, v in META.items() if k != "model"}, ": model", "missing or empty"),
    ],
)
def test_a_broken_meta_file_is_refused(tmp_path: Path, meta: Any, place: str, message: str) -> None:
    path = write(tmp_path, row("a"), meta=meta)
    with pytest.raises(InputError) as caught:
        predictions.load(path, TASK)
    assert str(caught.value.where).endswith(place)
    assert message in caught.value.what


def test_a_file_of_no_task_is_refused(tmp_path: Path) -> None:
    write(tmp_path, row("a"), name="asr-unknown")
    with pytest.raises(InputError, match="unknown task 'asr-unknown'"):
        predictions.find(tmp_path, tasks())


def test_a_meta_file_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / f"{TASK.id}.meta.json").write_text(json.dumps(META), encoding="utf-8")
    with pytest.raises(InputError, match="no predictions beside it"):
        predictions.find(tmp_path, tasks())


def test_a_missing_folder_has_no_predictions(tmp_path: Path) -> None:
    assert predictions.find(tmp_path / "none", tasks()) == {}
