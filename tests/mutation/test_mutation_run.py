"""The list of mutants that no test can kill, and how a run is held against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.run import Change, Result, compare, line_of, read_survivors
from tests.support.paths import ROOT


def result(function: str, line: str, mutant: str, status: str) -> Result:
    return Result(f"{function}__mutmut_1", "tasks/x.py", Change(function, line, mutant), status)


def test_every_listed_line_is_in_its_function() -> None:
    for change in read_survivors():
        parts = change.function.split(".")
        depth = max(n for n in range(1, len(parts)) if (ROOT.joinpath(*parts[:n]).with_suffix(".py")).is_file())
        source = ROOT.joinpath(*parts[:depth]).with_suffix(".py").read_text(encoding="utf-8")
        assert line_of(source, ".".join(parts[depth:]), change.line), change
        assert change.line != change.mutant


def test_a_survivor_that_is_not_listed_and_a_listed_one_that_is_dead_are_told() -> None:
    results = [
        result("tasks.x.f", "a", "b", "survived"),
        result("tasks.x.f", "a", "c", "survived"),
        result("tasks.x.f", "", "", "killed"),
        result("tasks.x.f", "a", "e", "no tests"),
        result("tasks.x.f", "a", "f", "timeout"),
    ]
    listed = {
        Change("tasks.x.f", "a", "b"): "why",
        Change("tasks.x.f", "a", "f"): "why",
        Change("tasks.y.g", "", ""): "why",
    }
    unlisted, stale = compare(results, listed)
    assert unlisted == [results[1], results[3]]
    assert stale == [Change("tasks.x.f", "a", "f")]  # `tasks.y` was not part of the run
    assert compare([results[0]], {Change("tasks.x.f", "a", "b"): "why"}) == ([], [])


def test_the_list_says_why_and_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "survivors.toml"
    entry = '[[equivalent]]\nfunction = "tasks.x.f"\nline = "a"\nmutants = ["b", "c"]\nwhy = "{}"\n'
    path.write_text(entry.format("Both are 1."), encoding="utf-8")
    assert read_survivors(path) == dict.fromkeys(
        [Change("tasks.x.f", "a", "b"), Change("tasks.x.f", "a", "c")], "Both are 1."
    )
    path.write_text(entry.format(" "), encoding="utf-8")
    with pytest.raises(ValueError, match=r"no reason for tasks\.x\.f: a"):
        read_survivors(path)
    path.write_text(entry.format("x") * 2, encoding="utf-8")
    with pytest.raises(ValueError, match="listed twice"):
        read_survivors(path)


def test_lines_are_found_in_their_function() -> None:
    source = "class A:\n    def f(self):\n        return (\n            1\n        )\n\ndef f():\n    return 1\n"
    assert line_of(source, "f", "return 1") == 8
    assert line_of(source, "A.f", "return ( 1 )") == 3
    assert line_of(source, "A.f", "return 2") is None
    assert line_of(source, "g", "return 1") is None
