"""`repro-audit conventions --steps` and `--show`: what a convention is composed of, and one to begin from."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from audit._util.paths import LITERATURE
from audit.cli import catalogue_table, main
from audit.cli.catalogue_table import effect
from audit.literature import installed
from audit.literature.declared_conventions import declared_conventions, load_convention
from audit.literature.known_tasks import conventions_of, declared_here, tasks_here
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.rows import RULES, VIEWS
from tasks.catalogue.steps import STEPS
from tasks.registry import families


def out(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["conventions", *arguments]) == 0
    return capsys.readouterr().out


def test_lines_fit_a_terminal_and_are_whole_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(catalogue_table.lines(long=False))
    assert not any(line.endswith("...") for line in whole)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    cut = list(catalogue_table.lines(long=False))
    assert max(map(len, cut)) <= 80
    assert len(cut) == len(whole)


def test_every_part_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = out(capsys, "--steps").splitlines()
    named = [line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("   ")]
    assert sorted(named) == sorted([*STEPS, *RULES, *VIEWS, *METRICS])
    assert '  whisper-english         text   "Dr. Smith\'s colour" -> "doctor smith is color"' in lines
    assert "  ja-mecab                tokens" in "\n".join(lines)


def test_effects_fit_their_lines() -> None:
    """What is cut tells nothing."""
    cut = [name for name, step in STEPS.items() if not step.missing() and len(effect(step)) > 47]
    assert cut == []


def test_line_ends_are_visible() -> None:
    assert effect(STEPS["first-line"]) == '"\\nHello.\\nBye." -> "Hello."'
    assert effect(STEPS["split-full-stops"]) == '"One. Two? No." -> "One" + "Two? No"'


def test_the_long_form_names_the_signature(capsys: pytest.CaptureFixture[str]) -> None:
    text = out(capsys, "--steps", "--long")
    assert f"in signatures: {STEPS['whisper-english'].step.signature}\n" in text
    assert "\n      Whisper's English normaliser.\n" in text


def test_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(out(capsys, "--steps", "--json"))
    found = {step["name"]: step for step in data["steps"]}
    assert list(found) == list(STEPS)
    assert found["lower"]["effect"] == "dr. smith"
    assert found["lower"]["kind"] == "text"
    (wer,) = [metric for metric in data["metrics"] if metric["name"] == "wer"]
    assert wer["options"]["fold"] == ["corpus", "mean"]


def test_a_convention_is_shown_with_a_file_to_begin_from(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = out(capsys, "--show", "slam-llm", "asr-librispeech-clean")
    head, _, yaml = text.partition("\n\n")
    assert head.splitlines()[0] == "wer of asr-librispeech-clean"
    yaml = yaml.replace("REPLACE with the full commit id", "a" * 40).replace("REPLACE with the file", "a.py")
    path = tmp_path / "slam-llm.yaml"
    path.write_text(yaml.replace("OWNER/NAME", "o/n"), encoding="utf-8")
    assert load_convention(path).convention.hash in head


def test_one_id_may_stand_for_several(capsys: pytest.CaptureFixture[str]) -> None:
    text = out(capsys, "--show", "slam-llm")
    assert text.count("schema: repro-audit/convention/1") > 2
    assert re.search(r"^wer of [^|]*\basr-librispeech-clean\b", text, re.MULTILINE)
    assert re.search(r"^bleu of [^|]*\bst-en-ja\b", text, re.MULTILINE)


def test_one_in_yaml_and_one_that_cannot_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert "wer of any task of the family asr" in out(capsys, "--show", "bonzi")
    assert "It cannot be written in YAML" in out(capsys, "--show", "paper-judge")


def test_an_unknown_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conventions", "--show", "slam-lm"]) == 2
    shown = capsys.readouterr().err
    assert "there is no convention 'slam-lm'" in shown
    assert "slam-llm" in shown


def test_every_family_is_listed_with_its_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    lines = out(capsys, "--families").splitlines()
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if not line.startswith(" ")] == list(families())
    listed = json.loads(out(capsys, "--families", "--json"))
    translation = next(entry for entry in listed if entry["id"] == "translation")
    assert translation["metrics"] == ["bleu", "chrf", "chrfpp", "ter"]
    assert [(p["name"], p["required"]) for p in translation["parameters"]] == [("target", True), ("references", False)]


def test_conventions_in_yaml_that_no_task_names_come_last(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the project, and those beside a study of one's own."""
    (tmp_path / "conventions").mkdir()
    text = (LITERATURE / "conventions" / "bonzi.yaml").read_text(encoding="utf-8")
    (tmp_path / "conventions" / "mine.yaml").write_text(text.replace("id: bonzi", "id: mine"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    lines = out(capsys).splitlines()
    start = lines.index("in YAML, for tasks of a study that name them")
    found = [line.split()[:3] for line in lines[start + 1 :]]
    assert found == [[one.family, one.metric, one.id] for one in declared_conventions() if one not in declared_here()]
    assert ["asr", "wer", "mine"] in found
    assert max(map(len, lines)) <= 80


def test_the_list_asks_for_each_program_and_for_entry_points_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib import metadata

    from tasks import entry_points
    from tasks.metrics import spice

    asked: list[str] = []
    monkeypatch.setattr(spice, "java", lambda: asked.append("java"))
    listed = metadata.entry_points
    monkeypatch.setattr(entry_points, "entry_points", lambda: asked.append("entry points") or listed())
    for known in (entry_points._all, installed.folders, families):
        known.cache_clear()
    once = out(capsys)
    conventions = conventions_of(tasks_here()).values()
    # Of SPICE alone, and of SPICE with its tokenizer.
    spices = {one.unavailable for one in conventions if "spice" in one.metric.id or "spider" in one.metric.id}
    assert 1 <= asked.count("java") <= len(spices) < sum(one.unavailable in spices for one in conventions)
    assert asked.count("entry points") == 1
    assert "spice" in once
