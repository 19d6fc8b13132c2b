"""Records to test with."""

from __future__ import annotations

from pathlib import Path


def record(name: str, *, relation: str = "independent", kind: str = "code", verified: bool = True) -> str:
    """A whole record with one entry on emotion recognition."""
    where = "path: score.py\n        lines: 1-9" if kind == "code" else "section: section 4"
    return f"""\
schema: repro-audit/work/1
id: {name}
name: {name}
title: A work
authors: [A. Author]
authors_complete: true
year: 2026
venue: arXiv
entry_type: article
arxiv: null
doi: null
url: null
identity_source: A test.
kind: benchmark
relation: {relation}
survey_items: []
salmonn: {{treatment: evaluated, variant: 13b, note: null}}
code:
  available: yes
  repo: owner/name
  commit: {"a" * 40}
  licence: MIT
  paths: [score.py]
  note: null
outputs: null
summary: A work for a test.
tasks:
  - ids: [er-iemocap]
    metrics: [accuracy]
    metric_as_named: accuracy
    data: IEMOCAP
    split: Session 5
    same_data: yes
    same_data_reason: The same session.
    value: "0.70"
    conventions: [fairmllm]
    counting: null
    evidence:
      - kind: {kind}
        {where}
        steps: [all]
        verified: {str(verified).lower()}
disagreements: []
unverified: []
notes: null
"""


def changed(tmp_path: Path, source: Path, old: str, new: str) -> tuple[Path, int]:
    """A copy of a record with one text replaced, and the line of the change, from 1."""
    text = source.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / source.name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path, text[: text.index(old)].count("\n") + 1
