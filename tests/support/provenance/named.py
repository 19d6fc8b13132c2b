"""An audit's output folder that names its team everywhere: in records, ids, files, sources and notes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from audit._util import canonical_json
from audit.provenance import blind_edition
from audit.report.formats import RENDERERS
from audit.report.language import Language
from tests.support.provenance import made

COMMIT = "5ca1ab1e0ddba11c0ffee15badc0ffee0ddf00d5"
REPRODUCTION = f"""# Values of the team at Nordsee Institute of Spoken
# Language.
schema: repro-audit/reproduction/1
id: nordsee
study: salmonn
title: A re-run by Nordsee
origin: recorded
team: "Nordsee Institute of Spoken Language: \u00c5sa Lindqvist, Piet van der Meer"
repo: nordsee-lab/salmonn-rerun
commit: {COMMIT}
variant: 13b
setup: Run by \u00c5sa Lindqvist on the institute's cluster.
predictions: null
findings: []
recorded:
  - task: asr-librispeech-clean
    metric: wer
    value: "2.10"
    kept: 2
    total: 2
    convention: nordsee-finished
    rule: as in scoring/evaluate_wer.py
    source: scoring/evaluate_wer.py at {COMMIT[:8]}
"""
WORK = f"""schema: repro-audit/work/1
id: nordsee
name: NORDSEE re-run
title: Re-running SALMONN by the sea
authors: [\u00c5sa Lindqvist, Piet van der Meer]
authors_complete: true
year: 2025
venue: slides
entry_type: misc
arxiv: null
doi: null
url: https://nordsee.example/salmonn
identity_source: The survey's notes.
kind: reproduction
relation: reproduction-team
survey_items: []
salmonn: {{treatment: evaluated, variant: 13b, note: The values under audit.}}
code:
  available: yes
  repo: nordsee-lab/salmonn-rerun
  commit: {COMMIT}
  licence: none
  paths: [scoring/evaluate_wer.py, train.py]
  note: An older copy is nordsee-lab/old-rerun.
outputs: null
summary: Counted by the Nordsee Institute of Spoken Language.
tasks: []
disagreements: []
unverified: []
notes: null
"""
OTHER = f"""# A record of others, who read a table in the team's slides.
schema: repro-audit/work/1
id: others
via: >-
  nordsee-lab/salmonn-rerun at {COMMIT}, slides/2025-meeting.pdf
  slide 9; asked A. Lindqvist and Lindqvist, \u00c5sa of the Nordsee Institute of
  Spoken Language.
conventions: [nordsee, nordsee-finished]
"""
# What must be in no file of a blind package, in lower case and without accents, with or without what stands between words.
SPELLINGS = (
    "nordsee",
    "n.o.r.d.s.e.e",
    "lindqvist",
    "asa lindqvist",
    "piet van der meer",
    "vandermeer",
    "institute of spoken language",
    "salmonn-rerun",
    "old-rerun",
    COMMIT[:7],
    "evaluate_wer",
    "2025-meeting",
    "nordsee.example",
    "by the sea",
)


def audit_value() -> dict[str, Any]:
    """The audit's JSON value."""
    value = made.audit_value()
    summaries = {
        "nordsee": "The rule of NORDSEE.",
        "nordsee-finished": "As nordsee, finished outputs only.",
        "plain": "All.",
    }
    value["conventions"] = [
        {
            "task": "asr-librispeech-clean",
            "metric": "wer",
            "id": name,
            "signature": f"wer|hyp:{name}",
            "hash": f"{number}" * 64,
            "summary": summary,
            "grade": "E",
            "works": ["nordsee"],
        }
        for number, (name, summary) in enumerate(summaries.items())
    ]
    value["measurements"] = [
        {
            "id": "asr-librispeech-clean/wer/recorded/nordsee-finished",
            "claim": "asr-librispeech-clean/wer",
            "task": "asr-librispeech-clean",
            "metric": "wer",
            "convention": "nordsee-finished",
            "origin": "recorded",
            "value": "2.10",
            "interval": None,
            "source": f"nordsee: scoring/evaluate_wer.py at {COMMIT[:8]}",
            "rows": {"expected": 2, "scored": 2, "skipped": [], "missing": 0, "error": 0},
            "note": "Written down by Piet van der Meer.",
        }
    ]
    value["literature"] = _survey()
    value["inputs"] = [
        {"path": f"literature/{name}", "sha256": hashlib.sha256(text.encode()).hexdigest()}
        for name, text in sorted(literature().items())
    ]
    return value


def _survey() -> dict[str, Any]:
    repo = "nordsee-lab/salmonn-rerun"
    link = f"https://github.com/{repo}/blob/{COMMIT}/scoring/evaluate_wer.py#L4"
    evidence = {"text": f"{repo}@{COMMIT[:8]}", "links": [link]}
    own = {
        "id": "nordsee",
        "title": "Re-running SALMONN by the sea",
        "name": "NORDSEE re-run",
        "links": [link],
        "authors": ["\u00c5sa Lindqvist"],
        "venue": "slides",
        "record": "literature/works/nordsee.yaml",
        "code": {"available": "yes", "repo": repo, "commit": COMMIT},
        "relation": "reproduction-team",
        "entries": [{"conventions": ["nordsee"], "evidence": [evidence]}],
    }
    return {
        "works": [
            {"id": "bonzi", "title": "Another", "links": ["https://example.org/x", link]},
            own,
            {"id": "zebra", "title": "A last one"},
        ],
        "matrix": [{"work": name, "cells": []} for name in ("bonzi", "nordsee", "zebra")],
        "bibliography": [
            {"work": "bonzi", "text": "B. Bonzi: Another."},
            {"work": "nordsee", "text": "\u00c5sa Lindqvist: Re-running SALMONN by the sea.", "links": [link]},
            {"work": "zebra", "text": "Z. Zebra: A last one."},
        ],
    }


def literature() -> dict[str, str]:
    """The files of the literature, by their names below `literature/`."""
    return {
        "reproductions/nordsee.yaml": REPRODUCTION,
        "works/nordsee.yaml": WORK,
        "works/others.yaml": OTHER,
        "sets/plain.yaml": "id: plain\nname: A set that names nobody\n",
    }


def write_out(out: Path, change: Any = None) -> Path:
    """The output folder of an audit by the team; `change` may write into the JSON value first."""
    value = audit_value()
    if change is not None:
        change(value)
    files = {f"literature/{name}": text.encode() for name, text in literature().items()}
    files["counts/asr-librispeech-clean/wer/nordsee-finished.csv"] = b"id,errors,words\na,0,3\n"
    files["audit.json"] = canonical_json.dumps(value)
    for name, data in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)
    return out


def render(raw: bytes, language: Language) -> dict[str, bytes]:
    """The reports that need no layout, and a short PDF with audit.json attached."""
    document = made.document(json.loads(raw))
    reports = {name: make(document, language) for name, make in RENDERERS.items() if not name.endswith(".pdf")}
    return {**reports, "report.pdf": made.render_pdf(raw)}


def make(out: Path, **options: Any) -> blind_edition.Made:
    """Make the blind edition of `out`."""
    return blind_edition.make(out, blind_edition.Request(**options), render)
