"""What a repository uses: the action's script, `diff --fail-on worse`, the badge, the hook."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from audit.cli import main
from audit.document.read import load_document
from audit.document.write import to_bytes
from audit.provenance.diff import _GROUPS
from audit.report.badge import message
from audit.schema import AuditDocument, Verdict
from tests.support import audited_study
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study, its predictions and its audit, in which the claim holds."""
    return audited_study.make(tmp_path_factory.mktemp("study"))


def with_verdict(audit: AuditDocument, verdict: Verdict) -> AuditDocument:
    return replace(audit, verdicts=tuple(replace(one, verdict=verdict) for one in audit.verdicts))


def written(audit: AuditDocument, path: Path) -> Path:
    path.write_bytes(to_bytes(audit))
    return path


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (Verdict.REPRODUCED, Verdict.JUSTIFIED, 1),
        (Verdict.JUSTIFIED, Verdict.REPRODUCED, 0),
        (Verdict.JUSTIFIED, Verdict.NOT_RUN, 1),
        (Verdict.NOT_RUN, Verdict.NOT_REPRODUCED, 1),
        (Verdict.UNDECIDED, Verdict.NOT_RUN, 0),
        (Verdict.NOT_REPRODUCED, Verdict.JUSTIFIED, 0),
    ],
)
def test_a_verdict_that_got_worse(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], before: Verdict, after: Verdict, code: int
) -> None:
    audit = load_document(study / "out" / "audit.json")
    one, two = (written(with_verdict(audit, v), tmp_path / f"{n}.json") for n, v in (("a", before), ("b", after)))
    assert main(["diff", str(one), str(two), "--fail-on", "worse"]) == code
    assert ("worse: t-1.wer" in capsys.readouterr().err) is (code == 1)
    assert main(["diff", str(one), str(two), "--fail-on", "moved"]) == 1
    assert main(["diff", str(one), str(two)]) == 0


def test_every_verdict_has_its_place() -> None:
    placed = [one for group in _GROUPS for one in group if one is not None]
    assert sorted(placed) == sorted(str(verdict) for verdict in Verdict)


def test_the_table_of_a_pull_request(study: Path, tmp_path: Path) -> None:
    audit = load_document(study / "out" / "audit.json")
    before = written(with_verdict(audit, Verdict.NOT_RUN), tmp_path / "a.json")
    assert main(["diff", str(before), str(study / "out" / "audit.json"), "--markdown", str(tmp_path / "t.md")]) == 0
    lines = (tmp_path / "t.md").read_text("utf-8").splitlines()
    assert lines[1] == "| claim | reported | found | verdict | convention | before |"
    assert lines[3].startswith("| `t-1.wer` | 10.0 | 10.0")
    assert lines[3].endswith("| not-run |")


@pytest.mark.parametrize(
    ("verdict", "words", "colour"),
    [
        (Verdict.JUSTIFIED, "1 of 1 claims hold", "#1b7f3b"),
        (Verdict.NOT_REPRODUCED, "0 of 1 claims hold", "#b42318"),
        (Verdict.UNDOCUMENTED, "0 of 1 claims hold", "#8a6100"),
        (Verdict.NOT_RUN, "nothing measured", "#555555"),
    ],
)
def test_the_badge(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], verdict: Verdict, words: str,
                   colour: str) -> None:  # fmt: skip
    audit = with_verdict(load_document(study / "out" / "audit.json"), verdict)
    assert message(audit) == (words, colour)
    path = written(audit, tmp_path / "audit.json")
    assert main(["badge", str(path), "--out", str(tmp_path / "badge.svg")]) == 0
    root = ET.fromstring((tmp_path / "badge.svg").read_text("utf-8"))  # our own file
    assert root.attrib["aria-label"] == f"repro-audit: {words}"
    capsys.readouterr()
    assert main(["badge", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "schemaVersion": 1, "label": "repro-audit", "message": words, "color": colour.lstrip("#"),
    }  # fmt: skip


def test_the_hook_checks_studies(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    program, *command = hook["entry"].split()
    assert program == "repro-audit"
    # Its placeholders are to be filled in.
    assert main([*command, str(study / "study.yaml"), str(study / "study.yaml")]) == 1
    assert capsys.readouterr().out.count("1 claims, 1 tasks") == 2


def test_the_development_container() -> None:
    """Its image is named, and its command is made of what the checkout has and what was installed before."""
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text("utf-8"))
    assert container["image"].startswith("mcr.microsoft.com/devcontainers/python:3.11")
    packages, environment, installed, hooks = (part.split() for part in container["postCreateCommand"].split(" && "))
    # As root only the system's packages; what belongs to the user is made by the user.
    assert packages == ["sudo", "sh", "scripts/setup", "tests", "packages"]
    assert environment == ["sh", "scripts/setup", "tests"]
    assert installed[:4] == [".venv/bin/python", "-m", "pip", "install"]
    assert any(word.strip("'").startswith("pre-commit") for word in installed)
    assert hooks == [".venv/bin/pre-commit", "install"]
    assert (ROOT / ".pre-commit-config.yaml").is_file()


def test_setup_says_what_it_takes() -> None:
    for words in ([], ["tests", "everything"], ["all"]):
        done = subprocess.run(["sh", str(ROOT / "scripts/setup"), *words], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "scripts/setup tests packages" in done.stderr
