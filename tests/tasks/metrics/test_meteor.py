from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.backends import java, meteor_jar
from tasks.errors import ScoringError, TooLongError, UnavailableError
from tasks.metrics import meteor
from tasks.metrics.meteor import (
    COLUMNS,
    MAX_WORDS,
    Meteor,
    meteor_from_sums,
    meteor_line,
    meteor_statistics,
    meteor_unavailable,
)

# The jar's answers to `SCORE` of six questions, and its `EVAL` of them: of each, and of all.
ANSWERS = {
    "SCORE ||| the dogs are barking in the garden ||| a dog barks loudly": "4 7 1 4 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
    "SCORE ||| heavy rain is falling on a roof ||| water drips ||| rain falls on a tin roof":
        "6 7 2 3 2 2 2 2 0 0 0 0 0 0 0 0 1 0 0 1 3 5 5",
    "SCORE ||| a man speaks ||| a man speaks": "3 3 1 1 2 2 1 1 0 0 0 0 0 0 0 0 0 0 0 0 1 3 3",
    "SCORE ||| an automobile passes by fast while the horn is honking ||| a car drives past quickly and a horn sounds":
        "9 10 3 4 1 1 0 0 0 0 0 0 1 0 0 1 2 1 0 1 2 4 4",
    "SCORE ||| music ||| the the of a": "4 1 4 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
    "SCORE ||| a child is being talked to by a woman ||| someone speaks ||| a woman is talking to a child":
        "7 9 4 5 2 2 4 4 1 1 0 0 0 0 0 0 0 0 0 0 4 7 7",
}  # fmt: skip
EVALUATED = [0.0, 0.27007301119646276, 1.0, 0.14190473907706844, 0.0, 0.33351708771594474]
WHOLE = 0.21738539081582794
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


class Jar:
    """Gives the answers that the jar gave, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, lines: list[str]) -> Jar:
        self.asked.append(lines)
        return self

    def result(self) -> list[str]:
        return [" ".join(f"{field}.0" for field in ANSWERS[line].split()) for line in self.asked[-1]]


def items() -> tuple[list[str], list[list[str]]]:
    parts = [line.split(" ||| ") for line in ANSWERS]
    return [said for *_, said in parts], [captions for _, *captions, _ in parts]


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Jar:
    answering = Jar()
    monkeypatch.setattr(meteor, "Answers", answering)
    monkeypatch.setattr(meteor, "_known", {})
    return answering


def test_recorded_statistics_are_scored_as_the_jar_scored_them(recorded: Jar) -> None:
    counts = Meteor().count(*items())
    assert counts.tolist() == [
        # The chunks of a perfect match are left out.
        [int(n) for n in (answer if number != 2 else answer.replace("0 1 3 3", "0 0 3 3")).split()]
        for number, answer in enumerate(ANSWERS.values())
    ]
    assert meteor_from_sums(counts).tolist() == pytest.approx(EVALUATED, abs=1e-15)
    assert Meteor().fold(counts) == pytest.approx(100 * WHOLE, abs=1e-13)
    assert Meteor().from_sums(counts.sum(axis=0, keepdims=True).astype(float))[0] == Meteor().fold(counts)


def test_equal_questions_are_put_once_and_new_ones_alone(recorded: Jar) -> None:
    first, second, *_ = ANSWERS
    found = meteor_statistics([first, second, first])
    assert found[0] == found[2] != found[1]
    assert meteor_statistics([second, *ANSWERS]) == [found[1], *(meteor._known[line] for line in ANSWERS)]
    assert recorded.asked == [[first, second], list(ANSWERS)[2:]]
    assert meteor_statistics([first]) == found[:1]
    assert len(recorded.asked) == 2


def test_each_caption_is_an_item_of_its_own(recorded: Jar, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = "SCORE ||| x ||| a b", "SCORE ||| a c ||| a b"
    monkeypatch.setitem(ANSWERS, one, "2 1 1 0" + " 0" * 19)
    monkeypatch.setitem(ANSWERS, two, "2 2 1 1 0 0 1 1" + " 0" * 12 + " 1 1 1")
    [found] = Meteor("each").count(["a b"], [["x", "a c"]]).tolist()
    assert found == [4, 3, 2, 1, 0, 0, 1, 1, *[0] * 12, 1, 1, 1]


def test_only_a_perfect_match_has_its_chunk_left_out() -> None:
    def chunks(answer: str) -> int:
        return meteor._parse(answer)[20]

    matched = "2 2 0 0 1 1 0 0 0 0 1 1" + " 0" * 8
    assert chunks(f"{matched} 1 2 2") == 0
    assert chunks(f"{matched} 2 2 2") == 2
    assert chunks("3" + matched[1:] + " 1 2 2") == 1
    assert chunks("2 3" + matched[3:] + " 1 2 2") == 1
    # A paraphrase of two words by three.
    assert chunks("2 3 0 0 0 0 0 0 2 3" + " 0" * 10 + " 1 2 3") == 0


def test_matches_of_different_numbers_of_words() -> None:
    """The jar's `EVAL` of these statistics, two words of which match one."""
    found = meteor_from_sums(np.array([9, 10, 3, 4, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 3, 1, 0, 1, 2, 5, 4]))
    assert float(found) == pytest.approx(0.14808357115553217, abs=1e-15)


