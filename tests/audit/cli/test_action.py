"""The GitHub Action: the steps of action.yml on a study in a repository, with the real `gh` before an API of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from audit.document.read import load_document
from audit.document.write import to_bytes
from audit.schema import Verdict
from tests.support import audited_study
from tests.support.github import Comments, Run, api, condition, filled, run_action
from tests.support.paths import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
GIT = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]


@dataclass
class Repository:
    """A checkout with a study, and a runner for it."""

    path: Path
    folder: Path
    comments: Comments
    socket: Path

    def run(self, event: str = "pull_request", **inputs: str) -> Run:
        programs = self.folder / "bin"
        environment = {
            **os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
            "GITHUB_REPOSITORY": "owner/paper", "GH_CONFIG_DIR": str(self.folder / "gh"), "NO_COLOR": "1",
            "PIP_LOG_HERE": str(self.folder / "pip"),
        }  # fmt: skip
        github = {"action_path": str(ROOT), "token": "a-token", "event.number": "7", "event_name": event}
        return run_action(ACTION, {"folder": "study", **inputs}, github, self.path, self.folder, environment)

    def baseline(self, verdict: Verdict) -> str:
        """An earlier audit in which every claim has this verdict; its path in the repository."""
        audit = load_document(self.folder / "audit.json")
        changed = replace(audit, verdicts=tuple(replace(one, verdict=verdict) for one in audit.verdicts))
        (self.path / "study/audit.json").write_bytes(to_bytes(changed))
        return "study/audit.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with predictions, in which the claim holds, and its audit."""
    return audited_study.make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def repository(made: Path, tmp_path: Path) -> Iterator[Repository]:
    if shutil.which("gh") is None:
        pytest.skip("needs gh (apt-get install gh)")
    path = tmp_path / "paper"
    (path / "study").mkdir(parents=True)
    shutil.copy(made / "study.yaml", path / "study")
    shutil.copytree(made / "predictions", path / "study/predictions")
    # The report's layout is tested elsewhere.
    (path / "study/repro-audit.toml").write_text('[run]\nformat = "csv"\nno-package = true\nreplicates = 0\n', "utf-8")
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "x"]):
        subprocess.run([*GIT, *words], cwd=path, check=True)
    programs = tmp_path / "bin"
    programs.mkdir()
    # The runner's Python, which is asked to install the action; the program is this checkout's.
    for name, line in (
        ("python", 'echo "$*" >>"$PIP_LOG_HERE"'),
        ("repro-audit", f'exec "{sys.executable}" -m audit "$@"'),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{line}\n", "utf-8")
        (programs / name).chmod(0o755)
    shutil.copy(made / "out/audit.json", tmp_path)
    comments = Comments()
    (tmp_path / "gh").mkdir()
    with tempfile.TemporaryDirectory(prefix="ra-") as short:  # a socket's name must be short
        socket = Path(short, "s")
        (tmp_path / "gh/config.yml").write_text(f"http_unix_socket: {socket}\n", "utf-8")
        with api(socket, comments):
            yield Repository(path, tmp_path, comments, socket)


def test_every_step_is_of_a_known_kind() -> None:
    assert ACTION["runs"]["using"] == "composite"
    for step in ACTION["runs"]["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert "run" not in step or step["shell"] == "bash"
        # Whoever opens a pull request may choose names; a shell must not see them as its own text.
        assert "${{" not in step.get("run", "")


def test_a_pull_request_gets_the_table_and_keeps_one_comment(repository: Repository) -> None:
    repository.comments.kept += [
        {"id": 1, "user": {"type": "Bot"}, "body": "another action's"},
        {"id": 2, "user": {"type": "User"}, "body": "<!-- repro-audit study -->\nwritten by a person"},
    ]
    done = repository.run()
    assert done.codes == {"Install": 0, "Audit": 0, "Comment": 0}, done.output
    assert (repository.folder / "pip").read_text() == f"-m pip install --quiet {ROOT}\n"
    first, second, ours = repository.comments.kept
    assert (first["body"], second["user"]["type"]) == ("another action's", "User")
    lines = ours["body"].splitlines()
    assert lines[0] == "<!-- repro-audit study -->"
    assert "| claim | reported | found | verdict | convention |" in lines
    assert lines[-1].startswith("| `t-1.wer` | 10.0 | 10.000000 | **justified** | ")
    assert (repository.folder / "summary.md").read_text("utf-8") == "".join(f"{line}\n" for line in lines[1:])
    audit = Path(done.outputs["audit.audit"])
    assert audit == repository.path / "study/out/audit.json"
    # A later push writes into the same comment; that a verdict got worse is seen in it, and in the exit code.
    again = repository.run(baseline=repository.baseline(Verdict.REPRODUCED))
    assert again.codes == {"Install": 0, "Audit": 1, "Comment": 0}, again.output
    assert "worse: t-1.wer" in again.output
    assert repository.comments.kept[:2] == [first, second]
    assert len(repository.comments.kept) == 3
    assert repository.comments.kept[2]["body"].endswith("| reproduced |\n")
    assert repository.comments.asked[-1] == "PATCH /repos/owner/paper/issues/comments/102"
    # A verdict that got better, and one that is required.
    assert not repository.run(baseline=repository.baseline(Verdict.NOT_REPRODUCED)).failed
    assert repository.run(require="reproduced").codes["Audit"] == 1
    assert not repository.run(require="reproduced,justified").failed


def test_a_pull_request_from_a_fork_may_not_comment(repository: Repository) -> None:
    repository.comments.refuse = True
    done = repository.run()
    assert not done.failed, done.output
    assert "::warning::repro-audit: no comment was written" in done.output
    assert repository.comments.kept == []
    assert "t-1.wer" in (repository.folder / "summary.md").read_text("utf-8")


@pytest.mark.parametrize(("event", "comment"), [("push", "true"), ("pull_request", "false")])
def test_no_comment_where_none_is_wanted(event: str, comment: str, repository: Repository) -> None:
    (repository.path / "study/study.yaml").write_text("id: broken\n", "utf-8")
    done = repository.run(event, comment=comment, version="repro-audit==1.2.3")
    assert done.codes == {"Install": 0, "Audit": 2}
    assert (repository.folder / "pip").read_text() == "-m pip install --quiet repro-audit==1.2.3\n"
    assert repository.comments.asked == []


def test_an_audit_that_fails_has_no_table(repository: Repository) -> None:
    (repository.path / "study/study.yaml").write_text("id: broken\n", "utf-8")
    done = repository.run()
    assert done.codes == {"Install": 0, "Audit": 2, "Comment": 0}
    assert repository.comments.asked == []


def test_expressions() -> None:
    known = {"inputs.a": "", "github.b": "x", "inputs.c": "true"}
    assert filled("${{ inputs.a || github.b }}/y", known) == "x/y"
    assert condition("always() && inputs.c == 'true'", known, failed=True)
    assert not condition("success()", known, failed=True)
    with pytest.raises(KeyError):
        filled("${{ inputs.none }}", known)
