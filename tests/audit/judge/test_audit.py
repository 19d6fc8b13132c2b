"""Judged scores in the audit: shown with the judge's name, and refused where another judge speaks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.document.write import plain
from audit.pipeline import run as pipeline
from audit.pipeline.request import AuditRequest
from tests.support.judge.helpers import FakeServer, judge, questions, write_rows


@pytest.fixture
def document(serve: Callable[..., FakeServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1763856000")
    path = write_rows(tmp_path, questions(40))
    meta = path.with_suffix(".meta.json")
    meta.write_text(json.dumps({**json.loads(meta.read_text("utf-8")), "variant": "13b"}), "utf-8")
    server = serve()
    run = ["run", "--task", "sqqa-wikiqa", "--convention", "paper-judge", "--predictions", str(tmp_path)]
    assert judge(*run, "--model", "tiny-judge", "--base-url", server.url) == 0
    found: dict[str, Any] = plain(pipeline.run(AuditRequest(predictions=tmp_path, replicates=20)).document)
    return found


def test_a_judged_value_names_its_judge_and_cannot_justify(document: dict[str, Any]) -> None:
    shown = [
        m
        for m in document["measurements"]
        if (m["task"], m["origin"], m["convention"]) == ("sqqa-wikiqa", "recomputed", "paper-judge")
    ]
    assert {m["judge"] for m in shown} == {"tiny-judge-2026"}
    assert all(m["value"] is not None and "tiny-judge-2026" in m["note"] for m in shown)
    assert all("other-judge" in {i["code"] for i in m["invalid"]} for m in shown)
    assert not any(m["unavailable"] for m in shown)
    verdict = next(v for v in document["verdicts"] if v["claim"] == "sqqa-wikiqa.accuracy")
    assert verdict["verdict"] == "not-comparable"


def test_the_judgements_are_among_the_inputs(document: dict[str, Any]) -> None:
    assert "predictions/sqqa-wikiqa.judgements.jsonl" in {i["path"] for i in document["inputs"]}


def test_other_judged_conventions_still_need_a_judge(document: dict[str, Any]) -> None:
    other = [m for m in document["measurements"] if m["task"] == "sqqa-wikiqa" and m["convention"] == "hufs-judge"]
    assert any(m["unavailable"] == "needs a judge" for m in other if m["origin"] == "recomputed")
