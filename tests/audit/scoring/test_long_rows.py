"""Texts beyond what a model can have written are errors of their rows, for every step, metric, detector and parser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.literature.known_tasks import known_tasks
from audit.scoring import predictions
from audit.scoring.counting import count
from audit.scoring.predictions import MAX_TEXT, load, parse_row
from tasks.analysis.detectors import detectors_of
from tests.support import run_files

TASK = "asr-librispeech-clean"


def line(**fields: Any) -> bytes:
    return json.dumps({"id": "a", "hypothesis": "x", "reference": "y", "prompt": None, **fields}).encode()


@pytest.mark.parametrize("field", ["hypothesis", "prompt", "reference"])
def test_the_row_says_which_text_is_too_long(field: str) -> None:
    kind = known_tasks()[TASK].reference_type
    assert parse_row(line(**{field: "x" * MAX_TEXT}), "f:1", kind).error is None
    found = parse_row(line(**{field: "x" * (MAX_TEXT + 1)}), "f:1", kind)
    name = {"hypothesis": "output"}.get(field, field)
    assert found.hypothesis is None
    assert found.error == f"{name} of 200,001 characters; at most 200,000 are scored"


def test_texts_of_a_reference_count_together() -> None:
    kind = known_tasks()["ke-inspec"].reference_type
    half = "x" * (MAX_TEXT // 2 + 1)
    assert parse_row(line(reference=[half]), "f:1", kind).error is None
    assert parse_row(line(reference=[half, half]), "f:1", kind).error is not None


def test_nothing_behind_the_door_sees_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row of ten: every convention has nine rows and one error, every detector finds nothing in it."""
    monkeypatch.setattr(predictions, "MAX_TEXT", 400)
    rows = run_files.speech(10)
    rows[4]["hypothesis"] = "(a)x   x" * 100
    task = known_tasks()[TASK]
    found = load(run_files.write(tmp_path, TASK, rows), task)
    assert [row.error is not None for row in found.rows] == [number == 4 for number in range(10)]
    able = [(metric, one) for metric, items in task.conventions.items() for one in items if one.unavailable() is None]
    assert len(able) > 10
    for result in count(found.rows, able).values():
        assert 4 not in result.kept
        assert result.errors == 1
    for detector in detectors_of(task):
        assert not detector.judged(found.rows[4])
