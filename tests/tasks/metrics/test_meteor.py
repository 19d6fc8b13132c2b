from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.backends import java
from tasks.errors import ScoringError, UnavailableError
from tasks.metrics import meteor
from tasks.metrics.meteor import COLUMNS, Meteor, meteor_from_sums, meteor_line, meteor_statistics, meteor_unavailable

needs_java = pytest.mark.skipif(meteor_unavailable() is not None, reason=str(meteor_unavailable()))
PAIRS = [
    ("the dogs are barking at night", ["a dog was running quickly in the large garden"]),
    ("a big hound runs in the garden fast", ["a dog was running quickly in the large garden", "a hound runs"]),
    ("a dog", ["a dog"]),
    ("a dog", ["", "a dog barks"]),
    ("", ["a dog barks"]),
    ("a man speaks as a vehicle passes by", ["a man is speaking while a car passes by", "wind blows"]),
    ("rain falls ||| on a  roof", ["rain is falling on a roof", "heavy rain"]),
]


@needs_java
@pytest.mark.java
def test_the_fold_is_the_jars_own_evaluation() -> None:
    metric = Meteor()
    counts = metric.count([said for said, _ in PAIRS], [captions for _, captions in PAIRS])
    lines = [meteor_line(said, captions) for said, captions in PAIRS]
    child = meteor.SCORER.get()
    question = " ||| ".join(["EVAL", *child.ask(lines)])
    *scores, whole = map(float, child.ask([question], answers=len(lines) + 1))
    assert meteor_from_sums(counts.astype(float)) == pytest.approx(scores, abs=1e-12)
    assert metric.fold(counts) == pytest.approx(whole * 100, abs=1e-10)


@needs_java
@pytest.mark.java
def test_one_caption_an_item_sums_the_pairs() -> None:
    said, captions = "a man speaks", ["a man is speaking", "wind blows", "a man speaks"]
    each = Meteor("each").count([said], [captions])
    alone = Meteor().count([said] * 3, [[caption] for caption in captions])
    assert each.tolist() == [alone.sum(axis=0).tolist()]
    best = Meteor().count([said], [captions])
    assert Meteor().fold(best) == pytest.approx(100)
    assert (Meteor().fold(each) or 0) < 100


@needs_java
@pytest.mark.java
def test_equal_questions_are_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [meteor_line("a cow in a field", ["a cow"])] * 3
    first = meteor_statistics(lines)
    monkeypatch.setattr(meteor, "SCORER", None)
    assert meteor_statistics(lines) == first


@needs_java
@pytest.mark.slow
@pytest.mark.java
def test_killed_in_the_middle_and_well_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The jar's process is killed while it works on a long list: an error with the reason, and no number."""
    pid = meteor.SCORER.get().pid
    monkeypatch.setattr(meteor, "_known", {})
    texts = [f"a dog number {i} is barking at the {i}th man in the garden of a house" for i in range(20000)]
    timer = threading.Timer(0.5, os.kill, (pid, signal.SIGKILL))
    timer.start()
    with pytest.raises(UnavailableError, match=r"METEOR: Java was killed \(signal 9\)"):
        Meteor().count(texts, [[text] for text in texts])
    timer.join()
    assert not os.path.exists(f"/proc/{pid}")  # noqa: PTH110
    assert meteor._known == {}
    assert Meteor().fold(Meteor().count(["a dog"], [["a dog"]])) == 100


def test_separators_and_line_ends() -> None:
    assert meteor_line("a ||| b   c", ["x", "y"]) == "SCORE ||| x ||| y ||| a b  c"
    with pytest.raises(ScoringError, match="METEOR's separator"):
        meteor_line("a", ["x", "y ||| z"])
    for said, caption in (("a\nb", "x"), ("a", "x\ny"), ("a\rb", "x")):
        with pytest.raises(ScoringError, match="line break"):
            meteor_line(said, [caption])


def test_no_captions_and_lists_of_different_lengths() -> None:
    with pytest.raises(ScoringError, match="no reference caption") as raised:
        Meteor().count(["a", "b"], [["x"], []])
    assert raised.value.item == 1
    with pytest.raises(ScoringError, match="METEOR's separator") as raised:
        Meteor().count(["a", "b", "c"], [["x"], ["y"], ["z|||"]])
    assert raised.value.item == 2
    with pytest.raises(ScoringError, match="2 outputs for 1 lists of captions"):
        Meteor().count(["a", "b"], [["x"]])


@pytest.mark.parametrize(
    "answer", ["Error: specify SCORE or EVAL or SING", "1.0 2.0", "", " ".join(["1.5"] * 23), " ".join(["-1"] * 23)]
)
def test_an_answer_that_is_no_statistics(answer: str) -> None:
    with pytest.raises(UnavailableError, match="METEOR: unexpected output"):
        meteor._parse(answer)


def test_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(java.JAVA_VARIABLE, "/nothing")
    assert "Java not found" in (meteor_unavailable() or "")
    monkeypatch.undo()
    monkeypatch.setattr(java, "PACKAGE", "no_such_package_of_jars")
    assert "not installed" in (meteor_unavailable() or "") or "Java not found" in (meteor_unavailable() or "")
    monkeypatch.setattr(meteor, "_known", {})
    with pytest.raises(UnavailableError, match="not installed"):
        meteor._start()


def statistics(rows: int) -> st.SearchStrategy[list[list[int]]]:
    return st.lists(st.lists(st.integers(0, 50), min_size=23, max_size=23), min_size=rows, max_size=rows)


@given(statistics(4))
def test_replicates_agree_with_the_fold(values: list[list[int]]) -> None:
    counts = np.array(values, dtype=np.int64)
    drawn = np.array([[1.0, 1, 1, 1], [2, 0, 1, 1]])
    found = Meteor().replicate(counts, drawn)
    assert found[0] == pytest.approx(Meteor().fold(counts), nan_ok=True)
    assert found[1] == pytest.approx(Meteor().fold(counts[[0, 0, 2, 3]]), nan_ok=True)
    assert len(COLUMNS) == 23
