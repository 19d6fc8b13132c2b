"""Rows of a large file are read again at each use: the same rows, the same scores, and a change of the file is noticed."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from audit.errors import InputError
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring import predictions
from audit.scoring.pool import engine
from audit.scoring.predictions import PredictionSet
from audit.scoring.row_file import KeptIds, RowFile
from audit.scoring.score import Score, score
from tasks.statistics.clusters import clusters
from tests.support import run_files

TASK = tasks()["asr-librispeech-clean"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Nine thousand rows, of which some have no output and some no end token."""
    rows = run_files.speech(9_000, 3)
    for n, row in enumerate(rows):
        if n % 7 == 0:
            row |= {"hypothesis": None, "extra": {"error": "out of memory"}}
        elif n % 5:
            row["hypothesis"] += "</s>"
    return run_files.write(tmp_path, TASK.id, rows, special_tokens={"end": ["</s>"], "other": ["<s>"]})


@pytest.fixture
def both(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[PredictionSet, PredictionSet]:
    """The rows in memory, and those that stay in their file."""
    kept = predictions.load(path, TASK)
    monkeypatch.setattr(predictions, "MAX_KEPT", 1000)
    left = predictions.load(path, TASK)
    assert isinstance(kept.rows, tuple)
    assert isinstance(left.rows, RowFile)
    return kept, left


def test_the_same_rows(both: tuple[PredictionSet, PredictionSet]) -> None:
    kept, left = both
    assert replace(left, rows=()) == replace(kept, rows=())
    assert tuple(left.rows) == kept.rows
    assert any(row.finished is False for row in kept.rows)
    assert (left.rows[0], left.rows[-1], left.rows[4321]) == (kept.rows[0], kept.rows[-1], kept.rows[4321])
    assert len(left.rows) == len(kept.rows)
    part = pickle.loads(pickle.dumps(left.rows[100:203]))  # as a worker gets it
    assert tuple(part) == kept.rows[100:203]
    assert tuple(part[3:5]) == kept.rows[103:105]
    assert tuple(left.rows[8990:]) == kept.rows[8990:]
    assert tuple(left.rows[5:5]) == ()
    for wrong in (len(left.rows), -len(left.rows) - 1):
        with pytest.raises(IndexError):
            left.rows[wrong]
    with pytest.raises(ValueError, match="in their order"):
        left.rows[::2]
    assert (left.content, left.outputs, left.clusters) == (kept.content, kept.outputs, kept.clusters)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_scores(workers: int, both: tuple[PredictionSet, PredictionSet]) -> None:
    with engine("local", workers) as counting:
        kept, left = (score(one, TASK, replicates=50, engine=counting) for one in both)
    assert [_facts(one) for one in left] == [_facts(one) for one in kept]
    assert any(isinstance(one.ids, KeptIds) for one in left)


def _facts(one: Score) -> tuple[object, ...]:
    counts = None if one.counts is None else (one.counts.dtype, one.counts.tolist())
    return one.convention.id, one.exact, one.value, one.interval, one.account, counts, tuple(one.ids), one.unreadable


def test_ids_of_kept_rows(both: tuple[PredictionSet, PredictionSet]) -> None:
    kept, left = both
    assert isinstance(left.rows, RowFile)
    at = [0, 17, 18, 8_999]
    found = KeptIds(left.rows, at)
    assert list(found) == [kept.rows[n].id for n in at] == list(found[:])
    assert (found[1], found[-1], len(found)) == (kept.rows[17].id, kept.rows[8_999].id, 4)
    assert list(KeptIds(left.rows, [])) == []


def test_clusters_are_noticed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "MAX_KEPT", 1000)
    rows = run_files.speech(40, 3)
    rows[7]["extra"] = {"cluster": "speaker 1"}
    run_files.write(path.parent, TASK.id, rows)
    found = predictions.load(path, TASK)
    assert isinstance(found.rows, RowFile)
    assert (
        found.clusters == clusters(tuple(found.rows)) == [f"row {n:06}" if n != 7 else "speaker 1" for n in range(40)]
    )


@pytest.mark.parametrize("way", ["replaced", "written", "removed"])
def test_a_file_that_changes_meanwhile(way: str, both: tuple[PredictionSet, PredictionSet], path: Path) -> None:
    left = both[1]
    raw = path.read_bytes()
    if way == "replaced":
        path.with_name("new").write_bytes(raw)
        path.with_name("new").replace(path)
    elif way == "written":
        path.write_bytes(raw[:-3] + b"  \n")
        os.utime(path, ns=(1, 1))
    else:
        path.unlink()
    with pytest.raises(InputError, match=r"was changed while it was used|cannot be read"):
        tuple(left.rows)
    with engine("local", 2) as counting, pytest.raises(InputError, match=r"was changed|cannot be read"):
        score(left, TASK, replicates=0, engine=counting)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [*lines[:5], lines[4], *lines[5:]], ":6: id: duplicate id '000004', first on line 5"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], ":2: id: the rows are not sorted by id"),
        (lambda lines: [*lines[:5], b'{"id": "x"}', *lines[5:]], ":6: hypothesis: the field is missing"),
    ],
)
def test_a_large_file_is_checked_as_a_whole(
    change: object, message: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "MAX_KEPT", 1000)
    assert callable(change)
    path.write_bytes(b"".join(line + b"\n" for line in change(path.read_bytes().splitlines())))
    with pytest.raises(InputError) as caught:
        predictions.load(path, TASK)
    assert message in str(caught.value)
