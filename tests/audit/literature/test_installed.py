"""Studies, cards, conventions and families of an installed package, by its entry points."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.literature.sets import SETS
from tests.support.paths import ROOT

STUDY = """
schema: repro-audit/study/2
id: guest
title: A guest, Table 1
paper: {title: A guest, authors_first: G. Uest, year: 2026, venue: Nowhere, arxiv: null, url: null}
model: Guest
variants: {only: The only one.}
sources: {table: Made up.}
tasks:
  - {id: guest-asr, family: asr, set: guest-set, conventions: [guest-wer]}
  - {id: guest-count, family: counting}
margins:
  wer: {value: "0", kind: assumed, reason: Made up.}
  accuracy: {value: "0", kind: assumed, reason: Made up.}
claims:
  - id: guest-asr.wer
    task: guest-asr
    metric: wer
    value: "2.0"
    unit: percent
    direction: lower
    locator: {table: Table 1, row: a, column: b}
  - id: guest-count.accuracy
    task: guest-count
    metric: accuracy
    value: "50"
    unit: percent
    direction: higher
    locator: {table: Table 1, row: c, column: b}
"""
CONVENTION = """
schema: repro-audit/convention/1
id: guest-wer
family: asr
summary: Lower case, words between white space.
metric: wer
hypothesis: [lower, words]
reference: [lower, words]
work: Guest
evidence:
  - {kind: none, verified: false, steps: []}
"""
FAMILY = """
from tasks.convention import Convention
from tasks.family import Family
from tasks.metrics.accuracy import Accuracy
from tasks.row import ReferenceType

SAME = Convention("same", "The output equals the reference.", Accuracy())
FAMILY = Family("counting", "Counting: accuracy.", lambda _: {"accuracy": (SAME,)}, ReferenceType.TEXT)
"""
ENTRY_POINTS = """
[repro_audit.studies]
guest = guest_data

[repro_audit.conventions]
guest = guest_data:rules

[repro_audit.families]
guest = guest_data.family:FAMILY
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with an installed package, as pip leaves it."""
    package = tmp_path / "site" / "guest_data"
    card = (SETS / "sac-inhouse.yaml").read_text(encoding="utf-8").replace("id: sac-inhouse", "id: guest-set")
    for name, text in {
        "__init__.py": "",
        "family.py": FAMILY,
        "studies/guest.yaml": STUDY,
        "sets/guest-set.yaml": card,
        "rules/guest-wer.yaml": CONVENTION,
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text, encoding="utf-8")
    info = tmp_path / "site" / "guest_data-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: guest-data\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    return tmp_path / "site"


def command(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)])}
    return subprocess.run(
        [sys.executable, "-m", "audit", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_package_brings_studies_cards_conventions_and_families(site: Path, tmp_path: Path) -> None:
    listed = command(site, tmp_path, "conventions", "--families", "--json")
    assert listed.returncode == 0, listed.stderr
    assert "counting" in {family["id"] for family in json.loads(listed.stdout)}
    done = command(site, tmp_path, "run", "--study", "guest", "--format", "csv", "--no-cache")
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "out" / "audit.json").read_bytes())
    conventions = {(c["task"], c["id"]) for c in document["conventions"]}
    assert {("guest-asr", "guest-wer"), ("guest-count", "same")} <= conventions
    assert {
        "literature/studies/guest.yaml",
        "literature/sets/guest-set.yaml",
        "literature/conventions/guest-wer.yaml",
    } <= {entry["path"] for entry in document["inputs"]}


def test_its_tasks_are_known_to_other_commands(site: Path, tmp_path: Path) -> None:
    row = {"id": "1", "hypothesis": "A b", "reference": "a b"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    imported = ["import", "jsonl", "rows.jsonl", "--task", "guest-asr", "--model", "Guest", "--variant", "only"]
    done = command(site, tmp_path, *imported)
    assert done.returncode == 0, done.stderr
    scored = command(site, tmp_path, "score", "guest-asr", "--replicates", "0")
    assert "guest-wer" in scored.stdout
