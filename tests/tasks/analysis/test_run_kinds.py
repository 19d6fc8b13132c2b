from __future__ import annotations

from collections import Counter

from audit.literature.known_tasks import known_tasks
from tasks.analysis.run_kinds import IDENTICAL, OTHER, faults, kinds_between
from tasks.row import Row

TASK = known_tasks()["asr-librispeech-clean"]
PHONES = "HH IY1 HH OW1 P T DH EH1 R"
LOOP = "and so on and so on and so on and so on and so on"


def rows(*texts: str | None) -> list[Row]:
    return [Row(f"{n}", text, "he hoped there would be stew") for n, text in enumerate(texts)]


def test_a_partition_by_the_fault_that_one_run_has() -> None:
    first = rows("he hoped", PHONES, "he hoped", PHONES, PHONES, LOOP, None, "he hoped", PHONES)
    second = rows("he hoped", "he hoped", LOOP, f"{PHONES} AH0", LOOP, "he", "he", None, PHONES)
    same = [a.hypothesis == b.hypothesis for a, b in zip(first, second, strict=True)]
    found = kinds_between(first, second, same, TASK)
    assert [(kind.id, kind.where) for kind in found] == [
        ("identical", ""),
        ("phones", "first"),
        ("runaway", "second"),
        ("phones", "both"),
        ("phones", "first"),  # and a loop in the second: the first fault in order names the row
        ("runaway", "first"),
        ("failed", "first"),
        ("failed", "second"),
        ("identical", ""),
    ]
    assert found[1].words == "phones instead of words, in the first run alone"
    assert kinds_between(rows("a"), rows("b"), [False], TASK) == [OTHER]
    assert kinds_between(rows("a"), rows("A"), [True], TASK) == [IDENTICAL]


def test_unfinished_only_where_end_tokens_were_stored() -> None:
    stripped = faults(rows("he hoped", "he"), TASK)
    stored = faults(rows("he hoped</s>", "he"), TASK)
    assert stripped == [frozenset(), frozenset()]
    assert stored == [frozenset(), frozenset({"unfinished"})]


def test_every_kind_is_counted_once() -> None:
    first, second = rows(PHONES, LOOP, "a", "b"), rows("a", LOOP, "b", "b")
    same = [a.hypothesis == b.hypothesis for a, b in zip(first, second, strict=True)]
    assert sum(Counter(kinds_between(first, second, same, TASK)).values()) == 4
