"""Work that conventions share is done once."""

from __future__ import annotations

from audit.literature.known_tasks import known_tasks as tasks
from tasks.convention import HYPOTHESIS, REFERENCE
from tasks.row import Row
from tasks.step import step
from tasks.step_cache import ChainCache


def test_a_text_goes_through_a_step_once() -> None:
    calls: list[str] = []

    def note(text: str) -> str:
        calls.append(text)
        return text.upper()

    shared, other = step("note", note), step("other", lambda text: text.strip())
    cache = ChainCache([Row("1", "a", "r"), Row("2", "a", "r"), Row("3", "b", "r"), Row("4", None, "r")])
    assert cache.values(HYPOTHESIS, (shared,)) == ["A", "A", "B", None]
    assert cache.values(HYPOTHESIS, (shared, other)) == ["A", "A", "B", None]
    assert calls == ["a", "b"]
    assert cache.computed[shared] == 2
    assert cache.values(REFERENCE, ()) == ["r"] * 4


def test_lists_are_mapped_item_by_item() -> None:
    split = step("split", lambda text: text.split("."), kind="split")
    words = step("words", lambda text: tuple(text.split()), kind="tokens")
    cache = ChainCache([Row("1", "a b.c", ["x y", "z"])])
    assert cache.values(HYPOTHESIS, (split, words)) == [[("a", "b"), ("c",)]]
    assert cache.values(REFERENCE, (words,)) == [[("x", "y"), ("z",)]]


def test_the_chains_of_a_task_share_their_beginnings() -> None:
    rows = [Row(str(i), f"Text number {i} <s>.</s>", f"TEXT NUMBER {i}") for i in range(20)]
    cache = ChainCache(rows)
    chains = [c for c in tasks()["asr-librispeech-clean"].conventions["wer"] if not c.unavailable()]
    for convention in chains:
        cache.values(convention.hypothesis_view, convention.hypothesis)
    steps = {step for c in chains for step in c.hypothesis}
    assert set(cache.computed) == steps
    applied = sum(len(c.hypothesis) for c in chains)
    assert sum(cache.computed.values()) < 20 * applied / 2
