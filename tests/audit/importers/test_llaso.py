"""LLaSO's result files, in the layout of its repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from audit.literature.known_tasks import known_tasks
from audit.scoring.predictions import load


def item(said: str | None, gold: str = "Male.", field: str = "prediction", **more: Any) -> dict[str, Any]:
    turns = [{"from": "human", "value": "Male or female?<audio>"}, {"from": "gpt", "value": gold}]
    found: dict[str, Any] = {"voice": ["a.flac"], "metadata": {"age": 18}, "conversations": turns, **more}
    return found if said is None else {**found, field: said}


def imported(folder: Path, items: list[Any]) -> int:
    path = folder / "vctk.json"
    path.write_text(json.dumps(items), "utf-8")
    common = ["--task", "llaso-vctk-gender", "--model", "SALMONN", "--variant", "unknown", "--out", str(folder / "out")]
    return main(["import", "llaso", str(path), *common])


@pytest.mark.parametrize("field", ["prediction", "answer"])
def test_rows(tmp_path: Path, field: str) -> None:
    assert imported(tmp_path, [item("Male", field=field), item("<s> no idea</s>", "Female.", field)]) == 0
    rows = load(tmp_path / "out/llaso-vctk-gender.jsonl", known_tasks()["llaso-vctk-gender"]).rows
    assert [(row.id, row.hypothesis, row.reference) for row in rows] == [
        ("000000", "Male", "Male."),
        ("000001", "<s> no idea</s>", "Female."),
    ]
    assert rows[0].prompt == "Male or female?<audio>"
    assert rows[0].extra == {"voice": ["a.flac"], "metadata": {"age": 18}}


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([item(None)], "needs one of prediction and answer, and has neither"),
        ([item("a", answer="b")], "has prediction and answer"),
        ([{"prediction": "a"}], "the field is missing"),
        ([item("a", conversations=[{"value": "x"}])], "must be a list of two turns"),
        ([item("a", conversations="x")], "must be a list of two turns"),
        ([item("a", conversations=[{"value": "x"}, {"value": 3}])], "must be a list of two turns"),
    ],
)
def test_broken_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], items: list[Any], message: str) -> None:
    assert imported(tmp_path, items) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "item 1" in err
    assert not (tmp_path / "out").exists()