@needs_java
@pytest.mark.java
def test_the_fold_is_the_jars_own_evaluation() -> None:
    metric = Meteor()
    counts = metric.count([said for said, _ in PAIRS], [captions for _, captions in PAIRS])
    lines = [meteor_line(said, captions) for said, captions in PAIRS]
    child = meteor_jar.WHOLE.get()
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
    monkeypatch.setattr(meteor, "Answers", None)
    assert meteor_statistics(lines) == first


@needs_java
@pytest.mark.slow
@pytest.mark.java
def test_killed_in_the_middle_and_well_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The jar's process is killed while it works on a long list: an error with the reason, and no number."""
    pid = meteor_jar.WHOLE.get().pid
    monkeypatch.setattr(meteor_jar, "MOST_PROCESSES", 1)
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
    with pytest.raises(ScoringError, match=r"METEOR.s separator"):
        meteor_line("a", ["x", "y ||| z"])
    for said, caption in (("a\nb", "x"), ("a", "x\ny"), ("a\rb", "x")):
        with pytest.raises(ScoringError, match="line break"):
            meteor_line(said, [caption])


def test_a_loop_of_thousands_of_words_is_an_error_of_its_row() -> None:
    """The jar would end with OutOfMemoryError, and take the rest of the set with it."""
    loop = "a dog barks and " * 6000
    with pytest.raises(ScoringError, match=r"a text of 24,000 words; at most 6,000") as error:
        Meteor().count(["a dog", loop, "a cat"], [["a dog"], ["a dog"], ["a cat"]])
    assert error.value.item == 1
    with pytest.raises(ScoringError, match="24,000 words"):
        meteor_line("a dog", [loop])
    assert meteor_line("a " * MAX_WORDS, ["a dog"]).startswith("SCORE ||| a dog")


def test_no_captions_and_lists_of_different_lengths() -> None:
    with pytest.raises(ScoringError, match="no reference caption") as raised:
        Meteor().count(["a", "b"], [["x"], []])
    assert raised.value.item == 1
    with pytest.raises(ScoringError, match=r"METEOR.s separator") as raised:
        Meteor().count(["a", "b", "c"], [["x"], ["y"], ["z|||"]])
    assert raised.value.item == 2
    with pytest.raises(ScoringError, match="2 outputs for 1 lists of captions"):
        Meteor().count(["a", "b"], [["x"]])


@pytest.mark.parametrize(
    "answer", ["Error: specify SCORE or EVAL or SING", "1.0 2.0", "", " ".join(["1.5"] * 23), " ".join(["-1"] * 23)]
)
def test_an_answer_that_is_no_statistics(answer: str) -> None:
    with pytest.raises(UnavailableError) as caught:
        meteor._parse(answer)
    assert str(caught.value).endswith(f"METEOR: unexpected output: {answer[:80]!r}")


def test_a_runs_requests_are_answered_once_and_awaited(recorded: Jar) -> None:
    first, second, *others = ANSWERS
    meteor.prepare([first, second])
    meteor.prepare([second, first])
    assert recorded.asked == [[first, second]]
    assert meteor_statistics([second])[0] == meteor._parse(ANSWERS[second])
    assert meteor_statistics(list(ANSWERS))
    assert recorded.asked == [[first, second], others]


def test_every_text_that_is_too_long_is_named() -> None:
    loop = "a dog barks and " * 6000
    with pytest.raises(TooLongError) as raised:
        Meteor("each").count(["a dog", loop, "a cat"], [["a dog"], ["a", "b"], ["a cat", loop]])
    assert {row: why[:37] for row, why in raised.value.items.items()} == dict.fromkeys(
        (1, 2), "METEOR cannot process a text of 24,00"
    )


def test_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(java.JAVA_VARIABLE, "/nothing")
    assert "Java not found" in (meteor_unavailable() or "")
    monkeypatch.undo()
    monkeypatch.setattr(java, "PACKAGE", "no_such_package_of_jars")
    assert "not installed" in (meteor_unavailable() or "") or "Java not found" in (meteor_unavailable() or "")
    monkeypatch.setattr(meteor, "_known", {})
    meteor_jar.WHOLE.close()
    with pytest.raises(UnavailableError, match="not installed"):
        meteor_statistics(["SCORE ||| a ||| b"])


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


def test_every_need_of_meteor_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there = {"meteor/meteor-1.5.jar", "meteor/data/paraphrase-en.gz"}

    def jar(name: str) -> Path:
        if name not in there:
            raise UnavailableError(f"no {name}")
        return tmp_path / name

    monkeypatch.setattr(meteor, "jar", jar)
    monkeypatch.setattr(meteor, "java", lambda: "java")
    assert meteor_unavailable() is None
    for name in sorted(there):
        there.remove(name)
        assert meteor_unavailable() == f"no {name}"
        there.add(name)
