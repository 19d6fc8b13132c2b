"""The cache's entries: what names them, what damages them, what is left of them after a kill."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from audit.scoring import cache as score_cache
from audit.scoring.cache import SOURCES, Entry, Facts, ScoreCache
from audit.scoring.entries import entry_path
from tasks.statistics.compact import compact
from tasks.step import digest
from tests.support.paths import ROOT

# Nothing in them decides a count or an interval.
FRAMES = {
    "audit.errors",
    "audit._util.child_processes",
    "audit._util.cpu",
    "audit._util.folders",
    "audit._util.garbage",
    "audit._util.progress",
    "audit._util.strict_json",
    "audit._util.typed_json",
    "audit.scoring.account",
    "tasks.arrays",
    "tasks.errors",
    "tasks.phrase",
    "tasks.task",
}
# Named by the conventions whose metrics they are.
FRAMES |= {
    "tasks.backends.parsed_captions",
    "tasks.backends.spice_parser",
    "tasks.metrics.meteor",
    "tasks.metrics.nltk_meteor",
    "tasks.metrics.spice",
}
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
    assert {"audit.scoring.score", "audit.scoring.counting", "tasks.statistics.paired"} < named
    assert {other for module in named for other in imports(module)} - named - FRAMES == REGISTRY


def entry(number: int = 1) -> Entry:
    return Entry(compact(np.array([[number, 300]])), array("i", [0]), Facts({}, 0, None))


def test_an_entry_under_another_name_is_no_entry(tmp_path: Path) -> None:
    cache = ScoreCache(tmp_path)
    one, other = cache.key("one"), cache.key("other")
    cache.put(one, entry(1))
    cache.put(other, entry(2))
    shutil.copyfile(entry_path(tmp_path, one), entry_path(tmp_path, other))
    assert cache.get(other) is None
    found = cache.get(one)
    assert found is not None
    assert found.counts.tolist() == [[1, 300]]


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.audit.scoring import test_cache as t
Path.replace = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)
cache = t.ScoreCache(Path(sys.argv[1]))
cache.put(cache.key("a"), t.entry())
"""


def test_a_kill_between_writing_and_naming_leaves_no_entry(tmp_path: Path) -> None:
    """What it leaves is not taken for an entry, is let be while it may still be another run's, and is removed when old."""
    arguments = [sys.executable, "-c", KILLED, str(tmp_path), str(ROOT)]
    assert subprocess.run(arguments, cwd=ROOT, check=False).returncode == -9
    cache = ScoreCache(tmp_path)
    key = cache.key("a")
    (left,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left.name.startswith(f".{key}.")
    assert left.name.endswith(".tmp")
    assert cache.get(key) is None
    cache.put(key, entry(2))
    assert left.exists()
    os.utime(left, (0, 0))
    cache.put(key, entry(3))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [entry_path(tmp_path, key)]
    found = cache.get(key)
    assert found is not None
    assert found.counts.tolist() == [[3, 300]]
