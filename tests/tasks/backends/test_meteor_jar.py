"""METEOR's processes: how many there are, what each is asked, and that nothing of them is left."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pytest

from tasks.backends import meteor_jar
from tasks.backends.meteor_jar import Answers, shares, texts
from tasks.errors import UnavailableError


class Child:
    """Stands for a process: answers a line with its first word and the table's size."""

    started: list[Child]
    gate = threading.Event()

    def __init__(self, table: Path | None = None) -> None:
        self.table, self.closed, self.lines = table, False, list[str]()
        self.started.append(self)

    def ask(self, lines: list[str]) -> list[str]:
        self.lines += lines
        if "fail" in " ".join(lines):
            raise UnavailableError("METEOR: Java ended")
        self.gate.wait()
        return [line.split()[-1] for line in lines]

    def close(self) -> None:
        self.closed = True


class Whole:
    """Stands for the process with the whole table."""

    def __init__(self) -> None:
        self.child: Child | None = None

    @property
    def running(self) -> bool:
        return self.child is not None

    def get(self) -> Child:
        self.child = self.child or Child()
        return self.child


@pytest.fixture(autouse=True)
def children(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Child]:
    Child.started, Child.gate = [], threading.Event()
    Child.gate.set()
    monkeypatch.setattr(meteor_jar, "_start", Child)
    monkeypatch.setattr(meteor_jar, "WHOLE", Whole())
    monkeypatch.setattr(meteor_jar, "_started", 0)
    monkeypatch.setattr(meteor_jar, "processors", lambda: 2)
    monkeypatch.setattr(meteor_jar, "jar", Path)
    monkeypatch.setattr(meteor_jar, "digest", lambda source: source)
    monkeypatch.setattr(meteor_jar, "cut", lambda table, identity, outputs, captions, file: True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return Child.started


def line(words: int, name: str = "x", captions: int = 1) -> str:
    return " ||| ".join(["SCORE", *["a " * words] * captions, "b " * (words - 1) + name])


def test_an_output_and_its_captions() -> None:
    assert texts("SCORE ||| a dog ||| the dog ||| hound") == (" hound", [" a dog ", " the dog "])


def test_more_processes_only_where_they_pay() -> None:
    assert shares([line(10)] * 2000, 2) == [2000]
    assert shares([line(10)] * 6000, 1) == [6000]
    assert shares([line(10)] * 6000, 2) == [3000, 6000]
    assert shares([line(10, captions=2)] * 3000, 4) == [1500, 3000]
    assert shares([line(10)] * 11_000, 9) == [2750, 5500, 8250, 11_000]
    # Equal work, not equal numbers.
    assert shares([line(100)] * 50 + [line(10)] * 5000, 2) == [50, 5050]
    # One long text needs memory for two.
    assert shares([line(1000)] * 6, 2) == [6]
    assert shares([line(999)] * 6, 2) == [3, 6]
    assert shares(["SCORE ||| ||| "], 2) == [1]


def test_answers_are_in_order_and_nothing_is_left(children: list[Child], tmp_path: Path) -> None:
    asked = [line(10, str(number)) for number in range(6000)]
    assert Answers(asked).result() == [str(number) for number in range(6000)]
    assert [len(child.lines) for child in children] == [3000, 3000]
    assert len({child.table for child in children}) == 1
    assert all(child.closed for child in children)
    assert list(tmp_path.iterdir()) == []


def test_the_program_goes_on_while_they_work(children: list[Child]) -> None:
    Child.gate.clear()
    answers = Answers([line(3, "later")])
    assert not children[0].closed
    Child.gate.set()
    assert answers.result() == ["later"]


def test_a_process_that_fails_takes_no_other_with_it(children: list[Child], tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="Java ended"):
        Answers([line(10)] * 3000 + [line(10, "fail")] + [line(10)] * 3000).result()
    assert [child.closed for child in children] == [True, True]
    assert list(tmp_path.iterdir()) == []


def test_the_whole_table_where_no_part_suffices(children: list[Child], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meteor_jar, "cut", lambda *_: False)
    assert Answers([line(10, "y")] * 6000).result() == ["y"] * 6000
    assert [child.table for child in children] == [None]
    assert not children[0].closed


def test_the_whole_table_where_the_jar_cannot_name_the_part(
    children: list[Child], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("a#b", "a%20b", "caf\u00e9"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
        assert Answers([line(2, "y")]).result() == ["y"]
        assert list((tmp_path / name).iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert Answers([line(2, "y")]).result() == ["y"]
    assert [child.table for child in children] == [None]


def test_who_asks_little_by_little_gets_one_process_in_the_end(children: list[Child]) -> None:
    for number in range(12):
        assert Answers([line(2, str(number))]).result() == [str(number)]
    assert [child.table is None for child in children] == [False] * 8 + [True]
    # Much work is still divided.
    Answers([line(10)] * 6000).result()
    assert [child.table is None for child in children[9:]] == [False, False]


def test_nothing_is_left_if_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(table: Path | None = None) -> Child:
        raise UnavailableError("Java not found")

    monkeypatch.setattr(meteor_jar, "_start", missing)
    with pytest.raises(UnavailableError, match="Java not found"):
        Answers([line(2)])
    assert list(tmp_path.iterdir()) == []
