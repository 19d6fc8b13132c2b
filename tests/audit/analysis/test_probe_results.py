from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.analysis.probe_results import SCHEMA, load_probes
from audit.errors import InputError

TASKS = {"er-iemocap": object()}


def write(folder: Path, name: str, value: Any) -> None:
    (folder / name).write_text(json.dumps(value), encoding="utf-8")


def result(kind: str = "determinism", **more: Any) -> dict[str, Any]:
    return {"schema": SCHEMA, "task": "er-iemocap", "probe": kind, "items": 4, **more}


def test_results_become_findings_without_outputs(tmp_path: Path) -> None:
    write(tmp_path, "er-iemocap.determinism.json", result())
    write(tmp_path, "er-iemocap.text-prior.json", result("text-prior", outputs_without_audio={"1": "Sad"}))
    write(tmp_path, "sqqa-wikiqa.determinism.json", {"of": "another study"})
    found, files = load_probes(tmp_path, TASKS)
    assert found == {
        "probe-determinism": {"er-iemocap": result()},
        "probe-text-prior": {"er-iemocap": result("text-prior")},
    }
    assert [name for name, _ in files] == ["probes/er-iemocap.determinism.json", "probes/er-iemocap.text-prior.json"]


def test_no_folder_holds_no_results(tmp_path: Path) -> None:
    assert load_probes(tmp_path / "none", TASKS) == ({}, [])
    assert load_probes(None, TASKS) == ({}, [])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("er-iemocap.unknown.json", result(), "no probe 'unknown'"),
        ("er-iemocap.prompts.json", result(), "does not match its file name"),
        ("er-iemocap.determinism.json", result(schema="other/1"), "does not match its file name"),
        ("er-iemocap.determinism.json", result(share=0.5), "0.5 is a fraction"),
        ("er-iemocap.determinism.json", [1], "not a JSON object"),
    ],
)
def test_a_file_that_is_no_result_is_refused(tmp_path: Path, name: str, value: Any, message: str) -> None:
    write(tmp_path, name, value)
    with pytest.raises(InputError, match=message) as caught:
        load_probes(tmp_path, TASKS)
    assert name in str(caught.value.where)
