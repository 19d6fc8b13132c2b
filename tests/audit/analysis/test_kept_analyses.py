"""Kept analyses: what names an entry, what damages one, and the phrases in it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.analysis import kept_analyses
from audit.analysis.kept_analyses import FOLDER, SOURCES, KeptAnalyses, of_conventions, of_task
from audit.literature.known_tasks import known_tasks
from audit.scoring.entries import write_entry
from tasks.phrase import Phrased, joined, phrase
from tasks.step import digest


@dataclass(frozen=True)
class Told:
    """A result."""

    texts: tuple[str, ...]
    more: Inner | None = None


@dataclass(frozen=True)
class Inner:
    """A part of one."""

    text: str
    number: int


@dataclass(frozen=True)
class Another:
    """A result of another kind with the same fields."""

    texts: tuple[str, ...]
    more: Inner | None = None


FOUND = Told(("plain", "\ud800"), Inner("a", 3))


def entries(folder: Path) -> list[Path]:
    return [path for path in (folder / FOLDER).rglob("*") if path.is_file()]


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    kept = KeptAnalyses(tmp_path, ("rows", "meta"))
    assert kept.get(Told, ("a",)) is None
    kept.put(Told(("one",), Inner("a", 3)), ("a",))
    assert kept.get(Told, ("a",)) == Told(("one",), Inner("a", 3))


def test_another_question_subject_or_kind_is_another_entry(tmp_path: Path) -> None:
    kept = KeptAnalyses(tmp_path, ("rows", "meta"))
    kept.put(FOUND, ("a", "b"))
    for other, kind, question in (
        (kept, Told, ("a",)),
        (kept, Told, ("b", "a")),
        (kept, Told, ("ab",)),
        (kept, Another, ("a", "b")),
        (KeptAnalyses(tmp_path, ("rows",)), Told, ("meta", "a", "b")),
        (KeptAnalyses(tmp_path, ("other", "meta")), Told, ("a", "b")),
    ):
        assert other.get(kind, question) is None


@pytest.mark.parametrize("changed", [*SOURCES, "version:numpy"])
def test_other_code_is_another_entry(changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audit.scoring import cache

    kept = KeptAnalyses(tmp_path, ("rows",))
    kept.put(Told(("one",)), ())
    for module in (kept_analyses, cache):
        monkeypatch.setattr(module, "digest", lambda source: "0" * 64 if source == changed else digest(source))
    cache._software.cache_clear()
    assert kept.get(Told, ()) is None
    monkeypatch.undo()
    cache._software.cache_clear()
    assert kept.get(Told, ()) == Told(("one",))


def test_a_damaged_entry_is_none(tmp_path: Path) -> None:
    kept = KeptAnalyses(tmp_path, ("rows",))
    kept.put(Told(("one",)), ("a",))
    (path,) = entries(tmp_path)
    whole = path.read_bytes()
    for damaged in (b"", whole[:-1], whole[:40], whole[:50] + b"x" + whole[51:], whole + b"x"):
        path.write_bytes(damaged)
        assert kept.get(Told, ("a",)) is None
    path.write_bytes(whole)
    assert kept.get(Told, ("a",)) == Told(("one",))
    kept.put(Told(("two",)), ("b",))
    (other,) = set(entries(tmp_path)) - {path}
    shutil.copyfile(path, other)
    assert kept.get(Told, ("b",)) is None


@pytest.mark.parametrize(
    "content",
    ['{"texts": [1]}\n[]', '{"texts": ["a"], "others": 1}\n[]', '{"texts": ["a"]}\n', '{"texts": ["a"]}\n[["{a}", {}]]',
     '{"texts": ["a"]}\n[["b", {"c": 1}]]', '{"texts": ["a"]}\n[3]', '{"texts": ["a"]}\n3', "x"],
)  # fmt: skip
def test_an_entry_of_another_program_is_none(content: str, tmp_path: Path) -> None:
    kept = KeptAnalyses(tmp_path, ("rows",))
    kept.put(Told(("one",)), ())
    (path,) = entries(tmp_path)
    write_entry(path.parents[1], path.name, content.encode())
    assert kept.get(Told, ()) is None


def test_phrases_stay_phrases(tmp_path: Path) -> None:
    """A report in another language looks a sentence up by its template."""
    inner = phrase("{n} rows", n=3)
    texts = (phrase("no number: {why}", why=inner), joined(["a", inner], "; "), "plain")
    kept = KeptAnalyses(tmp_path)
    kept.put(Told(texts, Inner(inner, 1)), ())
    found = kept.get(Told, ())
    assert found == Told(texts, Inner(inner, 1))
    assert found is not None
    first, second, third = found.texts
    assert isinstance(first, Phrased)
    assert (first.template, first.values) == ("no number: {why}", {"why": inner})
    assert isinstance(first.values["why"], Phrased)
    assert isinstance(second, Phrased)
    assert type(third) is str
    assert found.more is not None
    assert isinstance(found.more.text, Phrased)


def test_nothing_is_kept_without_a_folder_or_where_it_cannot_be_written(tmp_path: Path) -> None:
    KeptAnalyses().put(FOUND, ())
    assert KeptAnalyses().get(Told, ()) is None
    (tmp_path / FOLDER).write_bytes(b"")
    KeptAnalyses(tmp_path).put(FOUND, ())
    assert KeptAnalyses(tmp_path).get(Told, ()) is None


def test_what_tells_tasks_and_conventions_apart() -> None:
    known = known_tasks()
    assert len({of_task(task) for task in known.values()}) == len(known)
    rules = known["asr-librispeech-clean"].conventions["wer"]
    missing = next(rule for rule in rules if rule.unavailable())
    told = json.loads(of_conventions(rules))
    assert [missing.id, missing.unavailable()] in told
    assert all([rule.id, rule.hash] in told for rule in rules if not rule.unavailable())
