"""The cache's entries: what names them, what damages them, what is left of them after a kill."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit import score_cache
from audit.score_cache import SOURCES, ScoreCache
from tasks.step import digest

ROOT = Path(__file__).resolve().parent.parent.parent
# Nothing in them decides a count or an interval.
FRAMES = {"audit.errors", "audit.processors", "audit.strict_json", "tasks.errors", "tasks.task"}
# Only asked for a task's conventions, each of which has a hash of its own.
REGISTRY = {"tasks.registry"}


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    score_cache._software.cache_clear()
    yield
    score_cache._software.cache_clear()


def test_what_decides_counts_and_intervals_names_the_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another digest of any one source, code or library, gives another key for the same parts."""
    keys = {ScoreCache.key("a", "b")}
    for changed in SOURCES:
        monkeypatch.setattr(
            score_cache, "digest", lambda source, changed=changed: "0" * 64 if source == changed else digest(source)
        )
        score_cache._software.cache_clear()
        keys.add(ScoreCache.key("a", "b"))
    assert len(keys) == len(SOURCES) + 1
    monkeypatch.undo()
    score_cache._software.cache_clear()
    assert ScoreCache.key("a", "b") in keys


def test_the_software_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(score_cache, "digest", lambda source: asked.append(source) or "0" * 64)
    assert ScoreCache.key("a") != ScoreCache.key("b")
    assert asked == list(SOURCES)


def test_the_libraries_are_named() -> None:
    assert {"version:numpy", "version:rapidfuzz"} < set(SOURCES)


def imports(module: str) -> set[str]:
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name for name in names if name.split(".")[0] in ("audit", "tasks")}


def test_every_module_that_scoring_takes_from_is_named() -> None:
    named = {source.removeprefix("module:") for source in SOURCES if source.startswith("module:")}
    assert {"audit.score", "audit.counting", "tasks.resampling"} < named
    assert {other for module in named for other in imports(module)} - named - FRAMES == REGISTRY
