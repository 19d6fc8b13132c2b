"""Code paths of records are opened in repositories made here."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from audit.cli.commands import literature
from audit.errors import MissingError
from audit.literature.checkouts import open_all
from audit.literature.lint import lint
from audit.literature.works import Work
from tests.support.literature_records import record

NINE_LINES = "".join(f"line {n}\n" for n in range(1, 9)) + "line 9"  # the last one without a line feed


def git(folder: Path, *arguments: str) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false", *arguments],
        cwd=folder,
        env={**clean, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def repository(folder: Path) -> str:
    """A repository with score.py (9 lines) and tools/a.py; its commit. A later commit deletes score.py."""
    (folder / "tools").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "score.py").write_text(NINE_LINES, encoding="utf-8")
    (folder / "tools" / "a.py").write_text("", encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "one")
    commit = git(folder, "rev-parse", "HEAD")
    git(folder, "rm", "-q", "score.py")
    git(folder, "commit", "-q", "-m", "two")
    return commit


def found(tmp_path: Path, commit: str, *changes: tuple[str, str]) -> tuple[list[str], list[str]]:
    """The results and problems for one record, with its folder as `works`."""
    text = record("one").replace("a" * 40, commit)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    works = tmp_path / "works"
    works.mkdir(exist_ok=True)
    (works / "one.yaml").write_text(text, encoding="utf-8")
    records, _ = lint({}, works)
    assert records
    results, problems = open_all(records, tmp_path / "code")
    return [str(r) for r in results], [str(p).replace(str(works), "works").split("\n")[0] for p in problems]


@pytest.mark.parametrize("name", ["owner+name", "owner/name", "owner+name/repo", "owner/name/repo"])
@pytest.mark.parametrize("bare", [False, True])
def test_a_path_opens_at_its_commit_wherever_the_checkout_lies(tmp_path: Path, name: str, bare: bool) -> None:
    place = tmp_path / "code" / name
    if bare:
        source = tmp_path / "source"
        commit = repository(source)
        place.parent.mkdir(parents=True)
        git(tmp_path, "clone", "-q", "--bare", str(source), str(place))
    else:
        commit = repository(place)
    assert found(tmp_path, commit) == (["one: 2 of 2 paths opened"], [])


def test_a_path_that_its_commit_does_not_have(tmp_path: Path) -> None:
    commit = repository(tmp_path / "code" / "owner" / "name")
    wrong = ("        path: score.py", "        path: scripts/score.py")
    assert found(tmp_path, commit, wrong) == (
        ["one: 1 of 1 paths opened"],
        [f"works/one.yaml:40: tasks[0].evidence[0].path: owner/name@{commit[:8]} has no scripts/score.py"],
    )
    later = git(tmp_path / "code" / "owner" / "name", "rev-parse", "HEAD")  # score.py was deleted there
    _, problems = found(tmp_path, later)
    assert [problem.split(": ", 1)[1] for problem in problems] == [
        f"code.paths[0]: owner/name@{later[:8]} has no score.py",
        f"tasks[0].evidence[0].path: owner/name@{later[:8]} has no score.py",
    ]


@pytest.mark.parametrize("lines", ["9", "1-9", "2,8-9"])
def test_lines_that_exist(tmp_path: Path, lines: str) -> None:
    commit = repository(tmp_path / "code" / "owner+name")
    assert found(tmp_path, commit, ("lines: 1-9", f'lines: "{lines}"'))[1] == []


@pytest.mark.parametrize("lines", ["10", "8-10", "2,8-10"])
def test_lines_that_do_not_exist(tmp_path: Path, lines: str) -> None:
    commit = repository(tmp_path / "code" / "owner+name")
    assert found(tmp_path, commit, ("lines: 1-9", f'lines: "{lines}"'))[1] == [
        f"works/one.yaml:40: tasks[0].evidence[0].path: score.py in owner/name@{commit[:8]} has 9 lines, no line 10"
    ]


def test_a_folder_opens_and_has_no_lines(tmp_path: Path) -> None:
    commit = repository(tmp_path / "code" / "owner+name")
    assert found(tmp_path, commit, ("  paths: [score.py]", "  paths: [tools/]"))[1] == []
    assert found(tmp_path, commit, ("        path: score.py", "        path: tools"))[1] == [
        f"works/one.yaml:40: tasks[0].evidence[0].path: tools is not a file in owner/name@{commit[:8]}, so it has no lines"
    ]


def test_an_empty_file_has_no_line(tmp_path: Path) -> None:
    commit = repository(tmp_path / "code" / "owner+name")
    wrong = ("        path: score.py\n        lines: 1-9", "        path: tools/a.py\n        lines: '1'")
    assert "has 0 lines, no line 1" in found(tmp_path, commit, wrong)[1][0]


def test_what_is_not_at_hand_is_said_and_no_problem(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    results, problems = found(tmp_path, "b" * 40)
    assert problems == []
    away = "  not opened: owner/name has no checkout: score.py"
    assert results == [f"one: 0 of 2 paths opened\n{away}\n{away}"]
    repository(tmp_path / "code" / "owner+name")
    results, problems = found(tmp_path, "b" * 40)
    assert problems == []
    assert "owner/name@bbbbbbbb is not in the checkout: score.py" in results[0]
    results, problems = found(tmp_path, "b" * 40, (f"commit: {'b' * 40}", "commit: null"))
    assert problems == []
    assert "owner/name, no commit: score.py" in results[0]


def test_a_file_that_a_snapshot_lists_without_its_content(tmp_path: Path) -> None:
    place = tmp_path / "code" / "owner+name"
    commit = repository(place)
    blob = git(place, "rev-parse", f"{commit}:score.py")
    (place / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    results, problems = found(tmp_path, commit)
    assert problems == []
    assert "lists the file without its content: score.py" in results[0]


def test_a_variable_of_git_does_not_lead_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = repository(tmp_path / "code" / "owner+name")
    repository(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "other" / ".git" / "objects"))
    assert found(tmp_path, commit) == (["one: 2 of 2 paths opened"], [])


def test_no_folder_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingError, match="folder of checkouts"):
        open_all([], tmp_path / "none")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(MissingError, match="git"):
        open_all([], tmp_path)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit = repository(tmp_path / "code" / "owner+name")
    found(tmp_path, commit, ("lines: 1-9", "lines: 1-90"))
    parser = argparse.ArgumentParser()
    literature.add_arguments(parser)
    folders = ["--works", str(tmp_path / "works"), "lint", "--checkouts", str(tmp_path / "code")]
    assert literature.run(parser.parse_args(folders)) == 1
    out = capsys.readouterr().out
    assert "one: 1 of 1 paths opened" in out
    assert "has 9 lines, no line 90" in out
    assert "(`verified_by`)" in out


def test_every_record_with_code_is_looked_at(tmp_path: Path) -> None:
    records, _ = lint(literature.known())
    results, problems = open_all(records, tmp_path)
    assert problems == []
    assert {r.work for r in results} == {r.work.id for r in records if r.work.code.paths or _paths(r.work)}


def _paths(work: Work) -> list[str]:
    return [e.path for entry in work.tasks for e in entry.evidence if e.path]
