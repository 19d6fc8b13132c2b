"""SPICE on a Ray cluster: the captions are parsed by its tasks, and the values are those of one process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from tasks.backends import spice_parser
from tasks.backends.parsed_captions import PATH_VARIABLE
from tests.support.spice import needs_spice

PAIRS = [
    ("a dog barks loudly", "a large dog is barking"),
    ("rain falls on a metal roof", "heavy rain hits the roof"),
    ("two people talk", "a man and a woman are talking"),
]


@needs_spice
@pytest.mark.java
def test_captions_are_parsed_by_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    (tmp_path / "p").mkdir()
    rows = [{"id": str(n), "hypothesis": said, "reference": [reference]} for n, (said, reference) in enumerate(PAIRS)]
    (tmp_path / "p" / "aac-audiocaps.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    meta = {"schema": "repro-audit/predictions/1", "task": "aac-audiocaps", "model": "m", "variant": "13b"}
    (tmp_path / "p" / "aac-audiocaps.meta.json").write_text(json.dumps(meta), "utf-8")

    def scores(engine: str) -> Any:
        spice_parser.forget()
        monkeypatch.setenv(PATH_VARIABLE, str(tmp_path / engine))
        words = ["score", "aac-audiocaps", "--predictions", str(tmp_path / "p"), "--metric", "spider", "--no-cache"]
        assert main([*words, "--engine", engine, "--workers", "2", "--json"]) == 0
        return json.loads(capfd.readouterr().out)

    here = scores("local")
    # In this process nothing can be parsed; Ray's processes do not know.
    monkeypatch.setattr(spice_parser, "_start", lambda *_: pytest.fail("parsed in this process"))
    assert scores("ray") == here
