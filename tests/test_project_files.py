"""The files at the top of the checkout agree with one another, and links between pages lead somewhere."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^()\s]+)\)")


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in link and not link.startswith("mailto:"):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_there_are_links_to_follow() -> None:
    assert sum(len(LINK.findall(page.read_text(encoding="utf-8"))) for page in PAGES) > 40


def test_the_version_is_stated_once_more_and_is_the_same() -> None:
    assert str(read("CITATION.cff")["version"]) == project()["project"]["version"]


def test_archives_know_the_same_version_and_authors() -> None:
    cited = read("CITATION.cff")
    zenodo, codemeta = (json.loads((ROOT / name).read_text("utf-8")) for name in (".zenodo.json", "codemeta.json"))
    assert {str(cited["version"])} == {zenodo["version"], codemeta["version"]}
    names = [author["name"] for author in cited["authors"]]
    assert names == [one["name"] for one in zenodo["creators"]] == [one["name"] for one in codemeta["author"]]
    assert zenodo["title"] == cited["title"]
    assert codemeta["description"] == zenodo["description"] == project()["project"]["description"]


def test_the_authors_are_those_of_the_citation() -> None:
    cited = [author["name"] for author in read("CITATION.cff")["authors"]]
    assert [author["name"] for author in project()["project"]["authors"]] == cited


def test_before_a_commit_the_linters_of_the_lint_session_run() -> None:
    (repo,) = read(".pre-commit-config.yaml")["repos"]
    wanted = {requirement for hook in repo["hooks"] for requirement in hook["additional_dependencies"]}
    assert wanted == set(project()["dependency-groups"]["lint"])


@pytest.mark.parametrize(
    ("workflow", "command"), [("ci", "bash .ci/run"), ("docs", "nox -s docs"), ("release", "nox -s package")]
)
def test_workflows_run_what_a_developer_runs(workflow: str, command: str) -> None:
    jobs = read(f".github/workflows/{workflow}.yml")["jobs"].values()
    assert command in [step.get("run") for job in jobs for step in job.get("steps", [])]


def test_workflows_may_only_read_unless_a_job_says_otherwise() -> None:
    for file in (ROOT / ".github" / "workflows").iterdir():
        assert read(str(file.relative_to(ROOT)))["permissions"] == {"contents": "read"}, file


def test_every_dependency_has_its_line() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Dependencies")[2]
    data = project()
    lines = [*data["project"]["dependencies"], *data["project"]["optional-dependencies"]["test"]]
    lines += [one for group in data["dependency-groups"].values() for one in group]
    names = {re.split(r"[\[<>=]", line)[0].lower() for line in lines if not line.startswith("types-")}
    assert names - set(re.findall(r"[a-z0-9-]+", table.lower())) == set()


def test_no_possessive_group_is_left_to_the_standard_library() -> None:
    """`re` of Python 3.11.0 to 3.11.4 misreads one whose inside can be matched in several ways; `regex` does not."""
    calls = []
    for path in sorted([*(ROOT / "audit").rglob("*.py"), *(ROOT / "tasks").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re."):
                calls.append(path)
                texts = [
                    part.value
                    for part in ast.walk(node)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                ]
                assert not [text for text in texts if re.search(r"\)(?:[*+?]|\{[\d,]*\})\+|\(\?>", text)], (
                    path,
                    node.lineno,
                )
    assert len(calls) > 100
