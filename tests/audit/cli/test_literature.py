from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import load
from audit.cli.commands import literature
from audit.errors import InputError
from audit.literature import known_tasks
from audit.literature.schema import schema
from audit.literature.works import load_works
from tests.support.literature_records import record


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    literature.add_arguments(parser)
    return literature.run(parser.parse_args(arguments))


def test_lint_says_what_is_wrong_and_ends_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.yaml").write_text(record("one").replace("year: 2026", "year: soon"), encoding="utf-8")
    assert run("--works", str(tmp_path), "lint") == 1
    out = capsys.readouterr().out
    assert f'{tmp_path / "one.yaml"}:7: year: "soon" is not an integer' in out
    assert "0 records, " in out


def test_list_narrows_down(capsys: pytest.CaptureFixture[str]) -> None:
    def listed(*arguments: str) -> set[str]:
        assert run("list", *arguments) == 0
        *lines, last = capsys.readouterr().out.splitlines()
        assert last == f"{len(lines)} records"
        return {line.split()[0] for line in lines}

    copied, cited = listed("--treatment", "copied"), listed("--relation", "cited-metric-source", "--task", "er-iemocap")
    assert {"qwen-audio", "qwen2-audio"} <= copied < listed()
    assert copied == {work.id for work in load_works() if work.treatment == "copied"}
    assert "wu2021-emotion" in cited
    assert not cited & copied


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "lp-musiccaps") == 0
    assert "convention: lp-musiccaps, grade B" in capsys.readouterr().out
    with pytest.raises(InputError, match="no record `lpmusiccaps`"):
        run("show", "lpmusiccaps")


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("table") == 0
    out = capsys.readouterr().out
    assert "17  sac-inhouse" in out
    assert "can be checked at all" in out


@pytest.mark.parametrize("name", ["bibtex", "csv"])
def test_exports_are_the_same_on_the_screen_and_in_a_file(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(name) == 0
    shown = capsys.readouterr().out
    path = tmp_path / "works.out"
    assert run(name, "--out", str(path)) == 0
    assert path.read_bytes().decode() == shown
    assert len(shown) > 5000


def test_new_writes_a_template_with_every_field_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--works", str(tmp_path), "new", "brand-new") == 0
    path = tmp_path / "brand-new.yaml"
    assert str(path) in capsys.readouterr().out
    document = load(path)
    rules = schema("work")
    assert set(document.data) == set(rules["properties"])
    assert document.data["id"] == "brand-new"
    lines = path.read_text(encoding="utf-8").splitlines()
    for field, line in document.lines.items():
        if field and isinstance(field[-1], str):  # every key has a comment above it
            above = lines[line - 2].strip()
            assert above.startswith(("#", "- ")) or above.endswith(":"), (field, above)
    text = path.read_text(encoding="utf-8")
    entry = rules["properties"]["tasks"]["items"]
    for name in (*entry["properties"], *schema("common")["$defs"]["evidence"]["properties"]):
        assert f"{name}:" in text, name
    for values in (rules["properties"]["kind"]["enum"], ["evaluated", "copied", "mentioned", "unknown", "none"]):
        assert all(value in text for value in values)
    # As it comes, it fits the schema and fails the lint, until it is filled in.
    assert run("--works", str(tmp_path), "lint") == 1
    out = capsys.readouterr().out
    assert "placeholder `REPLACE`" in out
    assert "1 records, " in out


def test_new_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="already there"):
        run("--works", str(tmp_path), "new", "one")
    assert (tmp_path / "one.yaml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["../escape", "Upper", "a b", "", "x" * 61, "a--b"])
def test_new_takes_ids_only(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is not a valid id"):
        run("--works", str(tmp_path), "new", name)
    assert list(tmp_path.iterdir()) == []


def test_the_template_is_no_record() -> None:
    assert "work.template" not in {p.stem for p in (LITERATURE / "works").glob("*.yaml")}


def test_a_convention_in_yaml_that_a_study_uses_is_not_its_own_rival(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A study of one's own uses `bonzi`: the lint finds nothing wrong with the file, and misses no record of it."""
    study = load(LITERATURE / "studies" / "salmonn.yaml").path.read_text(encoding="utf-8")
    first = "    family: asr\n"
    assert first in study
    (tmp_path / "study.yaml").write_text(
        study.replace(first, f"{first}    conventions: [bonzi]\n", 1), encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(known_tasks, "OWN", tmp_path / "study.yaml")
    assert "bonzi" in [one.id for one in known_tasks.declared_here()]
    assert run("lint") == 0
    assert "`bonzi`" not in capsys.readouterr().out
