"""What is written is what was read: any text comes back, or nothing is written."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import InputError
from audit.importers.interface import position_ids
from audit.importers.writer import write
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import MAX_TEXT, load
from tasks.row import Row
from tests.support.strategies import TEXTS

ASR = tasks()["asr-librispeech-clean"]
META = PredictionMeta(ASR.id, "m", "13b")
ANY = st.text(st.characters(exclude_categories=()), max_size=12) | TEXTS
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(
    st.builds(
        Row,
        id=st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6),
        hypothesis=ANY,
        reference=ANY,
        finished=st.sampled_from([None, True, False]),
        prompt=st.none() | ANY,
        extra=st.dictionaries(st.sampled_from(["a", "b", "note"]), VALUES, max_size=2),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda row: row.id,
)
HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def halves(value: object) -> bool:
    """Whether two halves of a character stand side by side, which JSON's escapes would join."""
    if isinstance(value, str):
        return bool(HALVES.search(value))
    if isinstance(value, dict):
        return any(halves(item) for pair in value.items() for item in pair)
    return isinstance(value, list) and any(map(halves, value))


@given(ROWS)
@settings(max_examples=40)
def test_any_rows_come_back_as_they_are(rows: list[Row]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "out"
        if any(halves([row.hypothesis, row.reference, row.prompt, dict(row.extra)]) for row in rows):
            with pytest.raises(InputError, match="cannot be written without loss"):
                write(folder, ASR, rows, META)
            assert not folder.exists()
            return
        path = write(folder, ASR, rows, META)
        assert list(load(path, ASR).rows) == sorted(rows, key=lambda row: row.id)
        assert path.read_bytes() == write(folder, ASR, reversed(rows), META).read_bytes()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1, 2}])
def test_values_that_json_does_not_have(tmp_path: Path, value: object) -> None:
    with pytest.raises(InputError, match="a value that JSON cannot represent"):
        write(tmp_path / "out", ASR, [Row("a", "h", "r", extra={"x": value})], META)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no rows"),
        ([Row("a", "h", "r"), Row("a", "h", "r")], "duplicate id 'a', first on line 1"),
        ([Row("a", None, "r")], "null without a reason"),
        ([Row("a", "h", ["r"])], "must be a string"),
        ([Row("a", "h", "r", extra={"variant": "7b"})], "a row of model variant '7b'"),
    ],
)
def test_rows_that_the_reader_would_refuse_are_not_written(tmp_path: Path, rows: list[Row], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        write(tmp_path / "out", ASR, rows, META)
    assert "/tmp" not in str(caught.value.where)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("count", [0, 1, 10, 1_000_001])
def test_ids_of_positions_sort_as_positions(count: int) -> None:
    ids = position_ids(count)
    assert len(ids) == count
    assert ids == sorted(ids)
    assert len(set(map(len, ids))) <= 1


def test_two_halves_of_a_character_side_by_side(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written without loss"):
        write(tmp_path / "out", ASR, [Row("a", "x \ud83d\ude00", "r")], META)
    assert not (tmp_path / "out").exists()


def test_a_text_that_is_too_long_to_be_scored_is_written_whole(tmp_path: Path) -> None:
    text = "x" * (MAX_TEXT + 1)
    path = write(tmp_path / "out", ASR, [Row("a", text, "r"), Row("b", "s", "r")], META)
    assert f'"{text}"' in path.read_text(encoding="utf-8")
    one, other = load(path, ASR).rows
    assert (one.hypothesis, other.hypothesis) == (None, "s")
